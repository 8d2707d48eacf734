"""The transform against itself and against closed forms; no other library is needed here."""

import sys
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from frugan.ops.wavelet import dwt2, idwt2, ilowpass2, ipacket2, lowpass2, lowpass_range, packet2, wavedec2, waverec2

EXACT = [("bior2.2", "reflect"), ("bior2.2", "periodization"), ("haar", "reflect"), ("haar", "periodization")]
ALL = [*EXACT, ("bior2.2", "zero")]


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def flat_bands(x: Tensor, levels: int, wavelet: str, boundary: str) -> tuple[Tensor, ...]:
    TL, details = wavedec2(x, levels, wavelet, boundary)
    return (TL, *(band for level in details for band in level))


def unflat_bands(bands: tuple[Tensor, ...], wavelet: str, boundary: str) -> Tensor:
    TL, *rest = bands
    return waverec2(TL, [tuple(rest[i : i + 3]) for i in range(0, len(rest), 3)], wavelet, boundary)


class TestRoundTrip:
    @settings(deadline=None, max_examples=60, derandomize=True)
    @given(
        levels=st.integers(1, 4),
        rows=st.integers(1, 5),
        columns=st.integers(1, 5),
        bank=st.sampled_from(EXACT),
        packets=st.booleans(),
        seed=st.integers(0, 99),
    )
    def test_every_size_comes_back(
        self, levels: int, rows: int, columns: int, bank: tuple[str, str], packets: bool, seed: int
    ) -> None:
        x = random(2, 3, rows * 2**levels, columns * 2**levels, seed=seed)
        if packets:
            back = ipacket2(packet2(x, levels, *bank), levels, *bank)
        else:
            back = waverec2(*wavedec2(x, levels, *bank), *bank)
        assert torch.allclose(back, x, rtol=0, atol=1e-13)

    def test_float32_to_rounding(self) -> None:
        x = random(2, 3, 64, 96, dtype=torch.float32)
        assert torch.allclose(waverec2(*wavedec2(x, 4)), x, rtol=0, atol=3e-6)

    @pytest.mark.parametrize(("wavelet", "boundary"), ALL)
    def test_low_pass_path_is_the_whole_path_without_details(self, wavelet: str, boundary: str) -> None:
        x = random(2, 3, 16, 24)
        TL, details = wavedec2(x, 2, wavelet, boundary)
        zeros = [tuple(torch.zeros_like(band) for band in level) for level in details]
        assert torch.allclose(lowpass2(x, 2, wavelet, boundary), TL)
        assert torch.allclose(ilowpass2(TL, 2, wavelet, boundary), waverec2(TL, zeros, wavelet, boundary))
        assert torch.allclose(idwt2(TL, None, wavelet, boundary), idwt2(TL, zeros[0], wavelet, boundary))

    def test_more_planes_than_fit_the_cache_at_once(self) -> None:
        x = random(20, 3, 128, 128, dtype=torch.float32)
        TL, details = dwt2(x)
        for i in (0, 7, 19):
            assert torch.equal(TL[i : i + 1], dwt2(x[i : i + 1])[0])
        assert torch.allclose(idwt2(TL, details), x, atol=1e-5)

    def test_no_images_give_no_bands(self) -> None:
        assert lowpass2(torch.zeros(0, 3, 8, 8), 2).shape == (0, 3, 2, 2)


