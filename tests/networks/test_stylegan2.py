"""StyleGAN2: parameter counts of the papers, and every layer against an independent way to compute it."""

import math

import numpy as np
import pytest
import torch
from scipy import signal
from torch import Tensor
from torch.nn import functional as F

from frugan.networks.base import count_parameters
from frugan.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from frugan.nn.equalized import EqualizedConv2d, EqualizedLinear
from frugan.nn.style import MappingNetwork, ModulatedConv2d
from frugan.ops import fir

TAPS = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64


def small(side: int = 16, **settings: object) -> StyleGAN2Generator:
    torch.manual_seed(0)
    return StyleGAN2Generator((3, side, side), latent_dim=12, style_dim=16, channel_max=8, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("side", "generator", "discriminator"),
    [
        (128, 29_328_669, 28_389_121),
        (256, 30_034_338, 28_864_129),
        (512, 30_276_583, 28_982_849),
        (1024, 30_370_060, 29_012_513),
    ],
)
def test_parameter_counts(side: int, generator: int, discriminator: int) -> None:
    with torch.device("meta"):
        assert count_parameters(StyleGAN2Generator((3, side, side))) == generator
        assert count_parameters(StyleGAN2Discriminator((3, side, side))) == discriminator


def test_resampling_equals_scipy() -> None:
    x = torch.randn(1, 2, 8, 6, dtype=torch.float64)
    planes = x[0].numpy()
    padded = np.pad(planes, ((0, 0), (1, 1), (1, 1)))
    down = np.stack([signal.convolve2d(plane, TAPS, mode="valid")[::2, ::2] for plane in padded])
    assert np.allclose(fir.downsample(x)[0].numpy(), down)
    stuffed = np.zeros((2, 16, 12))
    stuffed[:, ::2, ::2] = planes
    up = np.stack([signal.convolve2d(np.pad(plane, ((2, 1), (2, 1))), 4 * TAPS, mode="valid") for plane in stuffed])
    assert np.allclose(fir.upsample(x)[0].numpy(), up)


@pytest.mark.parametrize("demodulates", [True, False])
def test_modulating_activations_equals_modulating_the_weights_of_each_image(demodulates: bool) -> None:
    layer = ModulatedConv2d(5, 7, 3, style_dim=4, demodulates=demodulates).double()
    x, w = torch.randn(3, 5, 6, 6).double(), torch.randn(3, 4).double()
    style = layer.affine(w) * (1 if demodulates else 1 / math.sqrt(45))
    weights = layer.weight * style[:, None, :, None, None]
    if demodulates:
        weights = weights / (weights.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).sqrt()
    expected = torch.cat([F.conv2d(image[None], weight, padding=1) for image, weight in zip(x, weights, strict=True)])
    assert torch.allclose(layer(x, w), expected)


def test_an_enlarging_convolution_is_zeros_between_pixels_then_the_kernel_then_the_filter() -> None:
    layer = ModulatedConv2d(2, 3, 3, style_dim=4, demodulates=False, doubles=True).double()
    x, w = torch.randn(1, 2, 5, 5).double(), torch.zeros(1, 4).double()
    found = layer(x, w)
    stuffed = torch.zeros(1, 2, 9, 9).double()
    stuffed[..., ::2, ::2] = x / math.sqrt(18)  # the style is its bias, 1
    wide = F.conv2d(F.pad(stuffed, (2, 2, 2, 2)), layer.weight.flip(2, 3))
    taps = torch.from_numpy(4 * TAPS).expand(3, 1, 4, 4)
    assert torch.allclose(found, F.conv2d(F.pad(wide, (1, 1, 1, 1)), taps, groups=3))
    assert found.shape == (1, 3, 10, 10)


def test_equalised_layers_begin_with_unit_variance_and_any_rate_gives_the_same_function() -> None:
    torch.manual_seed(0)
    x = torch.randn(4096, 64)
    for rate in (1.0, 0.01):
        layer = EqualizedLinear(64, 32, rate=rate, bias=0.5)
        assert layer(x).std().item() == pytest.approx(1, abs=0.1)
        assert layer(torch.zeros(1, 64)).flatten().tolist() == pytest.approx([0.5] * 32)
    assert EqualizedConv2d(64, 16, 3)(torch.randn(4, 64, 16, 16)).std().item() == pytest.approx(1, abs=0.15)


