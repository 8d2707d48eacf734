"""CREPS against its formulas in float64 numpy; the same picture in tiles, crops, flips and at every scale."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from frugan.networks.base import count_parameters
from frugan.networks.cips import CIPSGenerator
from frugan.networks.creps import CREPSGenerator
from frugan.networks.creps_per_pixel import PerPixelCREPSGenerator
from frugan.networks.style_based import StyleBasedGenerator
from frugan.ops.grid import Grid, full_grid

SMALL = {"latent_dim": 16, "style_dim": 24, "channel_base": 512, "channel_max": 48, "mapping_layers": 2}


def small(side: int = 64, **changes: object) -> CREPSGenerator:
    torch.manual_seed(0)
    generator = CREPSGenerator((3, side, side), **{**SMALL, **changes})  # type: ignore[arg-type]
    for name, parameter in generator.named_parameters():
        if name.endswith("bias"):  # zero at first: a misplaced one would not be noticed
            parameter.data += 0.02 * torch.randn_like(parameter) / (0.01 if name.startswith("map") else 1)
    return generator.eval()


def lrelu(x: np.ndarray) -> np.ndarray:
    return math.sqrt(2) * np.where(x > 0, x, 0.2 * x)


class Formulas:
    """The generator in float64, written from the paper's formulas; images as (N, places, channels)."""

    def __init__(self, generator: CREPSGenerator) -> None:
        self.state = {name: tensor.double().numpy() for name, tensor in generator.state_dict().items()}

    def linear(self, x: np.ndarray, name: str, rate: float = 1.0) -> np.ndarray:
        weight, bias = self.state[f"{name}.weight"], self.state[f"{name}.bias"]
        return x @ weight.T * rate / math.sqrt(weight.shape[1]) + bias * rate

    def modulated(self, x: np.ndarray, w: np.ndarray, name: str, *, colours: bool = False) -> np.ndarray:
        weight = self.state[f"{name}.weight"]
        style = self.linear(w, f"{name}.affine") * (1 / math.sqrt(weight.shape[1]) if colours else 1)
        weights = weight[None] * style[:, None, :]
        if not colours:
            weights = weights / np.sqrt((weights**2).sum(axis=2, keepdims=True) + 1e-8)
        y = np.einsum("noi,npi->npo", weights, x) + self.state[f"{name}.bias"]
        return np.clip(y if colours else lrelu(y), -256, 256)

    def styles(self, z: np.ndarray) -> np.ndarray:
        w = z / np.sqrt((z**2).mean(axis=1, keepdims=True) + 1e-8)
        for i in range(2):
            w = lrelu(self.linear(w, f"map.layers.{i}", rate=0.01))
        return w

    def line(self, w: np.ndarray, t: np.ndarray, slot: int, column: bool) -> list[np.ndarray]:
        """Running sums of one slot's lines (N, R, 32) at each level."""
        frequencies = self.state["enter.frequencies"][0, :, slot]
        theta = 2 * math.pi * t[:, None] * frequencies
        features = np.concatenate([np.sin(theta), np.sin(theta + math.pi / 2)], axis=1)
        channels = features.shape[1]
        styled = self.linear(w, "enter.affine").reshape(len(w), channels, 16)[:, :, slot + 8 * column]
        amplitude = self.state["enter.amplitude"][:, slot + 8 * column]
        x = features[None] * (amplitude * styled)[:, None] / math.sqrt(channels)
        x = self.modulated(x, w, "trunk.first")
        sums: list[np.ndarray] = []
        for level in range(4):
            for layer in range(2):
                x = self.modulated(x, w, f"trunk.blocks.{level}.layers.{layer}")
            drawn = self.modulated(x, w, f"trunk.blocks.{level}.leave", colours=True)
            sums.append(sums[-1] + drawn if sums else drawn)
        return sums

    def decode(self, x: np.ndarray, number: int) -> np.ndarray:
        for i in range(4):
            x = lrelu(self.linear(x, f"chain.decoders.{number}.layers.{i}"))
        return x

    def __call__(self, z: np.ndarray, rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
        w = self.styles(z)
        of_rows = [self.line(w, rows, slot, column=False) for slot in range(8)]
        of_cols = [self.line(w, cols, slot, column=True) for slot in range(8)]
        x = None
        for level in range(4):
            fused = sum(
                np.einsum("nyc,nxc->nyxc", of_rows[slot][level], of_cols[slot][level]) / 2 for slot in range(8)
            ).reshape(len(z), -1, 32)
            x = fused if x is None else self.decode(x, level - 1) + fused
        assert x is not None
        x = self.decode(x, 3)
        colours = self.linear(x, "chain.plain")
        for block in range(2):
            for layer in range(2):
                x = self.modulated(x, w, f"chain.refinement.{block}.layers.{layer}")
            colours = colours + self.modulated(x, w, f"chain.refinement.{block}.leave", colours=True)
        return colours.reshape(len(z), len(rows), len(cols), 3).transpose(0, 3, 1, 2)


@torch.no_grad()
@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_it_is_what_the_formulas_say(kind: torch.dtype, tolerance: float) -> None:
    generator = small().to(kind)
    z = torch.randn(2, 16).to(kind)
    rows, cols = torch.linspace(0.1, 0.8, 21).to(kind), torch.linspace(-0.2, 1.3, 37).to(kind)
    drawn = generator(z, grid=Grid(rows, cols))
    expected = Formulas(generator)(z.double().numpy(), rows.double().numpy(), cols.double().numpy())
    assert drawn.shape == (2, 3, 21, 37)
    assert np.abs(drawn.numpy() - expected).max() < tolerance * np.abs(expected).max()


@pytest.mark.parametrize(
    ("side", "count"), [(128, 29_200_521), (256, 29_951_945), (512, 30_288_905), (1024, 30_455_497)]
)
def test_parameter_counts(side: int, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(CREPSGenerator((3, side, side))) == count


@pytest.mark.parametrize(("side", "count"), [(128, 18_838_815), (256, 44_317_092), (512, 145_124_329)])
def test_parameter_counts_of_cips(side: int, count: int) -> None:
    with torch.device("meta"):
        assert count_parameters(CIPSGenerator((3, side, side), noise=True)) == count


@torch.no_grad()
@pytest.mark.parametrize(
    ("top", "height", "left", "width"), [(0, 16, 0, 16), (5, 37, 100, 28), (64, 64, 64, 64), (1, 100, 3, 61)]
)
def test_a_tile_is_a_crop_is_a_piece_of_the_whole_to_the_last_bit(top: int, height: int, left: int, width: int) -> None:
    generator, grid = small(), full_grid(128, 128)
    w = generator.mapping(torch.randn(2, 16))
    whole, lines = generator.synthesis(w, grid), generator.lines(w, grid)
    rows, cols = slice(top, top + height), slice(left, left + width)
    piece = whole[..., rows, cols]
    assert torch.equal(generator.synthesis(w, Grid(grid.rows[rows], grid.cols[cols])), piece)
    assert torch.equal(generator.shade(lines.rows[..., rows], lines.cols[..., cols], w), piece)


@torch.no_grad()
@pytest.mark.parametrize("kind", [CREPSGenerator, PerPixelCREPSGenerator, CIPSGenerator])
def test_coordinates_alone_decide_over_a_pixel(kind: type[StyleBasedGenerator]) -> None:
    torch.manual_seed(0)
    generator = kind((3, 32, 32), **SMALL).eval()  # type: ignore[arg-type]
    w = generator.mapping(torch.randn(1, 16))
    rows, cols = full_grid(33, 65)
    image = generator.synthesis(w, Grid(rows, cols))
    order = torch.randperm(33)
    assert (generator.synthesis(w, Grid(rows[order], cols)) - image[:, :, order]).abs().max() < 1e-5
    assert (generator.synthesis(w, Grid(rows, cols.flip(0))) - image.flip(3)).abs().max() < 1e-5
    nested = generator.synthesis(w, Grid(rows[::2], cols[::2]))
    assert (nested - image[:, :, ::2, ::2]).abs().max() < 1e-5
    assert (generator.synthesis(w) - generator.synthesis(w, full_grid(32, 32))).abs().max() < 1e-5 * image.abs().max()
    assert (image[:, :, 0] - image[:, :, -1]).abs().max() > 0.01  # rows do matter, and columns:
    assert (image[..., 0] - image[..., -1]).abs().max() > 0.01


@torch.no_grad()
def test_rows_are_the_height() -> None:
    generator = small()
    w = generator.mapping(torch.randn(1, 16))
    image = generator.synthesis(w, Grid(torch.linspace(0, 1, 20), torch.full((30,), 0.3)))
    assert torch.equal(image, image[..., :1].expand_as(image))
    assert image.std(dim=2).min() > 0.01


def test_depth_and_shape_are_settings_of_their_own() -> None:
    tall = CREPSGenerator((3, 32, 96), levels=2, **SMALL)  # type: ignore[arg-type]
    assert tall(torch.randn(2, 16)).shape == (2, 3, 32, 96)
    assert tall.num_styles == 7
    assert len(tall.trunk.blocks) == 2
    assert small(levels=3).num_styles == 9


@pytest.mark.parametrize(
    "changes",
    [
        {"decodes": False},
        {"layerwise": False},
        {"thickness": 4},
        {"separate_axes": True},
        {"modulated_decoders": True},
    ],
    ids=str,
)
def test_departures_draw_something_else_and_train(changes: dict[str, object]) -> None:
    generator = small(16, **changes).train()
    z = torch.randn(2, 16)
    image = generator(z)
    image.square().mean().backward()
    idle = [name for name, p in generator.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    assert idle == []
    assert (image - small(16)(z)).abs().max() > 0.01


@torch.no_grad()
def test_lines_composed_once_are_those_that_all_levels_add_up_to() -> None:
    """Table 4, "+ bi-line": one product, of the last level's lines, which the rest of the network sees."""
    once, layerwise = small(layerwise=False), small(decodes=False)
    once.load_state_dict(layerwise.state_dict())
    w, grid = once.mapping(torch.randn(2, 16)), full_grid(16, 16)
    lines, all_lines = once.lines(w, grid), layerwise.lines(w, grid)
    assert torch.equal(lines.rows, all_lines.rows[:, -1:])
    product = torch.einsum("ncdy,ncdx->ncyx", all_lines.rows[:, -1], all_lines.cols[:, -1])
    expected = once.chain([product.flatten(2)], w[:, -1]).unflatten(2, (16, 16))
    assert torch.allclose(once.synthesis(w, grid), expected, atol=1e-5)


def test_every_parameter_learns_and_no_other_is_kept() -> None:
    generator = small().train()
    generator(torch.randn(4, 16)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in generator.parameters())
    assert set(dict(generator.named_buffers())) == {"map.average", "enter.frequencies", "enter.phases"}


def test_separate_axes_break_the_symmetry_of_rows_and_columns() -> None:
    shared, separate = small().enter, small(separate_axes=True).enter
    assert shared.frequencies.shape[0] == 1
    assert separate.frequencies.shape[0] == 2
    assert separate.phases.std() > 0.1
    assert shared.phases.abs().max() == 0


def test_gradients_through_coordinates_and_twice_through_styles() -> None:
    # Every input is moved by itself, twice: so few styles and channels, but two levels.
    narrow = {"style_dim": 4, "channel_base": 64, "channel_max": 8, "line_channels": 4, "thickness": 2}
    generator = small(16, bandwidth=1.0, **narrow).double()
    w = generator.mapping(torch.randn(1, 16).double()).detach()[:, :1].requires_grad_()
    rows = torch.tensor([0.13, 0.41, 0.87]).double().requires_grad_()

    def draw(style: Tensor, at: Tensor) -> Tensor:
        styles = style.expand(-1, generator.num_styles, -1)
        lines = generator.lines(styles, Grid(at, torch.tensor([0.2, 0.7]).double()))
        return generator.shade(lines.rows, lines.cols, styles).mean(dim=1)

    assert torch.autograd.gradcheck(draw, (w, rows), atol=1e-6)
    assert torch.autograd.gradgradcheck(draw, (w, rows), atol=1e-5, nondet_tol=1e-10)


def test_checkpoints_change_memory_and_nothing_else() -> None:
    z = torch.randn(2, 16)
    gradients = []
    for checkpoints in (False, True):
        generator = small(16, checkpoints=checkpoints).train()
        styles = generator.mapping(z)
        image = generator.synthesis(styles)
        direction = torch.ones_like(image)
        (first,) = torch.autograd.grad((image * direction).sum(), styles, create_graph=True)
        (first.square().sum() + image.square().sum()).backward()  # as path-length regularisation does
        gradients.append([p.grad for p in generator.parameters()])
    for plain, again in zip(*gradients, strict=True):
        assert plain is not None
        assert again is not None
        assert torch.allclose(plain, again, rtol=1e-4, atol=1e-6)


@torch.no_grad()
def test_points_equal_the_picture_they_lie_in() -> None:
    generator, grid = small(), full_grid(24, 17)
    w = generator.mapping(torch.randn(2, 16))
    image = generator.synthesis(w, grid)
    y, x = torch.meshgrid(*grid, indexing="ij")
    rows = generator.lines(w, Grid(y.flatten(), grid.cols[:1])).rows
    cols = generator.lines(w, Grid(grid.rows[:1], x.flatten())).cols
    assert (generator.shade_points(rows, cols, w) - image.flatten(2)).abs().max() < 1e-5 * image.abs().max()


@torch.no_grad()
def test_truncation_pulls_styles_towards_their_mean() -> None:
    generator = small()
    generator.map.average.fill_(0.5)
    z = torch.randn(2, 16)
    assert torch.allclose(generator.truncated_mapping(z, truncation=0.0), torch.tensor(0.5))
    assert torch.equal(generator.truncated_mapping(z), generator.mapping(z))


@torch.no_grad()
def test_phases_survive_autocast() -> None:
    generator, grid = small(), full_grid(64, 64)
    w = generator.mapping(torch.randn(1, 16))[:, 0]
    with torch.autocast("cpu", torch.bfloat16):
        half = generator.enter(w, *grid)
    assert torch.equal(half, generator.enter(w, *grid))


def test_cips_noise_is_for_training_only() -> None:
    generator = CIPSGenerator((3, 16, 16), noise=True, **SMALL)  # type: ignore[arg-type]
    for name, parameter in generator.named_parameters():
        if name.endswith("noise_strength"):
            parameter.data.fill_(0.5)
    w = generator.mapping(torch.randn(1, 16)).detach()
    assert not torch.equal(generator.synthesis(w), generator.synthesis(w))
    generator.eval()
    assert torch.equal(generator.synthesis(w), generator.synthesis(w))