class TestMeaning:
    @pytest.mark.parametrize(("wavelet", "boundary"), EXACT)
    def test_constant_gains_two_a_level_and_has_no_details(self, wavelet: str, boundary: str) -> None:
        TL, *details = flat_bands(torch.ones(1, 1, 16, 32), 3, wavelet, boundary)
        assert torch.equal(TL, torch.full((1, 1, 2, 4), 8.0))
        assert all(not band.any() for band in details)

    @pytest.mark.parametrize(("levels", "k"), [(1, 40), (2, 20), (2, 30), (3, 10)])
    def test_phase_is_that_of_the_first_pixel_of_a_block(self, levels: int, k: int) -> None:
        ramp = torch.arange(256.0).expand(1, 1, 256, 256)
        along_x = lowpass2(ramp, levels)[0, 0, 5, k] / 2**levels
        along_y = lowpass2(ramp.mT, levels)[0, 0, k, 5] / 2**levels
        assert along_x == along_y == 2**levels * k

    def test_zero_details_interpolate_linearly(self) -> None:
        TL = 4 * torch.arange(16.0).expand(1, 1, 16, 16)
        image = ilowpass2(TL, 2)[0, 0]
        assert torch.allclose(image[:, :61], torch.arange(61.0).expand(64, 61) / 4)
        assert torch.all(image[:, 60:] == 15)

    def test_top_right_is_what_changes_along_y(self) -> None:
        stripes = random(1, 1, 16, 1).expand(1, 1, 16, 16)
        _, (TR, BL, BR) = dwt2(stripes)
        assert TR.abs().max() > 0.1
        assert not BL.any()
        assert not BR.any()

    def test_high_pass_is_negative_at_its_own_pixel(self) -> None:
        spike = torch.zeros(1, 1, 16, 16, dtype=torch.float64)
        spike[..., 8, 9] = 1
        _, (_, BL, BR) = dwt2(spike)
        assert BL[0, 0, 3:6, 4].tolist() == [0.125, -0.75, 0.125]
        assert BR[0, 0, 3:5, 4].tolist() == [-0.25, -0.25]

    @pytest.mark.parametrize(
        ("levels", "expected"), [(1, (-1.25, 3.25)), (2, (-3.28125, 7.28125)), (3, (-7.390625, 15.390625))]
    )
    def test_range_is_known_and_reached(self, levels: int, expected: tuple[float, float]) -> None:
        assert lowpass_range(levels) == pytest.approx(expected, abs=1e-12)
        x = torch.zeros(1, 1, 64, 64, dtype=torch.float64, requires_grad=True)
        middle = 32 // 2**levels
        (kernel,) = torch.autograd.grad(lowpass2(x, levels)[0, 0, middle, middle], x)
        for image, bound in ((kernel < 0, expected[0]), (kernel > 0, expected[1])):
            assert lowpass2(image.double(), levels)[0, 0, middle, middle].item() == pytest.approx(bound)

    def test_range_of_haar_is_that_of_a_mean(self) -> None:
        assert lowpass_range(3, "haar") == pytest.approx((0, 8))


class TestZeroBoundary:
    """Numbers measured on the published program of not-so-big-GAN."""

    ones = torch.ones(1, 1, 256, 256, dtype=torch.float64)

    def test_one_level_of_ones(self) -> None:
        TL = dwt2(self.ones, boundary="zero")[0][0, 0]
        assert [TL[64, 64], TL[0, 0], TL[0, 64], TL[-1, 64]] == [2.0, 1.53125, 1.75, 2.25]

    @pytest.mark.parametrize(
        ("levels", "corner", "top", "bottom", "mse", "percent_off"),
        [
            (1, 0.766, 0.875, 0.937, 1.8e-4, 2.3),
            (2, 0.586, 0.766, 0.898, 7.7e-4, 5.4),
            (3, 0.443, 0.668, 0.878, 1.9e-3, 11.4),
        ],
    )
    def test_round_trip_of_ones_darkens_the_border(
        self, levels: int, corner: float, top: float, bottom: float, mse: float, percent_off: float
    ) -> None:
        back = unflat_bands(flat_bands(self.ones, levels, "bior2.2", "zero"), "bior2.2", "zero")[0, 0]
        assert [back[0, 0].item(), back[0, 128].item(), back[-1, 128].item()] == pytest.approx(
            [corner, top, bottom], abs=6e-4
        )
        assert (back - 1).square().mean().item() == pytest.approx(mse, rel=0.05)
        assert 100 * ((back - 1).abs() > 1e-3).double().mean().item() == pytest.approx(percent_off, abs=0.06)


