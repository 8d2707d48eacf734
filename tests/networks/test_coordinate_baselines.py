"""INR-GAN against its formula in numpy, and ScaleParty, whose tiles and scales are exact without padding."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from frugan.networks.base import ResizableGenerator, count_parameters
from frugan.networks.inr_gan import INRGANGenerator, _FactorisedLinear, _Places, _Size
from frugan.networks.scale_party import ScalePartyGenerator
from frugan.networks.style_based import StyleBasedGenerator
from frugan.ops.grid import Grid, full_grid
from frugan.ops.view import View
from frugan.rendering.render import render

SMALL = {"latent_dim": 16, "style_dim": 24, "channel_base": 256, "channel_max": 24, "mapping_layers": 2}


def inr_gan(side: int) -> INRGANGenerator:
    torch.manual_seed(0)
    return INRGANGenerator((3, side, side), **SMALL).eval()  # type: ignore[arg-type]


def scale_party(height: int = 32, width: int = 32) -> ScalePartyGenerator:
    torch.manual_seed(0)
    return ScalePartyGenerator((3, height, width), **SMALL).eval()  # type: ignore[arg-type]


@torch.no_grad()
def test_factorised_weights_are_what_the_formula_says() -> None:
    torch.manual_seed(0)
    layer = _FactorisedLinear(5, 7, 4, rank=3).double()
    x, w = torch.randn(2, 5, 11).double(), torch.randn(2, 4).double()
    state = {name: tensor.numpy() for name, tensor in layer.state_dict().items()}
    factors = w.numpy() @ state["affine.weight"].T / math.sqrt(4) + state["affine.bias"]
    for i in range(2):
        left, right = factors[i, :21].reshape(7, 3), factors[i, 21:].reshape(5, 3)
        weight = state["weight"] * (1 + left @ right.T / math.sqrt(3))
        weight = weight / np.sqrt((weight**2).sum(axis=1, keepdims=True) + 1e-8)
        y = weight @ x[i].numpy()
        expected = math.sqrt(2) * np.where(y > 0, y, 0.2 * y)
        assert np.abs(layer(x, w)[i].numpy() - expected).max() < 1e-12


@torch.no_grad()
@pytest.mark.parametrize(("side", "waves"), [(8, 12), (32, 20), (64, 24), (128, 46)])
def test_waves_tell_all_places_apart(side: int, waves: int) -> None:
    torch.manual_seed(0)
    places, size = _Places(_Size(side, side, side)), torch.Size((side, side))
    drawn = places(size)[0, : 2 * waves]
    assert places.channels == len(places(size)[0]) == 2 * waves + (64 if side >= 128 else 128)
    assert drawn.std(dim=(1, 2)).min() > 0.1  # none of them vanishes at the places it is asked at
    assert (drawn[:, 0, 0] - drawn[:, -1, -1]).abs().max() > 0.5  # opposite corners differ
    # The slowest wave down is half a turn over the picture, so it rises all the way; across it is constant.
    assert (drawn[0].diff(dim=0) > 0).all()
    assert torch.equal(drawn[0], drawn[0, :, :1].expand(side, side))
    # The fastest one changes its sign from place to place: the shortest wave that the places can show.
    fastest = drawn[waves + round(math.log2(side)) - 1, :, 0] if side < 128 else drawn[waves + 6, :, 0]
    assert (fastest[::2] * fastest[1::2]).abs().max() < 1e-5


@pytest.mark.parametrize(("side", "styles"), [(16, 6), (32, 8), (64, 10), (128, 13)])
def test_inr_gan_draws_powers_of_two_and_every_parameter_learns(side: int, styles: int) -> None:
    generator = inr_gan(side).train()
    assert generator.num_styles == styles
    codes = generator(torch.randn(2, 16))
    assert codes.shape == (2, 3, side, side)
    codes.square().mean().backward()
    assert [n for n, p in generator.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []


@torch.no_grad()
def test_inr_gan_is_of_one_size_and_can_be_enlarged_like_stylegan2() -> None:
    generator = inr_gan(64)
    w = generator.mapping(torch.randn(2, 16))
    with pytest.raises(ValueError, match="renders only its own 64 x 64 grid"):
        generator.synthesis(w, full_grid(128, 128))
    assert isinstance(generator, ResizableGenerator)
    assert generator.resized_synthesis(w, 128).shape == (2, 3, 128, 128)
    assert torch.equal(generator.resized_synthesis(w, 64), generator.synthesis(w))
    with pytest.raises(ValueError, match="at least 8 x 8, got 7 x 7"):
        inr_gan(7)


@torch.no_grad()
@pytest.mark.parametrize(("top", "height", "left", "width"), [(0, 16, 0, 16), (8, 37, 96, 28), (64, 60, 24, 2)])
def test_scale_party_draws_whole_cells_as_in_the_whole_picture(top: int, height: int, left: int, width: int) -> None:
    generator, grid = scale_party(), full_grid(128, 128)
    w = generator.mapping(torch.randn(2, 16))
    whole = generator.synthesis(w, grid)
    rows, cols = slice(top, top + height), slice(left, left + width)
    tile = generator.synthesis(w, Grid(grid.rows[rows], grid.cols[cols]))
    assert (tile - whole[..., rows, cols]).abs().max() < 1e-5 * whole.abs().max()


def centres(side: int) -> Grid:
    """Of so many pixels over what 32 x 32 pixels cover."""
    line = ((torch.arange(side) + 0.5) / side * 32 - 0.5) / 31
    return Grid(line, line)


@torch.no_grad()
def test_scale_party_in_more_cells_shows_the_same_from_edge_to_edge() -> None:
    generator = scale_party()
    w = generator.mapping(torch.randn(1, 16))
    assert torch.allclose(generator.synthesis(w, centres(32)), generator.synthesis(w), atol=1e-5)
    seen = []
    generator.first.convolution.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][0, 0, 0, 4:-4]))
    for side in (32, 64):
        assert generator.synthesis(w, centres(side)).shape == (1, 3, side, side)
    coarse, fine = seen
    assert torch.allclose(F.avg_pool1d(fine[None], 2)[0], coarse, atol=1e-6)


@torch.no_grad()
def test_scale_party_begins_with_the_coordinates_of_cells() -> None:
    generator = scale_party(32, 64)
    seen = []
    generator.first.convolution.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    codes = generator(torch.randn(1, 16))
    assert codes.shape == (1, 3, 32, 64)
    (cells,) = seen
    assert cells.shape == (1, 2, 4 + 8, 8 + 8)
    pixels = 2 * full_grid(32, 64).cols - 1  # eight of them a cell
    middles = F.avg_pool1d(pixels[None], 8)[0]
    assert torch.allclose(cells[0, 0, 0, 4:-4], middles, atol=1e-6)
    assert torch.allclose(cells[0, 0].diff(dim=1), middles.diff()[0], atol=1e-6)
    assert torch.equal(cells[0, 1], cells[0, 1, :, :1].expand(12, 16))  # rows do not know of columns


@torch.no_grad()
@pytest.mark.parametrize("kind", [INRGANGenerator, ScalePartyGenerator])
def test_coordinates_survive_autocast(kind: type[StyleBasedGenerator]) -> None:
    torch.manual_seed(0)
    generator = kind((3, 64, 64), **{**SMALL, "classes": 3}).eval()  # type: ignore[arg-type]
    seen: list[torch.Tensor] = []
    first = generator.blocks[0].places if isinstance(generator, INRGANGenerator) else generator.first  # type: ignore[attr-defined]
    first.register_forward_hook(lambda _, inputs, output: seen.append(output))
    z, label = torch.randn(2, 16), torch.tensor([0, 2])
    exact = generator(z, label)
    with torch.autocast("cpu", torch.bfloat16):
        half = generator(z, label)
    assert seen[1].dtype == torch.float32
    # Styles are of half precision; what coordinates alone decide is not.
    assert torch.allclose(seen[0], seen[1], atol=0.05)
    assert (half - exact).abs().mean() < 0.05 * exact.std()
    assert not torch.allclose(generator(z, torch.tensor([1, 2]))[0], exact[0], atol=1e-3)


def test_scale_party_has_the_published_parameters() -> None:
    """With colours of every stage, added up, and styles of two latents in training."""
    generator = ScalePartyGenerator((3, 256, 256))
    assert count_parameters(generator) == 27_414_423
    assert generator.style_mixing == 0.9


@torch.no_grad()
def test_the_picture_is_the_sum_of_the_stages_colours() -> None:
    generator = scale_party()
    z = torch.randn(1, 16)
    whole = generator(z)
    for colour in generator.colours[:-1]:
        colour.bias += 1.0  # constants are enlarged exactly
    assert torch.allclose(generator(z), whole + len(generator.colours) - 1, atol=1e-5)


def test_scale_party_learns_with_every_parameter() -> None:
    generator = scale_party().train()
    generator(torch.randn(2, 16)).square().mean().backward()
    assert [n for n, p in generator.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (torch.tensor([0.0, 0.1, 0.3]), "evenly spaced"),
        (torch.tensor([0.3, 0.2, 0.1]), "ascend"),
        (torch.tensor([0.5]), "at least two"),
    ],
)
def test_scale_party_refuses_what_it_cannot_place(rows: torch.Tensor, problem: str) -> None:
    generator = scale_party()
    with pytest.raises(ValueError, match=problem):
        generator(torch.randn(1, 16), grid=Grid(rows, torch.linspace(0, 1, 8)))


@torch.no_grad()
@pytest.mark.parametrize(("side", "supersample"), [(40, 8), (100, 4)])
def test_scale_party_is_supersampled_in_pieces_none_of_which_is_empty(side: int, supersample: int) -> None:
    generator = scale_party(64, 64)
    w = generator.mapping(torch.randn(1, 16))
    view = View(side, side, (64, 64), supersample=supersample)
    found = render(generator, w, view)
    drawn = render(generator, w, View(side * supersample, side * supersample, (64, 64)))
    assert found.shape == (3, side, side)
    assert (F.avg_pool2d(drawn, supersample) - found).abs().mean() < 0.05 * found.std()
