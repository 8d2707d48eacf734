"""INR-GAN against its formula in numpy, and ScaleParty, whose tiles and scales are exact without padding."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from frugan.networks.base import ResizableGenerator
from frugan.networks.inr_gan import INRGANGenerator, _FactorisedLinear, _Places
from frugan.networks.scale_party import ScalePartyGenerator
from frugan.ops.grid import Grid, full_grid

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
def test_waves_are_octaves_along_both_sides_and_the_diagonals() -> None:
    places = _Places(32)
    drawn = places(32)[0]
    assert drawn.shape == (2 * 4 * 5 + 128, 32, 32)
    t = 2 * torch.arange(32) / 32 - 1
    assert torch.allclose(drawn[1], (2 * math.pi * t).sin()[:, None].expand(32, 32), atol=1e-6)
    assert torch.allclose(drawn[20 + 5], (math.pi * t).cos().expand(32, 32), atol=1e-6)
    assert torch.allclose(drawn[15], (math.pi * (t[:, None] - t)).sin(), atol=1e-6)
    assert torch.equal(drawn[40:], places.constants)
    assert len(_Places(128).waves) == 2 * 7 + 32  # no diagonals, random waves


@pytest.mark.parametrize(("side", "styles"), [(16, 7), (32, 9), (64, 11), (128, 14)])
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
    with pytest.raises(ValueError, match="power-of-two side from 8, got 48 x 48"):
        inr_gan(48)


@torch.no_grad()
@pytest.mark.parametrize(("top", "height", "left", "width"), [(0, 16, 0, 16), (5, 37, 100, 28), (1, 100, 3, 2)])
def test_scale_party_tiles_are_pieces_of_the_whole(top: int, height: int, left: int, width: int) -> None:
    generator, grid = scale_party(), full_grid(128, 128)
    w = generator.mapping(torch.randn(2, 16))
    whole = generator.synthesis(w, grid)
    rows, cols = slice(top, top + height), slice(left, left + width)
    tile = generator.synthesis(w, Grid(grid.rows[rows], grid.cols[cols]))
    assert (tile - whole[..., rows, cols]).abs().max() < 1e-5 * whole.abs().max()
    flipped = generator.synthesis(w, Grid(grid.rows.flip(0)[rows], grid.cols))
    assert (flipped - whole.flip(2)[..., rows, :]).abs().max() < 1e-5 * whole.abs().max()


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


def test_scale_party_learns_with_every_parameter() -> None:
    generator = scale_party().train()
    generator(torch.randn(2, 16)).square().mean().backward()
    assert [n for n, p in generator.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []


@pytest.mark.parametrize(
    ("rows", "problem"), [(torch.tensor([0.0, 0.1, 0.3]), "evenly spaced"), (torch.tensor([0.5]), "at least two")]
)
def test_scale_party_refuses_what_it_cannot_place(rows: torch.Tensor, problem: str) -> None:
    generator = scale_party()
    with pytest.raises(ValueError, match=problem):
        generator(torch.randn(1, 16), grid=Grid(rows, torch.linspace(0, 1, 8)))
