"""Pictures of two sizes pulled together: what is compared, who learns from whom, who is refused."""

import dataclasses

import pytest
import torch
from torch import Tensor

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import PenaltyConfig, RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.networks.base import Generator
from frugan.networks.creps import CREPSGenerator
from frugan.networks.dcgan import DCGANGenerator
from frugan.networks.stylegan2 import StyleGAN2Discriminator
from frugan.objectives.scale_consistency import ScaleConsistency
from frugan.ops.grid import Grid, full_grid
from frugan.training.gan import GANPart

SMALL = {"latent_dim": 16, "style_dim": 24, "channel_base": 512, "channel_max": 32, "mapping_layers": 2}


class Bowl(Generator):
    """depth * row^2 + slope * column: how far a mean of its samples lies from the sample in their middle is known."""

    any_grid = True
    latent_dim = 2
    code_shape = (1, 12, 24)

    def __init__(self) -> None:
        super().__init__()
        self.depth = torch.nn.Parameter(torch.tensor(1.0, dtype=torch.float64))

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return z

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        rows, cols = (axis.double() for axis in grid or full_grid(*self.code_shape[1:]))
        picture = self.depth * rows.square()[:, None] + cols
        return picture + w.sum(dim=1)[:, None, None, None]


@pytest.mark.parametrize("reduction", [2, 3])
def test_means_of_samples_against_the_sample_in_their_middle(reduction: int) -> None:
    """A slope agrees; the mean square of k samples h apart is larger than their middle's by h^2 (k^2 - 1) / 12."""
    bowl = Bowl()
    found = ScaleConsistency(reduction)(bowl, torch.randn(4, 2).double())
    excess = (reduction**2 - 1) / 12 / 23**2  # columns go from 0 to 1, and rows lie as far apart
    assert found.item() == pytest.approx(excess**2, rel=1e-3)
    found.backward()
    # The reduced picture is what is aimed at, and does not move: only the middle's square is differentiated.
    assert bowl.depth.grad is not None
    middles = (torch.arange(12 // reduction) * reduction + (reduction - 1) / 2 - 5.5) / 23 + 0.5
    assert bowl.depth.grad.item() == pytest.approx(-2 * excess * middles.square().mean().item(), rel=1e-3)


def test_following_it_makes_two_sizes_agree() -> None:
    torch.manual_seed(0)
    generator = CREPSGenerator((3, 16, 16), **SMALL)  # type: ignore[arg-type]
    penalty = ScaleConsistency(share=0.5)
    optimizer = torch.optim.Adam(generator.parameters(), lr=2e-3)
    values = []
    for _ in range(12):
        optimizer.zero_grad()
        value = penalty(generator, torch.randn(8, 16))
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < 0.5 * values[0]


def test_refusals() -> None:
    with pytest.raises(ValueError, match="reduction"):
        ScaleConsistency(1)
    with pytest.raises(ValueError, match="share"):
        ScaleConsistency(share=0)
    with pytest.raises(ValueError, match="one size"):
        ScaleConsistency()(DCGANGenerator((3, 16, 16)), torch.randn(2, 128))
    with pytest.raises(ValueError, match="12 x 24 codes cannot be reduced 5 times"):
        ScaleConsistency(5)(Bowl(), torch.randn(2, 2).double())


def test_a_run_takes_it_as_a_setting(tiny_config: RunConfig) -> None:
    sampler = dataclasses.replace(
        tiny_config.sampler,
        generator=Spec(CREPSGenerator, **SMALL),
        discriminator=Spec(StyleGAN2Discriminator, channel_max=8),
        generator_penalties=(PenaltyConfig(Spec(ScaleConsistency, share=0.5), weight=10.0, every=2),),
    )
    part = GANPart(sampler, IdentityCodec(), ImageShape.square(16), seed=0, device=torch.device("cpu"))
    images, labels = torch.rand(8, 3, 16, 16) * 2 - 1, torch.full((8,), -1)
    values = [part.step(images, labels, 8 * step)["generator_penalty"].item() for step in range(2)]
    assert values[0] > 0
    assert values[1] == 0
