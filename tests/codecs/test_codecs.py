"""Contracts over every codec, and the phase, gain and range facts of the wavelet codec."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from frugan.codecs.base import Codec
from frugan.codecs.identity import IdentityCodec
from frugan.codecs.pixel import PixelCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.shape import ImageShape
from frugan.networks.srresnet import SRResNet
from frugan.ops.reduction import gaussian_taps
from frugan.ops.wavelet import dwt2, wavedec2, waverec2

EXACT = {
    "identity": IdentityCodec(),
    "wavelet-1": WaveletCodec(levels=1),
    "wavelet-2": WaveletCodec(levels=2, code_min=-1.3, code_max=1.2),
}
PIXEL = {reduction: PixelCodec(levels=2, reduction=reduction) for reduction in ("gaussian", "antialiased", "bilinear")}
CODECS = {**EXACT, **PIXEL, "gaussian-1": PixelCodec(levels=1, code_min=-0.9, code_max=0.9)}


@pytest.mark.parametrize("codec", CODECS.values(), ids=CODECS)
def test_shapes_and_ranges(codec: Codec) -> None:
    image = torch.rand(2, 3, 32, 32) * 2 - 1
    code = codec.encode(image)
    assert code.shape[1:] == codec.code_shape(ImageShape.square(32))
    assert codec.decode(code).shape == image.shape
    assert codec.decoder_input(code).shape == code.shape


@pytest.mark.parametrize("codec", EXACT.values(), ids=EXACT)
def test_encode_is_exact_on_what_decode_makes(codec: Codec) -> None:
    """TL of an inverse transform without details is the TL that went in: sampler codes survive a round trip."""
    code = torch.rand(2, *codec.code_shape(ImageShape.square(32))) * 2 - 1
    assert torch.allclose(codec.encode(codec.decode(code)), code, atol=1e-5)


def test_the_affine_map_takes_the_measured_range_to_minus_one_and_one() -> None:
    image = torch.rand(4, 3, 64, 64) * 2 - 1
    raw = WaveletCodec(levels=2).raw_code(image)
    fitted = WaveletCodec(levels=2, code_min=raw.min().item(), code_max=raw.max().item())
    code = fitted.encode(image)
    assert code.min().item() == pytest.approx(-1, abs=1e-5)
    assert code.max().item() == pytest.approx(1, abs=1e-5)
    assert torch.allclose(fitted.decoder_input(code), raw, atol=1e-6)


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("codec_class", [WaveletCodec, PixelCodec])
def test_codes_of_a_constant_image_are_that_constant_at_every_level(codec_class: type[Codec], levels: int) -> None:
    """Gain normalisation: TL has gain 2^levels, codes have 1, so one decoder serves any number of levels."""
    codec = codec_class(levels=levels)  # type: ignore[call-arg]
    image = torch.full((1, 3, 32, 32), 0.5)
    assert torch.allclose(codec.encode(image), torch.tensor(0.5))
    assert torch.allclose(codec.decode(codec.encode(image)), image, atol=1e-6)


def test_a_decoder_adds_its_residual_to_the_base() -> None:
    codec, decoder = WaveletCodec(levels=2), SRResNet(channels=8, blocks=1)
    code = torch.rand(1, 3, 8, 8)
    expected = codec.base(code) + decoder.residual(codec.decoder_input(code))
    assert torch.equal(codec.decode(code, decoder), expected)


def test_a_decoder_exact_at_two_levels_is_exact_at_one() -> None:
    """The decoder's input has the units of images whatever the levels: no contrast change when a decoder is reused."""
    image = torch.full((1, 3, 16, 16), -0.3)
    one, two = WaveletCodec(levels=1, code_min=-2, code_max=1), WaveletCodec(levels=2, code_min=-1.4, code_max=1.6)
    assert torch.allclose(one.decoder_input(one.encode(image)), torch.tensor(-0.3), atol=1e-6)
    assert torch.allclose(two.decoder_input(two.encode(image)), torch.tensor(-0.3), atol=1e-6)


def test_the_code_is_the_low_low_band_over_its_gain() -> None:
    image = torch.randn(1, 3, 16, 16)
    TL, _ = dwt2(dwt2(image)[0])
    assert torch.allclose(WaveletCodec(levels=2).raw_code(image), TL / 4, atol=1e-6)


