"""Kaiser filters against scipy, and the leaky ReLU between two of them against scipy and explicit loops."""

import math

import numpy as np
import pytest
import torch
from scipy import signal
from torch import Tensor

from frugan.ops.kaiser import Resampling, downsample, filtered_lrelu, kaiser_beta, lowpass, upsample


@pytest.mark.parametrize("taps", [6, 12, 13, 24])
@pytest.mark.parametrize(("cutoff", "width", "rate"), [(2.0, 12.0, 64.0), (16.0, 8.5, 64.0), (100.0, 300.0, 512.0)])
def test_filters_are_those_of_scipy(taps: int, cutoff: float, width: float, rate: float) -> None:
    found = lowpass(taps, cutoff, width, rate)
    assert found.dtype == np.float64
    assert np.abs(found - signal.firwin(taps, cutoff, width=width, fs=rate)).max() < 1e-15
    assert math.isclose(
        kaiser_beta(taps, width / rate * 2), signal.kaiser_beta(signal.kaiser_atten(taps, width / rate * 2))
    )


def test_filters_pass_what_is_slow_and_stop_what_is_fast() -> None:
    frequencies, amplitudes = signal.freqz(lowpass(24, 8.0, 8.0, 64.0), fs=64.0)
    amplitudes = np.abs(amplitudes)
    assert np.abs(amplitudes[frequencies < 4] - 1).max() < 0.01
    assert amplitudes[frequencies > 12].max() < 0.01
    assert abs(np.interp(8.0, frequencies, amplitudes) - 0.5) < 0.01
    assert lowpass(1, 8.0, 8.0, 64.0).tolist() == [1.0]


def example(up: int, down: int, before: tuple[int, int], after: tuple[int, int]) -> tuple[Tensor, Resampling]:
    random = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 9, 7, generator=random, dtype=torch.float64)
    # Taps without symmetry, so that a filter that lies the wrong way round is seen.
    drawn = [torch.randn(6 * rate, generator=random, dtype=torch.float64) for rate in (up, down)]
    taps = [values if rate > 1 else torch.ones(1).double() for values, rate in zip(drawn, (up, down), strict=True)]
    return x, Resampling(up, down, taps[0], taps[1], before, after)


@pytest.mark.parametrize(
    ("up", "down", "before", "after"),
    [(2, 2, (9, 9), (8, 8)), (4, 2, (3, -2), (11, 30)), (1, 1, (0, 0), (0, 0)), (2, 4, (20, 21), (22, 19))],
)
def test_the_filtered_leaky_relu_is_what_its_steps_say(
    up: int, down: int, before: tuple[int, int], after: tuple[int, int]
) -> None:
    x, how = example(up, down, before, after)
    found = filtered_lrelu(x, how, gain=math.sqrt(2), slope=0.2, clamp=1.5).numpy()
    for image, plane in np.ndindex(2, 3):
        dense = np.zeros((9 * up, 7 * up))
        dense[::up, ::up] = x[image, plane].numpy()
        for axis in range(2):
            dense = _ends(dense, axis, before[axis], after[axis])
        kernel = np.outer(how.up_taps, how.up_taps) * up**2
        dense = signal.convolve2d(dense, kernel, mode="valid")
        bent = np.clip(math.sqrt(2) * np.where(dense > 0, dense, 0.2 * dense), -1.5, 1.5)
        expected = signal.convolve2d(bent, np.outer(how.down_taps, how.down_taps), mode="valid")[::down, ::down]
        assert found[image, plane].shape == expected.shape
        assert np.abs(found[image, plane] - expected).max() < 1e-12


def _ends(plane: np.ndarray, axis: int, before: int, after: int) -> np.ndarray:
    plane = np.moveaxis(plane, axis, 0)
    plane = plane[max(-before, 0) : len(plane) - max(-after, 0)]
    padding = [(max(before, 0), max(after, 0)), (0, 0)]
    return np.moveaxis(np.pad(plane, padding), 0, axis)


def test_resampling_equals_upfirdn() -> None:
    x, how = example(2, 2, (0, 0), (0, 0))
    line = x[:, :, :, :1]
    reach = len(how.up_taps) - 1
    up = upsample(line, how.up_taps, 2, (reach, reach), (reach - 1, reach - 1))
    expected = signal.upfirdn(2 * how.up_taps.numpy(), line[0, 0, :, 0].numpy(), up=2)
    # Across, one sample meets each tap by itself.
    assert np.abs(up[0, 0].numpy() - np.outer(expected, 2 * how.up_taps)).max() < 1e-12
    down = downsample(up, how.down_taps, 2)[0, 0].numpy()
    for column in range(down.shape[1]):
        across = up[0, 0].numpy()[:, 2 * column : 2 * column + 12] @ how.down_taps.numpy()[::-1]
        filtered = signal.upfirdn(how.down_taps.numpy(), across)[11:-11:2]
        assert np.abs(down[:, column] - filtered).max() < 1e-12


def test_it_can_be_differentiated_twice() -> None:
    x, how = example(2, 2, (9, 9), (8, 8))
    x = x[:1, :1, :4, :4].requires_grad_()
    function = lambda t: filtered_lrelu(t, how, 1.4, 0.2, 256.0).pow(3)  # noqa: E731
    assert torch.autograd.gradcheck(function, x)
    assert torch.autograd.gradgradcheck(function, x)
