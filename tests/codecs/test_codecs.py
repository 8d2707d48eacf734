"""Contracts over every codec, and the phase, gain and range facts of the wavelet codec."""

import pytest
import torch

from frugan.codecs.base import Codec
from frugan.codecs.identity import IdentityCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.networks.srresnet import SRResNet
from frugan.ops.wavelet import dwt2

CODECS = [IdentityCodec(), WaveletCodec(levels=1), WaveletCodec(levels=2, code_min=-1.3, code_max=1.2)]


@pytest.mark.parametrize("codec", CODECS, ids=["identity", "wavelet-1", "wavelet-2"])
def test_shapes_and_ranges(codec: Codec) -> None:
    image = torch.rand(2, 3, 32, 32) * 2 - 1
    code = codec.encode(image)
    assert code.shape[1:] == codec.code_shape(32)
    assert codec.decode(code).shape == image.shape
    assert codec.decoder_input(code).shape == code.shape


@pytest.mark.parametrize("codec", CODECS, ids=["identity", "wavelet-1", "wavelet-2"])
def test_encode_is_exact_on_what_decode_makes(codec: Codec) -> None:
    """TL of an inverse transform without details is the TL that went in: sampler codes survive a round trip."""
    code = torch.rand(2, *codec.code_shape(32)) * 2 - 1
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
def test_codes_of_a_constant_image_are_that_constant_at_every_level(levels: int) -> None:
    """Gain normalisation: TL has gain 2^levels, codes have 1, so one decoder serves any number of levels."""
    codec = WaveletCodec(levels=levels)
    image = torch.full((1, 3, 32, 32), 0.5)
    assert torch.allclose(codec.encode(image), torch.tensor(0.5))
    assert torch.allclose(codec.decode(codec.encode(image)), image, atol=1e-6)


def test_a_decoder_adds_its_residual_to_the_base() -> None:
    codec, decoder = WaveletCodec(levels=2), SRResNet(channels=8, blocks=1)
    code = torch.rand(1, 3, 8, 8)
    expected = codec.base(code) + decoder(codec.decoder_input(code))
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


def test_indivisible_resolutions_are_refused_with_the_nearest_good_one() -> None:
    with pytest.raises(ValueError, match=r"130 is not divisible by 4 \(2\^2 levels\); the nearest that is: 128"):
        WaveletCodec(levels=2).code_shape(130)


def test_wrong_settings() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        WaveletCodec(levels=0)
    with pytest.raises(ValueError, match="must exceed"):
        WaveletCodec(code_min=1.0, code_max=1.0)
