"""Low-pass filters with a Kaiser window, and a leaky ReLU between two of them (Karras et al. 2021, appendix D).

A non-linearity makes frequencies that the samples cannot carry. Here it acts on denser samples, and a filter removes
what is too fast before the dense samples are dropped. Outside of the picture is zero.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def lowpass(taps: int, cutoff: float, width: float, rate: float) -> np.ndarray:
    """A windowed sinc of `taps` values, in float64; their sum is 1. One tap is the identity.

    Args:
        cutoff: frequency at which the amplitude is one half.
        width: of the transition from what passes to what does not.
        rate: samples in the unit of the frequencies.
    """
    if taps == 1:
        return np.ones(1)
    relative, nyquist = np.arange(taps) - (taps - 1) / 2, rate / 2
    values = np.sinc(cutoff / nyquist * relative) * np.kaiser(taps, kaiser_beta(taps, width / nyquist))
    return np.asarray(values / values.sum())


def kaiser_beta(taps: int, width: float) -> float:
    """Shape of the window whose filter passes from 1 to 0 within `width`, in units of the Nyquist frequency.

    The attenuation in decibels follows from both, and the shape from it, by Kaiser's empirical formulas.
    """
    attenuation = 2.285 * math.pi * (taps - 1) * width + 7.95
    if attenuation > 50:
        return 0.1102 * (attenuation - 8.7)
    if attenuation > 21:
        excess = attenuation - 21
        return float(0.5842 * excess**0.4 + 0.07886 * excess)
    return 0.0


class Resampling(NamedTuple):
    """How samples become denser by `up`, and then sparser by `down`.

    Attributes:
        up_taps, down_taps: filters (T,) of the dense samples.
        before, after: dense samples that are added at each end of a side, or dropped where negative: (vertical,
            horizontal).
    """

    up: int
    down: int
    up_taps: Tensor
    down_taps: Tensor
    before: tuple[int, int]
    after: tuple[int, int]


def filtered_lrelu(x: Tensor, how: Resampling, gain: float, slope: float, clamp: float) -> Tensor:
    """(N, C, H, W) -> (N, C, H', W'): denser by `up`, leaky ReLU times `gain`, clamped, filtered, sparser by `down`."""
    # Leaky ReLU commutes with the gain, which costs less while there are few samples.
    x = F.leaky_relu(upsample(gain * x, how.up_taps, how.up, how.before, how.after), slope)
    return downsample(F.hardtanh(x, -clamp, clamp), how.down_taps, how.down)


def upsample(x: Tensor, taps: Tensor, up: int, before: tuple[int, int], after: tuple[int, int]) -> Tensor:
    """Put up - 1 zeros behind each sample, add or drop samples at the ends, filter where the filter fits.

    One axis after the other: H samples become H up + before + after - taps + 1.
    """
    for axis in (2, 3):
        x = _upsampled(x, taps, up, axis, before[axis - 2], after[axis - 2])
    return x


def downsample(x: Tensor, taps: Tensor, down: int) -> Tensor:
    """Filter where the filter fits, and keep every `down`-th sample from the first."""
    if len(taps) == 1 and down == 1:  # the identity
        return x
    for axis in (2, 3):
        kernel, stride = _along(axis, taps.flip(0), down)
        x = F.conv2d(x, kernel.expand(x.shape[1], -1, -1, -1), stride=stride, groups=x.shape[1])
    return x


def _upsampled(x: Tensor, taps: Tensor, up: int, axis: int, before: int, after: int) -> Tensor:
    if len(taps) > 1 or up > 1:
        # The transposed convolution puts out every sample that any tap reaches; from it, or to it, we cut or pad.
        kernel, stride = _along(axis, up * taps, up)
        x = F.conv_transpose2d(x, kernel.expand(x.shape[1], -1, -1, -1), stride=stride, groups=x.shape[1])
    reach = len(taps) - 1
    low, high = before - reach, after - reach + up - 1
    return F.pad(x, (0, 0, low, high) if axis == 2 else (low, high, 0, 0))


def _along(axis: int, taps: Tensor, step: int) -> tuple[Tensor, tuple[int, int]]:
    """The taps as a kernel (1, 1, T, 1) or (1, 1, 1, T), and a stride along the same axis."""
    return (taps[None, None, :, None], (step, 1)) if axis == 2 else (taps[None, None, None], (1, step))


def as_taps(values: np.ndarray) -> Tensor:
    """A designed filter as a tensor of torch's usual precision."""
    return torch.from_numpy(values).to(torch.get_default_dtype())