def test_truncation_pulls_towards_the_mean_style() -> None:
    generator = small()
    for _ in range(3):
        generator(torch.randn(64, 12))
    generator.eval()
    z = torch.randn(2, 12)
    whole, none = generator.truncated_mapping(z), generator.truncated_mapping(z, truncation=0.0)
    assert torch.equal(whole, generator.mapping(z))
    assert torch.allclose(none, generator.map.average.expand_as(none))
    assert torch.allclose(generator.truncated_mapping(z, truncation=0.5), (whole + none) / 2, atol=1e-6)
    assert generator.map.average.abs().sum() > 0


def test_styles_are_mixed_in_training_only() -> None:
    generator = small(style_mixing=1.0)
    styles = generator.mapping(torch.randn(3, 12))
    assert styles.shape == (3, 6, 16)
    assert not torch.allclose(styles[:, 0], styles[:, -1])
    styles = generator.eval().mapping(torch.randn(3, 12))
    assert torch.equal(styles[:, 0], styles[:, -1])


def test_every_style_matters() -> None:
    """Two a side: the colours of a side share theirs with the first convolution of the next."""
    generator = small(side=16, noise=False).eval()
    w = torch.randn(1, 6, 16)
    before = generator.synthesis(w)
    for i in range(6):
        changed = w.clone()
        changed[:, i] += 1
        assert not torch.allclose(generator.synthesis(changed), before)
    assert generator.num_styles == 6


def test_pictures_repeat_when_sampling_though_noise_is_added() -> None:
    generator = small()
    for block in generator.blocks:
        for layer in block.layers:  # type: ignore[union-attr]
            torch.nn.init.ones_(layer.noise_strength)
    z = torch.randn(3, 12)
    assert not torch.equal(generator(z), generator(z))
    generator.eval()
    assert torch.equal(generator(z), generator(z))
    assert torch.allclose(generator(z)[1:2], generator(z[1:2]), atol=1e-5)


def test_labels_matter_and_are_asked_for() -> None:
    generator, discriminator = small(classes=3).eval(), StyleGAN2Discriminator((3, 16, 16), channel_max=8, classes=3)
    z, codes = torch.randn(4, 12), torch.randn(4, 3, 16, 16)
    one, other = torch.zeros(4, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    assert not torch.allclose(generator(z, one), generator(z, other))
    assert not torch.allclose(discriminator(codes, one), discriminator(codes, other))
    with pytest.raises(ValueError, match="takes a label"):
        generator(z)
    with pytest.raises(ValueError, match="takes no label"):
        small()(z, one)


def test_the_discriminator_sees_the_spread_of_a_group() -> None:
    """A batch of equal codes can be told from a varied one even where each code is the same."""
    torch.manual_seed(0)
    discriminator = StyleGAN2Discriminator((3, 16, 16), channel_max=8)
    code, others = torch.randn(1, 3, 16, 16), torch.randn(3, 3, 16, 16)

    def first_logit(batch: Tensor) -> Tensor:
        return discriminator(batch)[0]

    assert not torch.allclose(first_logit(code.repeat(4, 1, 1, 1)), first_logit(torch.cat([code, others])))
    with pytest.raises(ValueError, match="groups of 4"):
        discriminator(torch.randn(6, 3, 16, 16))
    assert discriminator(torch.randn(2, 3, 16, 16)).shape == (2,)


def test_gradients_reach_every_weight_and_small_sides_are_refused() -> None:
    generator, discriminator = small(), StyleGAN2Discriminator((3, 16, 16), channel_max=8)
    discriminator(generator(torch.randn(4, 12))).sum().backward()
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
    with pytest.raises(ValueError, match="at least 8 x 8"):
        small(side=4)
    assert MappingNetwork(12, 16).average.shape == (16,)