class TestDerivatives:
    @pytest.mark.parametrize(("wavelet", "boundary"), ALL)
    def test_first_and_second(self, wavelet: str, boundary: str) -> None:
        x = random(1, 1, 4, 8).requires_grad_()
        bands = tuple(band.detach().requires_grad_() for band in flat_bands(x, 2, wavelet, boundary))
        maps: list[tuple[Callable[..., object], tuple[Tensor, ...]]] = [
            (lambda x: flat_bands(x, 2, wavelet, boundary), (x,)),
            (lambda x: lowpass2(x, 2, wavelet, boundary), (x,)),
            (lambda x: dwt2(x, wavelet, boundary)[1][0], (x,)),
            (lambda *bands: unflat_bands(bands, wavelet, boundary), bands),
            (lambda TL: ilowpass2(TL, 2, wavelet, boundary), bands[:1]),
        ]
        for function, inputs in maps:
            assert torch.autograd.gradcheck(function, inputs)
            assert torch.autograd.gradgradcheck(function, inputs)

    @pytest.mark.parametrize(("wavelet", "boundary"), ALL)
    @pytest.mark.parametrize("size", [(2, 2), (2, 6), (10, 4), (16, 16)])
    def test_backward_is_the_adjoint(self, wavelet: str, boundary: str, size: tuple[int, int]) -> None:
        x = random(1, 2, *size).requires_grad_()
        bands = flat_bands(x, 1, wavelet, boundary)
        weights = [random(*band.shape, seed=7 + i) for i, band in enumerate(bands)]
        (pulled,) = torch.autograd.grad(bands, x, weights, retain_graph=True)
        assert torch.isclose(sum((b * w).sum() for b, w in zip(bands, weights, strict=True)), (x * pulled).sum())
        by_band = sum(
            torch.autograd.grad(band, x, weight, retain_graph=True)[0]
            for band, weight in zip(bands, weights, strict=True)
        )
        assert torch.allclose(by_band, pulled)

    def test_only_some_bands_need_a_gradient(self) -> None:
        TL, details = dwt2(random(1, 1, 8, 8))
        TR = details[0].requires_grad_()
        weight = random(1, 1, 8, 8, seed=3)
        (pulled,) = torch.autograd.grad(idwt2(TL, details), TR, weight)
        alone = idwt2(torch.zeros_like(TL), (TR, torch.zeros_like(TR), torch.zeros_like(TR)))
        assert torch.isclose((pulled * TR).sum(), (weight * alone).sum())

    def test_results_may_be_changed_in_place(self) -> None:
        x = random(1, 1, 8, 8).requires_grad_()
        TL, details = dwt2(x)
        TL.mul_(3)
        details[2].zero_()
        idwt2(TL, details).mul_(2).sum().backward()
        assert x.grad is not None
        assert torch.isfinite(x.grad).all()


class TestPackets:
    def test_bands_come_before_colours(self) -> None:
        x = random(2, 3, 16, 24)
        TL, (TR, BL, BR) = dwt2(x)
        assert torch.equal(packet2(x, 1), torch.cat([TL, TR, BL, BR], dim=1))

    def test_first_split_is_outermost(self) -> None:
        x = random(2, 3, 16, 24)
        packets = packet2(x, 2)
        assert packets.shape == (2, 48, 4, 6)
        TL, details = dwt2(x)
        for i, band in enumerate((TL, *details)):
            assert torch.equal(packets[:, 12 * i : 12 * i + 12], packet2(band, 1))

    @pytest.mark.parametrize(("wavelet", "boundary"), EXACT)
    def test_inverse(self, wavelet: str, boundary: str) -> None:
        x = random(1, 3, 16, 24)
        back = ipacket2(packet2(x, 3, wavelet, boundary), 3, wavelet, boundary)
        assert torch.allclose(back, x, rtol=0, atol=1e-13)


class TestTensors:
    @pytest.mark.parametrize(("wavelet", "boundary"), ALL)
    def test_memory_layout_changes_nothing(self, wavelet: str, boundary: str) -> None:
        x = random(2, 3, 16, 24)
        kept = x.clone()
        layouts = {
            "channels last": x.contiguous(memory_format=torch.channels_last),
            "transposed": x.mT.contiguous().mT,
            "every second column": torch.stack((x, -x), dim=-1).flatten(-2)[..., ::2],
        }
        expected = flat_bands(x, 2, wavelet, boundary)
        for layout, image in layouts.items():
            for band, same in zip(flat_bands(image, 2, wavelet, boundary), expected, strict=True):
                assert torch.equal(band, same), layout
                assert band.is_contiguous(), layout
        strided = tuple(band.contiguous(memory_format=torch.channels_last) for band in expected)
        assert torch.equal(unflat_bands(strided, wavelet, boundary), unflat_bands(expected, wavelet, boundary))
        assert torch.equal(x, kept)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half_precision_is_computed_in_float32(self, dtype: torch.dtype) -> None:
        x = random(1, 3, 16, 16).to(dtype)
        TL, details = wavedec2(x, 2)
        exact_TL, exact_details = wavedec2(x.float(), 2)
        assert torch.equal(TL, exact_TL.to(dtype))
        assert torch.equal(details[1][0], exact_details[1][0].to(dtype))
        assert torch.equal(ilowpass2(TL, 2), ilowpass2(TL.float(), 2).to(dtype))
        assert packet2(x, 1).dtype == ipacket2(packet2(x, 1), 1).dtype == dtype

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    @pytest.mark.parametrize(("wavelet", "boundary"), ALL)
    def test_gpu_equals_cpu(self, wavelet: str, boundary: str) -> None:
        x = random(2, 3, 16, 24)
        bands = flat_bands(x.cuda(), 2, wavelet, boundary)
        for band, same in zip(bands, flat_bands(x, 2, wavelet, boundary), strict=True):
            assert torch.allclose(band.cpu(), same, rtol=0, atol=1e-14)


