"""Training on windows: real and generated pictures are looked at in the same place."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.networks.creps import CREPSGenerator
from frugan.ops.grid import Grid, full_grid
from frugan.recipes import find_recipe
from frugan.system.errors import UserError
from frugan.training.gan import GANPart
from frugan.training.ranks import Ranks
from frugan.training.windows import draw_window, window_of

SIDE = 32


def ramps() -> Tensor:
    """(1, 2, 32, 32): each pixel's own row and column coordinate."""
    return torch.stack(torch.meshgrid(*full_grid(SIDE, SIDE), indexing="ij"))[None]


def test_windows_lie_inside_and_are_as_large_as_they_may_be() -> None:
    random = torch.Generator().manual_seed(0)
    extents, starts = [], []
    for _ in range(300):
        rows, cols = draw_window((7, 9), 0.6, random)
        assert rows.shape == (7,)
        assert cols.shape == (9,)
        assert min(rows[0], cols[0]) >= 0
        assert max(rows[-1], cols[-1]) <= 1 + 1e-6
        assert torch.isclose(rows[-1] - rows[0], (cols[-1] - cols[0]) * 6 / 8)  # of 7 x 9 places in equal units
        assert torch.allclose(rows.diff(), rows.diff()[:1], atol=1e-6)
        extents.append(float(cols[-1] - cols[0]))
        starts.append(float(rows[0]) - float(cols[0]))
    assert 0.6 <= min(extents) < 0.62
    assert 0.98 < max(extents) <= 1
    assert max(map(abs, starts)) > 0.1  # rows and columns move apart


def test_a_window_shows_what_lies_at_its_coordinates() -> None:
    codes = ramps()
    assert torch.allclose(window_of(codes, full_grid(SIDE, SIDE)), codes, atol=1e-5)
    grid = Grid(torch.linspace(0.2, 0.7, 50), torch.linspace(0.1, 0.9, 20))
    seen = window_of(codes, grid)
    assert seen.shape == (1, 2, 50, 20)
    assert torch.allclose(seen[0, 0], grid.rows[:, None].expand(50, 20), atol=2e-3)
    assert torch.allclose(seen[0, 1], grid.cols.expand(50, 20), atol=2e-3)


def part_of(config: RunConfig, **changes: object) -> GANPart:
    generator = Spec(CREPSGenerator, latent_dim=8, style_dim=8, channel_base=64, channel_max=16, line_channels=8)
    sampler = dataclasses.replace(config.sampler, **{"generator": generator, "smallest_window": 0.5, **changes})  # type: ignore[arg-type]
    return GANPart(sampler, IdentityCodec(), ImageShape.square(SIDE), seed=3, device=torch.device("cpu"))


class Coordinates(nn.Module):
    """Draws its own coordinates, so that a picture says where it was asked for."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator
        self.latent_dim, self.classes, self.code_shape = 8, 0, (3, SIDE, SIDE)

    def forward(self, z: Tensor, label: Tensor | None, grid: Grid) -> Tensor:
        rows, cols = torch.meshgrid(*grid, indexing="ij")
        drawn: Tensor = torch.stack([rows, cols, rows]).expand(len(z), -1, -1, -1)
        return drawn + 0 * self.generator(z, label, grid)


def test_both_sides_are_looked_at_in_the_same_place_and_each_step_elsewhere(tiny_config: RunConfig) -> None:
    part = part_of(tiny_config)
    part.generator = Coordinates(part.generator)  # type: ignore[assignment]
    shown: list[Tensor] = []
    part.discriminator.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].detach().float()))
    part.stabilizer.forward = lambda code: code  # type: ignore[method-assign]
    images = ramps()[:, [0, 1, 0]].expand(8, -1, -1, -1)
    places = []
    for nimg in (0, 8):
        shown.clear()
        part.step(images, torch.zeros(8, dtype=torch.int64), nimg=nimg)
        real, of_d, of_g = shown[0], shown[1], shown[-1]
        assert torch.equal(of_d, of_g)
        inside = (..., slice(3, -3), slice(3, -3))  # bicubic spans the edge, and errs by .04 pixels at most
        assert torch.allclose(real[inside], of_d[inside], atol=2e-3)
        assert of_d[0, 0, -1, 0] - of_d[0, 0, 0, 0] < 0.999
        places.append(of_d)
    assert not torch.allclose(places[0], places[1], atol=1e-3)


def test_generators_of_whole_pictures_are_refused(tiny_config: RunConfig) -> None:
    with pytest.raises(ValueError, match="smallest_window: DCGANGenerator draws whole pictures alone"):
        part_of(tiny_config, generator=tiny_config.sampler.generator)


def test_the_window_is_the_same_on_all_ranks(tiny_config: RunConfig) -> None:
    grids = []
    for rank in range(2):
        part = part_of(tiny_config)
        part.ranks = Ranks(rank, 2)
        grids.append(part._draw_grid(64))
    first, second = grids
    assert first is not None
    assert second is not None
    assert torch.equal(first.rows, second.rows)
    assert torch.equal(first.cols, second.cols)


@pytest.mark.parametrize("window", [0.0, 1.5, -1.0])
def test_windows_are_parts_of_pictures(tiny_config: RunConfig, window: float) -> None:
    with pytest.raises(UserError, match="smallest_window"):
        dataclasses.replace(tiny_config.sampler, smallest_window=window)


def test_scale_party_trains_on_windows_and_whole_pictures_are_the_rule() -> None:
    recipe = find_recipe("scaleparty-small")
    part = GANPart(recipe.sampler, IdentityCodec(), ImageShape.square(SIDE), seed=0, device=torch.device("cpu"))
    grid = part._draw_grid(0)
    assert grid is not None
    assert 0.6 <= grid.rows[-1] - grid.rows[0] < 1
    values = part.step(torch.rand(16, 3, SIDE, SIDE) * 2 - 1, torch.zeros(16, dtype=torch.int64), nimg=0)
    assert values["generator_loss"].isfinite()
    assert find_recipe("creps-small").sampler.smallest_window == 1