@pytest.mark.parametrize("size", [(48, 80), (100, 100), (36, 50), (37, 43)])
@pytest.mark.parametrize("channels", [1, 3, 4, 5])
def test_sides_that_do_not_divide_are_mirrored_and_cut_again(size: tuple[int, int], channels: int) -> None:
    shape = ImageShape(channels, *size)
    image = torch.rand(2, *shape, dtype=torch.float64) * 2 - 1
    plain = WaveletCodec(levels=2)
    codec = WaveletCodec(levels=2, cut=plain.missing(shape))
    pywt = pytest.importorskip("pywt")
    down, right = codec.cut
    padded = np.pad(image.numpy(), ((0, 0), (0, 0), (0, down), (0, right)), mode="reflect")
    code = codec.encode(image)
    assert code.shape[1:] == codec.code_shape(shape)
    expected = padded
    for _ in range(2):  # PyWavelets has one more coefficient at each end
        expected = pywt.dwt2(expected, "bior2.2", mode="reflect")[0][..., 1:-1, 1:-1]
    assert np.abs(code.numpy() - expected / 4).max() < 1e-12
    assert codec.decode(code).shape == image.shape == plain.decode(code, size=size).shape
    bands = wavedec2(codec.filled(image), 2)
    assert (waverec2(*bands)[..., : size[0], : size[1]] - image).abs().max() < 1e-12


def test_wrong_settings() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        WaveletCodec(levels=0)
    with pytest.raises(ValueError, match="must exceed"):
        WaveletCodec(code_min=1.0, code_max=1.0)
    with pytest.raises(ValueError, match="at least 1"):
        PixelCodec(levels=0)
    with pytest.raises(ValueError, match="'lanczos' is not one of"):
        PixelCodec(reduction="lanczos")  # type: ignore[arg-type]


@pytest.mark.parametrize(("sigma", "centre"), [(1.6, 0.06217), (0.8, 0.24868)])
def test_the_gaussian_is_that_of_the_paper(sigma: float, centre: float) -> None:
    """Section 9's oracles: 13 x 13 taps of sum 1, and SciPy's own filter of an impulse."""
    taps = gaussian_taps(sigma)
    assert taps.shape == (13,)
    assert torch.outer(taps, taps).sum().item() == pytest.approx(1.0)
    assert torch.outer(taps, taps)[6, 6].item() == pytest.approx(centre, abs=5e-6)
    impulse = np.zeros((13, 13))
    impulse[6, 6] = 1
    assert np.allclose(torch.outer(taps, taps), gaussian_filter(impulse, sigma), atol=1e-12)


@pytest.mark.parametrize("factor", [2, 4])
def test_the_gaussian_codec_equals_filtering_and_slicing_with_scipy(factor: int) -> None:
    image = torch.randn(1, 1, 32, 48, dtype=torch.float64)
    blurred = gaussian_filter(image[0, 0].numpy(), 0.4 * factor, mode="mirror")
    code = PixelCodec(levels={2: 1, 4: 2}[factor]).raw_code(image)
    assert np.allclose(code[0, 0], blurred[::factor, ::factor], atol=1e-12)


@pytest.mark.parametrize("codec", [WaveletCodec(levels=2), *PIXEL.values()], ids=["wavelet", *PIXEL])
def test_a_ramp_comes_back_in_its_place(codec: Codec) -> None:
    """Phase: wherever a code's pixels sit, the base puts them back there, so that nothing shifts."""
    ramp = (torch.arange(64) / 64)[None, None, None, :].expand(1, 3, 64, 64).contiguous()
    back = codec.decode(codec.encode(ramp))
    assert torch.allclose(back[..., 8:-8], ramp[..., 8:-8], atol=1e-5)


def test_only_an_antialiased_reduction_hides_fine_noise() -> None:
    """White noise of unit variance after reduction by 4: the figures of section 1."""
    noise = torch.randn(8, 1, 256, 256, generator=torch.Generator().manual_seed(0))
    found = {name: codec.raw_code(noise).std().item() for name, codec in PIXEL.items()}
    found["wavelet"] = WaveletCodec(levels=2).raw_code(noise).std().item()
    expected = {"wavelet": 0.44, "bilinear": 0.50, "antialiased": 0.163, "gaussian": 0.179}
    assert found == pytest.approx(expected, rel=0.03)