class TestErrors:
    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: dwt2(torch.zeros(3, 8, 8)), r"got shape \(3, 8, 8\)"),
            (lambda: dwt2(torch.zeros(1, 3, 7, 8)), r"x is 7x8 .* multiples of 2; crop it to 6x8, pad it to 8x8"),
            (lambda: wavedec2(torch.zeros(1, 3, 12, 8), 3), r"levels=3 .* multiples of 8; crop it to 8x8"),
            (lambda: lowpass2(torch.zeros(1, 3, 8, 6), 2), r"x is 8x6"),
            (lambda: packet2(torch.zeros(1, 3, 8, 6), 2), r"x is 8x6"),
            (lambda: dwt2(torch.zeros(1, 3, 0, 8)), r"got shape \(1, 3, 0, 8\)"),
            (lambda: wavedec2(torch.zeros(1, 3, 8, 8), 0), "levels must be 1 or more, got 0"),
            (lambda: ilowpass2(torch.zeros(1, 3, 8, 8), -1), "levels must be 1 or more, got -1"),
            (lambda: waverec2(torch.zeros(1, 3, 8, 8), []), "levels must be 1 or more, got 0"),
            (lambda: lowpass_range(0), "levels must be 1 or more"),
            (lambda: dwt2(torch.zeros(1, 3, 8, 8, dtype=torch.uint8)), r"got torch.uint8; convert it"),
            (
                lambda: dwt2(torch.zeros(1, 3, 8, 8), boundary="symmetric"),
                "boundary='symmetric' is unknown; choose one of",
            ),
            (
                lambda: dwt2(torch.zeros(1, 3, 8, 8), "haar", "zero"),
                "'zero' exists for bior2.2 only, got wavelet='haar'",
            ),
            (
                lambda: ipacket2(torch.zeros(1, 6, 8, 8), 1),
                r"multiple of 4\^levels = 4 channels, got shape \(1, 6, 8, 8\)",
            ),
            (
                lambda: idwt2(torch.zeros(1, 3, 8, 8), (torch.zeros(1, 3, 8, 4),) * 3),
                r"TR in details\[0\] is \(1, 3, 8, 4\)",
            ),
            (
                lambda: waverec2(torch.zeros(1, 3, 4, 4), [None, (torch.zeros(1, 3, 4, 4),) * 3]),
                r"TR in details\[1\] is .* needs \(1, 3, 8, 8\)",
            ),
            (
                lambda: idwt2(torch.zeros(1, 3, 8, 8), (torch.zeros(1, 3, 8, 8, dtype=torch.float64),) * 3),
                r"torch.float64, but a TL of .* torch.float32",
            ),
        ],
    )
    def test_messages_name_the_value_and_the_way_out(self, call: Callable[[], object], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            call()

    def test_other_wavelets_say_how_to_get_their_filters(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pywt", None)
        with pytest.raises(ModuleNotFoundError, match=r"wavelet='sym13' .* pip install PyWavelets"):
            dwt2(torch.zeros(1, 3, 8, 8), "sym13", "periodization")
        assert dwt2(torch.zeros(1, 3, 8, 8))[0].shape == (1, 3, 4, 4)


@pytest.mark.parametrize("boundary", ["reflect", "periodization", "zero"])
@pytest.mark.parametrize("wavelet", ["bior2.2", "haar"])
@pytest.mark.parametrize("shape", [(2, 2, 2, 2), (1, 3, 6, 10), (2, 1, 16, 8)])
def test_what_is_exported_equals_what_runs_to_the_last_bit(
    wavelet: str, boundary: str, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if boundary == "zero" and wavelet != "bior2.2":
        return  # there is none
    image = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    TL, details = dwt2(image, wavelet, boundary)  # type: ignore[arg-type]
    whole, low = (idwt2(TL, some, wavelet, boundary) for some in (details, None))  # type: ignore[arg-type]
    monkeypatch.setattr("torch.compiler.is_exporting", lambda: True)
    TL_exported, details_exported = dwt2(image, wavelet, boundary)  # type: ignore[arg-type]
    assert all(torch.equal(a, b) for a, b in zip((TL, *details), (TL_exported, *details_exported), strict=True))
    assert torch.equal(lowpass2(image, 1, wavelet, boundary), TL)  # type: ignore[arg-type]
    assert torch.equal(idwt2(TL, details, wavelet, boundary), whole)  # type: ignore[arg-type]
    assert torch.equal(idwt2(TL, None, wavelet, boundary), low)  # type: ignore[arg-type]
