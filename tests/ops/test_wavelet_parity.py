"""The transform against PyWavelets, an independent implementation."""

import numpy as np
import pytest
import torch
from torch import Tensor

from frugan.ops import filter_bank
from frugan.ops.wavelet import dwt2, idwt2, lowpass2, lowpass_range, wavedec2, waverec2

pywt = pytest.importorskip("pywt")

WAVELETS = [
    "bior2.2", "haar", "db1", "db2", "db5", "sym4", "coif2", "bior1.3", "bior2.4", "bior3.3", "bior4.4", "bior6.8",
    "rbio2.2", "rbio3.1", "rbio5.5",
]  # fmt: skip
MIRRORED = ["bior2.2", "bior2.4", "bior2.6", "bior2.8", "bior4.4", "bior6.8", "rbio2.2", "rbio4.4"]


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def oracle(x: Tensor, wavelet: str, mode: str) -> list[Tensor]:
    TL, details = pywt.dwt2(x.numpy(), wavelet, mode=mode)
    return [torch.from_numpy(np.ascontiguousarray(band)) for band in (TL, *details)]


def assert_equal(ours: Tensor, theirs: Tensor, atol: float = 1e-12) -> None:
    assert ours.shape == theirs.shape
    assert torch.allclose(ours, theirs, rtol=0, atol=atol)


@pytest.mark.parametrize("wavelet", WAVELETS)
@pytest.mark.parametrize("size", [(16, 24), (6, 2), (64, 38)])
def test_periodization(wavelet: str, size: tuple[int, int]) -> None:
    x = random(2, 3, *size)
    TL, details = dwt2(x, wavelet, "periodization")
    for ours, theirs in zip((TL, *details), oracle(x, wavelet, "periodization"), strict=True):
        assert_equal(ours, theirs)


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_inverse_periodization(wavelet: str) -> None:
    TL, TR, BL, BR = (random(2, 3, 8, 12, seed=seed) for seed in range(4))
    theirs = pywt.idwt2((TL.numpy(), (TR.numpy(), BL.numpy(), BR.numpy())), wavelet, mode="periodization")
    assert_equal(idwt2(TL, (TR, BL, BR), wavelet, "periodization"), torch.from_numpy(theirs), atol=1e-10)


def test_two_levels_in_float32() -> None:
    # The oracle runs in float64: its own float32 result is off by more than 1e-6.
    x = random(2, 3, 64, 96).float()
    TL, details = wavedec2(x, 2, "bior2.2", "periodization")
    expected = pywt.wavedec2(x.double().numpy(), "bior2.2", mode="periodization", level=2)
    assert_equal(TL.double(), torch.from_numpy(expected[0]), atol=1e-6)
    for level, theirs in zip(details, expected[1:], strict=True):
        for ours, band in zip(level, theirs, strict=True):
            assert_equal(ours.double(), torch.from_numpy(band), atol=1e-6)
    assert_equal(waverec2(TL, details, "bior2.2", "periodization"), x, atol=1e-6)


@pytest.mark.parametrize("size", [(16, 24), (4, 6), (34, 2)])
@pytest.mark.parametrize(("boundary", "mode"), [("reflect", "reflect"), ("zero", "zero")])
def test_expansive_modes_without_their_outermost_coefficients(boundary: str, mode: str, size: tuple[int, int]) -> None:
    x = random(2, 3, *size)
    TL, details = dwt2(x, "bior2.2", boundary)
    for ours, theirs in zip((TL, *details), oracle(x, "bior2.2", mode), strict=True):
        assert_equal(ours, theirs[..., 1:-1, 1:-1])


@pytest.mark.parametrize("wavelet", MIRRORED)
def test_reflect_of_other_symmetric_wavelets(wavelet: str) -> None:
    x = random(1, 2, 20, 32)
    TL, details = dwt2(x, wavelet, "reflect")
    cut = (pywt.Wavelet(wavelet).dec_len // 2 - 1) // 2
    for ours, theirs in zip((TL, *details), oracle(x, wavelet, "reflect"), strict=True):
        assert_equal(ours, theirs[..., cut : cut + 10, cut : cut + 16])
    assert_equal(idwt2(TL, details, wavelet, "reflect"), x)


@pytest.mark.parametrize(
    ("wavelet", "boundary"), [("bior2.2", "reflect"), ("bior2.2", "periodization"), ("haar", "periodization")]
)
def test_lifting_equals_the_filter_bank(wavelet: str, boundary: str) -> None:
    x = random(2, 3, 16, 24)
    TL, details = dwt2(x, wavelet, boundary)
    for ours, theirs in zip((TL, *details), filter_bank.split(x, wavelet, boundary), strict=True):
        assert_equal(ours, theirs)
    assert_equal(filter_bank.merge(TL, details, wavelet, boundary), x)
    assert_equal(filter_bank.merge(TL, None, wavelet, boundary), idwt2(TL, None, wavelet, boundary))
    assert_equal(filter_bank.split(x, wavelet, boundary, low_only=True)[0], TL)


@pytest.mark.parametrize("wavelet", pywt.wavelist(kind="discrete"))
def test_every_wavelet_comes_back(wavelet: str) -> None:
    x = random(1, 1, 24, 16)
    assert_equal(waverec2(*wavedec2(x, 3, wavelet, "periodization"), wavelet, "periodization"), x, atol=1e-10)


@pytest.mark.parametrize(("wavelet", "boundary"), [("db2", "periodization"), ("bior4.4", "reflect")])
def test_derivatives_of_the_filter_bank(wavelet: str, boundary: str) -> None:
    x = random(1, 1, 4, 8).requires_grad_()

    def there_and_half_back(x: Tensor) -> tuple[Tensor, Tensor]:
        TL, (TR, BL, BR) = dwt2(x, wavelet, boundary)
        return idwt2(TL, (BL, TR, BR), wavelet, boundary), idwt2(TL, None, wavelet, boundary)

    assert torch.autograd.gradcheck(there_and_half_back, x)
    assert torch.autograd.gradgradcheck(there_and_half_back, x)


@pytest.mark.parametrize("wavelet", ["db2", "bior4.4"])
def test_range_is_that_of_the_kernel(wavelet: str) -> None:
    x = torch.zeros(1, 1, 64, 64, dtype=torch.float64, requires_grad=True)
    (kernel,) = torch.autograd.grad(lowpass2(x, 2, wavelet, "periodization")[0, 0, 8, 8], x)
    expected = kernel.clamp(max=0).sum().item(), kernel.clamp(min=0).sum().item()
    assert lowpass_range(2, wavelet) == pytest.approx(expected)


def test_autocast_does_not_reach_the_matrices() -> None:
    x = random(1, 1, 8, 8).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        TL, details = dwt2(x, "db2", "periodization")
        back = idwt2(TL, details, "db2", "periodization")
    assert TL.dtype == torch.float32
    assert_equal(back, x, atol=1e-6)


@pytest.mark.parametrize(
    ("wavelet", "boundary", "message"),
    [
        ("db4", "reflect", "wavelet='db4' has no exact boundary='reflect'.*use boundary='periodization'"),
        ("bior3.3", "reflect", "symmetric filters of odd length"),
        ("bior4.4", "zero", "'zero' exists for bior2.2 only"),
        ("bior9.9", "periodization", "wavelet='bior9.9' is unknown; pywt.wavelist"),
    ],
)
def test_messages(wavelet: str, boundary: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dwt2(random(1, 1, 8, 8), wavelet, boundary)
