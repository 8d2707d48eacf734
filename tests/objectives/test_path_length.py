"""Path length regularisation: a linear generator has a known Jacobian; what it follows is saved with the run."""

import dataclasses
from collections.abc import Callable

import pytest
import torch

from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import PenaltyConfig, RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from frugan.objectives.path_length import PathLength
from frugan.ops.grid import Grid
from frugan.training.gan import GANPart


class Linear(torch.nn.Module):
    """Styles are latents (N, layers, D); codes are linear in them, before `activation`."""

    any_grid = False

    def __init__(
        self,
        matrix: torch.Tensor,
        shape: tuple[int, int, int],
        activation: Callable[[torch.Tensor], torch.Tensor] = lambda codes: codes,
    ) -> None:
        super().__init__()
        self.matrix, self.code_shape, self.activation = matrix, shape, activation

    def mapping(self, z: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
        return z

    def synthesis(self, w: torch.Tensor, grid: Grid | None = None) -> torch.Tensor:
        return self.activation(w.flatten(1) @ self.matrix.T).unflatten(1, self.code_shape)


def test_a_linear_generator() -> None:
    """codes = A styles: J^T y is A^T y whatever the styles; all lengths are those of A^T y."""
    torch.manual_seed(0)
    matrix = torch.randn(3 * 4 * 4, 2 * 5, dtype=torch.float64)
    styles = torch.randn(6, 2, 5, dtype=torch.float64, requires_grad=True)
    penalty = PathLength(decay=0.25, share=1).double()
    generator = Linear(matrix, (3, 4, 4))
    torch.manual_seed(1)
    found = penalty(generator, styles)
    torch.manual_seed(1)
    y = torch.randn(6, 3 * 16, dtype=torch.float64).view(6, 3, 4, 4).flatten(1) / 4
    lengths = (y @ matrix).view(6, 2, 5).square().sum(dim=2).mean(dim=1).sqrt()
    mean = 0.25 * lengths.mean()
    assert penalty.mean.item() == pytest.approx(mean.item())
    assert found.item() == pytest.approx((lengths - mean).square().mean().item())
    penalty(generator, styles)
    assert penalty.mean != mean


def test_its_gradient_is_right_through_the_second_derivative() -> None:
    weight = torch.randn(3 * 4, 5, dtype=torch.float64, requires_grad=True)
    styles = torch.randn(4, 1, 5, dtype=torch.float64)

    def value(weight: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(2)
        generator = Linear(weight, (3, 2, 2), torch.tanh)
        # The mean takes part by its newest term, as in StyleGAN2's program.
        return PathLength(decay=0.3).double()(generator, styles.clone().requires_grad_())

    assert torch.autograd.gradcheck(value, weight)


@pytest.mark.parametrize("share", [0.0, 1.5])
def test_shares_outside_0_to_1_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        PathLength(share=share)


def test_it_looks_at_a_share_of_the_batch() -> None:
    seen = []

    class Watched(Linear):
        def mapping(self, z: torch.Tensor, label: torch.Tensor | None = None) -> torch.Tensor:
            seen.append((z, label))
            return z

    latents, labels = torch.randn(6, 1, 5, requires_grad=True), torch.arange(6)
    PathLength(share=0.5)(Watched(torch.randn(12, 5), (3, 2, 2)), latents, labels)
    assert torch.equal(seen[0][0], latents[:3])
    assert torch.equal(seen[0][1], labels[:3])


def test_a_run_applies_it_lazily_and_saves_what_it_follows(tiny_config: RunConfig) -> None:
    sampler = dataclasses.replace(
        tiny_config.sampler,
        generator=Spec(StyleGAN2Generator, latent_dim=8, style_dim=8, channel_max=8),
        discriminator=Spec(StyleGAN2Discriminator, channel_max=8),
        generator_penalties=(PenaltyConfig(Spec(PathLength), weight=2.0, every=2),),
    )

    def fresh() -> GANPart:
        return GANPart(sampler, WaveletCodec(levels=2), ImageShape.square(64), seed=0, device=torch.device("cpu"))

    def images(step: int) -> torch.Tensor:
        return torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(step)) * 2 - 1

    part, labels = fresh(), torch.full((8,), -1)
    values = [part.step(images(step), labels, 8 * step)["generator_penalty"].item() for step in range(3)]
    assert values[0] > 0
    assert values[1] == 0
    assert values[2] > 0
    resumed = fresh()
    resumed.load_tensors({name: tensor.clone() for name, tensor in part.tensors().items()})
    for step in (3, 4):
        assert part.step(images(step), labels, 8 * step).keys() == resumed.step(images(step), labels, 8 * step).keys()
    for name, tensor in part.tensors().items():
        assert torch.equal(tensor, resumed.tensors()[name]), name
