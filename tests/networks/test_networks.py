"""Contracts over every network, and the parameter counts that the papers and the reference programs have."""

import pytest
import torch

from frugan.networks.base import Discriminator, Generator, count_parameters
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator, DiscriminatorNorm
from frugan.networks.fastgan import FastGANDiscriminator, FastGANGenerator
from frugan.networks.srresnet import SRResNet
from frugan.ops.grid import Grid, full_grid

GENERATORS = [DCGANGenerator, FastGANGenerator]
DISCRIMINATORS = [DCGANDiscriminator, FastGANDiscriminator]


@pytest.mark.parametrize("side", [16, 32, 64, 128, 256])
@pytest.mark.parametrize("generator_class", GENERATORS)
def test_generators_draw_codes_of_any_power_of_two(generator_class: type[Generator], side: int) -> None:
    generator = generator_class(code_shape=(3, side, side), latent_dim=8, width=4)  # type: ignore[call-arg]
    z = torch.randn(2, 8)
    codes = generator(z)
    assert codes.shape == (2, 3, side, side)
    assert codes.abs().max() <= 1
    assert torch.equal(codes, generator.synthesis(generator.mapping(z)))


@pytest.mark.parametrize("side", [16, 32, 64, 128, 256])
@pytest.mark.parametrize("discriminator_class", DISCRIMINATORS)
def test_discriminators_give_one_logit_a_code(discriminator_class: type[Discriminator], side: int) -> None:
    discriminator = discriminator_class(code_shape=(3, side, side), width=4)  # type: ignore[call-arg]
    assert discriminator(torch.randn(3, 3, side, side)).shape == (3,)


def test_dcgan_parameter_counts() -> None:
    assert count_parameters(DCGANGenerator((3, 64, 64))) == 3_576_704
    assert count_parameters(DCGANDiscriminator((3, 64, 64))) == 2_765_568


def test_srresnet_parameter_count() -> None:
    assert count_parameters(SRResNet()) == 1_517_571


@pytest.mark.parametrize(("shape", "problem"), [((3, 7, 64), "at least 8 x 8"), ((3, 512, 512), "below 512")])
def test_dcgan_refuses_other_sizes_in_words(shape: tuple[int, int, int], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        DCGANGenerator(shape)


def test_convolutional_generators_refuse_a_foreign_grid() -> None:
    generator = DCGANGenerator((3, 16, 16), latent_dim=8, width=4).eval()
    z = torch.randn(1, 8)
    assert torch.equal(generator(z, grid=full_grid(16, 16)), generator(z))
    whole = full_grid(16, 16)
    for grid in (full_grid(32, 32), Grid(whole.rows[:8], whole.cols), Grid(whole.rows * 0.5, whole.cols)):
        with pytest.raises(ValueError, match="renders only its own 16 x 16 grid"):
            generator(z, grid=grid)


def test_truncation_moves_latents_towards_the_centre() -> None:
    generator = DCGANGenerator((3, 16, 16), latent_dim=8, width=4)
    z = torch.randn(4, 8)
    assert torch.equal(generator.truncated_mapping(z), z)
    assert torch.equal(generator.truncated_mapping(z, truncation=0.0), torch.zeros_like(z))


def test_without_batch_norm_images_do_not_influence_each_other() -> None:
    discriminator = DCGANDiscriminator((3, 16, 16), width=4, norm="none")
    codes = torch.randn(4, 3, 16, 16)
    together, alone = discriminator(codes), torch.cat([discriminator(code[None]) for code in codes])
    assert torch.allclose(together, alone, atol=1e-6)


def test_gradients_reach_every_weight() -> None:
    generator = DCGANGenerator((3, 16, 16), latent_dim=8, width=4, refine=6)
    discriminator = DCGANDiscriminator((3, 16, 16), width=4, norm="none")
    discriminator(generator(torch.randn(4, 8))).sum().backward()
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_dcgan_goes_on_at_twice_the_side_with_its_last_layers(norm: DiscriminatorNorm) -> None:
    """What the first new layers see as the old ones did, is judged as the old ones did."""
    torch.manual_seed(0)
    small = DCGANDiscriminator((3, 16, 16), width=8, norm=norm, classes=3).eval()
    large = DCGANDiscriminator((3, 32, 32), width=4, norm=norm, classes=3).eval()
    large.adopt(small.state_dict())
    features, label = torch.randn(2, 8, 8, 8), torch.tensor([2, 0])
    after = {16: 2, 32: 5 if norm == "batch" else 4}  # the layer after which features are 8 x 8, activated
    outs = []
    for network, side in ((small, 16), (large, 32)):
        seen = network.layers[after[side] :][:-1](features)
        logits = network.layers[-1](seen).flatten() + (seen.mean((2, 3)) * network.embedding(label)).sum(1)  # type: ignore[misc]
        outs.append(logits)
    assert torch.equal(*outs)
    with pytest.raises(RuntimeError, match="another width"):
        DCGANDiscriminator((3, 32, 32), width=8, norm=norm, classes=3).adopt(small.state_dict())
