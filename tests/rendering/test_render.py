"""Pictures at any size: views against what they must equal, and files that are whole or absent."""

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from frugan.networks.anyres import AnyresGANGenerator
from frugan.networks.cips import CIPSGenerator
from frugan.networks.creps import CREPSGenerator
from frugan.networks.scale_party import ScalePartyGenerator
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.ops.grid import Grid, full_grid
from frugan.ops.view import View, fisheye, sampled, wave
from frugan.rendering.render import Rendering, draw_points, render, render_strips
from frugan.system.errors import UserError
from frugan.writing.strips import write_strips

SMALL = {"latent_dim": 16, "style_dim": 24, "channel_base": 512, "channel_max": 32, "mapping_layers": 2}
SIDE = (32, 32)


@pytest.fixture(scope="module")
def w(generator: CREPSGenerator) -> Tensor:
    torch.manual_seed(1)
    with torch.no_grad():
        return generator.mapping(torch.randn(1, 16))


@pytest.fixture(scope="module")
def picture(generator: CREPSGenerator, w: Tensor) -> Tensor:
    with torch.no_grad():
        return generator.synthesis(w, full_grid(96, 96))[0]


def decibels(found: Tensor, expected: Tensor) -> float:
    spread = expected.max() - expected.min()
    return float(10 * torch.log10(spread**2 / (found - expected).square().mean()))


def same_place(y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    return y, x


@pytest.mark.parametrize(("height", "width"), [(65, 99), (131, 257), (33, 64)])
@pytest.mark.parametrize("tile", [32, 33, 64])
def test_odd_sizes_too(generator: CREPSGenerator, w: Tensor, height: int, width: int, tile: int) -> None:
    with torch.no_grad():
        grid = Grid(*(torch.linspace(0, 1, size, dtype=torch.float64).float() for size in (height, width)))
        whole = generator.synthesis(w, grid)[0]
    assert torch.equal(render(generator, w, View(height, width, SIDE, fit="stretch"), Rendering(tile)), whole)


@pytest.mark.parametrize("tile", [32, 40, 64, 96])
def test_strips_are_the_picture_to_the_last_bit(
    generator: CREPSGenerator, w: Tensor, picture: Tensor, tile: int
) -> None:
    assert torch.equal(render(generator, w, View(96, 96, SIDE), Rendering(tile)), picture)
    assert torch.equal(render(generator, w, View(96, 96, SIDE), Rendering(tile, workers=3)), picture)
    bent = View(50, 50, SIDE, rotate=20)
    assert torch.equal(
        render(generator, w, bent, Rendering(tile, workers=3)), render(generator, w, bent, Rendering(tile))
    )


@pytest.mark.parametrize("turns", [-1, 1, 2, 3])
def test_quarter_turns_turn_the_picture(generator: CREPSGenerator, w: Tensor, picture: Tensor, turns: int) -> None:
    turned = render(generator, w, View(96, 96, SIDE, rotate=90 * turns))
    assert (turned - picture.rot90(turns, (1, 2))).abs().max() < 1e-5


def test_quarter_turns_of_a_long_picture(generator: CREPSGenerator, w: Tensor) -> None:
    """Turned, it is seen through a tall frame: the same pixels as through a long one."""
    box = (0.1, 0.3, 0.9, 0.7)
    lying = render(generator, w, View(20, 40, SIDE, crop=box))
    standing = render(generator, w, View(40, 20, SIDE, crop=(0.3, 0.1, 0.7, 0.9), rotate=90))
    assert (standing - lying.rot90(1, (1, 2))).abs().max() < 1e-5


def test_the_general_renderer_agrees_where_both_can(generator: CREPSGenerator, w: Tensor, picture: Tensor) -> None:
    bent = View(96, 96, SIDE, warp=same_place)
    assert (render(generator, w, bent, Rendering(exact=True)) - picture).abs().max() < 1e-5
    assert decibels(render(generator, w, bent), picture) > 60
    quarter = render(generator, w, View(96, 96, SIDE, warp=same_place, rotate=90), Rendering(exact=True))
    assert (quarter - picture.rot90(1, (1, 2))).abs().max() < 2e-5


def test_the_table_is_good_enough_and_denser_is_better(generator: CREPSGenerator, w: Tensor) -> None:
    view = View(64, 64, SIDE, rotate=30)
    exact = render(generator, w, view, Rendering(exact=True))
    errors = [decibels(render(generator, w, view, Rendering(density=density)), exact) for density in (256, 512, 2048)]
    assert errors[-1] > 60
    assert errors[0] + 6 < errors[1] < errors[2] - 12  # 12 dB for each doubling where lines are smooth


def test_turning_by_30_degrees_turns_what_is_seen(generator: CREPSGenerator, w: Tensor) -> None:
    """The middle row of the turned picture runs through the straight one along a slanted line."""
    view = View(65, 65, SIDE, rotate=30)
    row = render(generator, w, view, Rendering(exact=True))[:, 32]
    along = torch.linspace(-0.5, 0.5, 65)
    y, x = 0.5 + along * np.sin(np.radians(30)), 0.5 + along * np.cos(np.radians(30))
    with torch.no_grad():
        assert (draw_points(generator, w, y, x)[0] - row).abs().max() < 1e-4


def test_zoom_shift_and_crop_are_slices_of_a_larger_picture(generator: CREPSGenerator, w: Tensor) -> None:
    with torch.no_grad():
        large = generator.synthesis(w, full_grid(101, 101))[0]
    zoomed = render(generator, w, View(51, 51, SIDE, zoom=2))
    assert (zoomed - large[:, 25:76, 25:76]).abs().max() < 1e-4
    shifted = render(generator, w, View(51, 51, SIDE, zoom=2, shift=(0.25, -0.25)))
    assert (shifted - large[:, :51, 50:]).abs().max() < 1e-4
    cropped = render(generator, w, View(21, 41, SIDE, crop=(0.1, 0.3, 0.5, 0.5), fit="stretch"))
    assert (cropped - large[:, 30:51, 10:51]).abs().max() < 1e-4


def test_fit_crops_stretches_or_shows_more(generator: CREPSGenerator) -> None:
    def extent(**frame: object) -> tuple[float, float]:
        grid = View(10, 20, SIDE, **frame).grid()  # type: ignore[arg-type]
        assert grid is not None
        return (grid.rows[-1] - grid.rows[0]).item(), (grid.cols[-1] - grid.cols[0]).item()

    assert extent(fit="stretch") == pytest.approx((1, 1))
    assert extent(fit="crop") == pytest.approx((0.5, 1))
    assert extent(fit="extend") == pytest.approx((1, 2))
    tall = View(20, 10, SIDE, fit="crop").grid()
    assert tall is not None
    assert (tall.cols[-1] - tall.cols[0]).item() == pytest.approx(0.5)
    wide = View(10, 20, (10, 20)).grid()  # of a picture that is as wide itself
    assert wide is not None
    assert (wide.cols[0].item(), wide.cols[-1].item()) == pytest.approx((0, 1))
    assert torch.allclose(wide.rows.diff(), wide.cols.diff()[:9], atol=1e-6)  # circles stay round
    assert (wide.rows[0] + wide.rows[-1]).item() == pytest.approx(1)


def test_centres_lie_where_area_averages_do() -> None:
    same = View(32, 32, SIDE, centres=True).grid()
    assert same is not None
    assert torch.allclose(same.rows, full_grid(*SIDE).rows, atol=1e-7)
    fine = View(64, 64, SIDE, centres=True).grid()
    assert fine is not None
    assert torch.allclose(fine.rows.view(32, 2).mean(dim=1), same.rows, atol=1e-6)


def test_supersampling_is_the_mean_of_finer_samples(generator: CREPSGenerator, w: Tensor) -> None:
    fine = render(generator, w, View(64, 64, SIDE, centres=True))
    smooth = render(generator, w, View(16, 16, SIDE, centres=True, supersample=4))
    assert (smooth - fine.view(3, 16, 4, 16, 4).mean(dim=(2, 4))).abs().max() < 1e-4


def test_what_lies_outside(generator: CREPSGenerator, w: Tensor) -> None:
    def seen(outside: str) -> Tensor:
        return render(generator, w, View(41, 41, SIDE, zoom=0.5, outside=outside))  # type: ignore[arg-type]

    free, inside = seen("extrapolate"), slice(10, 31)
    for outside in ("clamp", "mirror", "mask"):
        assert (seen(outside)[:, inside, inside] - free[:, inside, inside]).abs().max() < 1e-5
    assert (seen("clamp")[:, :, :10] - seen("clamp")[:, :, 10:11]).abs().max() < 1e-5
    assert (seen("mirror")[:, :10] - seen("mirror")[:, 11:21].flip(1)).abs().max() < 1e-4
    assert (seen("mask")[:, :10] == -1).all()
    assert free[:, :10].std() > 0.01
    turned = render(generator, w, View(41, 41, SIDE, rotate=45, outside="mask"))
    assert (turned[:, 0, 0] == -1).all()
    assert (turned[:, 20, 20] != -1).any()


def test_warps_keep_what_they_should(generator: CREPSGenerator) -> None:
    middle = torch.tensor([0.5]), torch.tensor([0.5])
    assert torch.cat(fisheye(*middle)).tolist() == [0.5, 0.5]
    edge = fisheye(torch.tensor([0.0]), torch.tensor([0.5]))
    assert torch.cat(edge).tolist() == pytest.approx([0.0, 0.5])
    assert torch.cat(wave(*middle)).tolist() == pytest.approx([0.5, 0.5], abs=1e-6)
    y, x = torch.meshgrid(torch.linspace(0, 1, 5), torch.linspace(0, 1, 9), indexing="ij")
    field = torch.stack([y**2, x], dim=-1).double()
    assert torch.allclose(sampled(field)(y.double(), x.double())[0], (y**2).double(), atol=1e-6)


def test_gradients_reach_styles_and_places(generator: CREPSGenerator, w: Tensor) -> None:
    exact, styles = copy.deepcopy(generator).double(), w.double().requires_grad_()
    for density in (None, 4096.0):
        y, x = (torch.tensor(t).double().requires_grad_() for t in ([0.21, 0.77], [0.4, 0.63]))
        drawn = draw_points(exact, styles, y, x, density)[0, 0, 0]
        gradients = torch.autograd.grad(drawn, (styles, y, x))
        assert all(gradient.abs().max() > 0 for gradient in gradients)
        step = 1e-7  # smaller than the way to the next kink
        with torch.no_grad():
            after, before = (draw_points(exact, styles, y + s, x, density)[0, 0, 0] for s in (step, -step))
        assert (after - before).item() / (2 * step) == pytest.approx(
            gradients[1][0].item(), rel=0.3 if density else 1e-4
        )


def test_other_generators_render_what_they_can() -> None:
    torch.manual_seed(0)
    cips = CIPSGenerator((3, *SIDE), **SMALL).eval()  # type: ignore[arg-type]
    styles = cips.mapping(torch.zeros(1, 16).normal_()).detach()
    turned = render(cips, styles, View(40, 40, SIDE, rotate=90))
    upright = render(cips, styles, View(40, 40, SIDE), Rendering(tile=32))
    assert (turned - upright.rot90(1, (1, 2))).abs().max() < 1e-4
    with pytest.raises(UserError, match="has no lines"):
        render(cips, styles, View(40, 40, SIDE, rotate=30))
    convolutional = StyleGAN2Generator((3, *SIDE), **SMALL).eval()  # type: ignore[arg-type]
    with pytest.raises(UserError, match="draws 32 x 32 pixels and no other size"):
        render(convolutional, convolutional.mapping(torch.zeros(1, 16)), View(40, 40, SIDE))


@torch.no_grad()
def test_convolutions_of_windows_render_any_size_in_tiles() -> None:
    torch.manual_seed(0)
    settings = {**SMALL, "layers": 6, "channel_base": 256, "channel_max": 16, "magnitude_kimg": 0.0005}
    generator = AnyresGANGenerator((3, *SIDE), **settings)  # type: ignore[arg-type]
    for _ in range(4):
        generator(torch.randn(8, 16))
    generator.eval()
    styles = generator.mapping(torch.randn(1, 16))
    assert torch.equal(
        render(generator, styles, View(32, 32, SIDE), Rendering(tile=32)), generator.synthesis(styles)[0]
    )
    # Tiles overlap: what lies beyond their margins does not reach what is kept of them.
    tiled = render(generator, styles, View(96, 80, SIDE), Rendering(tile=32))
    whole = generator.synthesis(styles, View(96, 80, SIDE).grid())[0]
    assert tiled.shape == (3, 96, 80)
    assert decibels(tiled, whole) > 120
    # A picture that is turned is drawn upright.
    upright = render(generator, styles, View(48, 48, SIDE), Rendering(tile=64))
    for quarters in (1, 2, 3):
        turned = render(generator, styles, View(48, 48, SIDE, rotate=90 * quarters), Rendering(tile=64))
        assert (turned - upright.rot90(quarters, (1, 2))).abs().max() < 1e-4
    with pytest.raises(UserError, match="evenly spaced, and ascend"):
        render(generator, styles, View(48, 48, SIDE, zoom=0.5, outside="mirror"))
    with pytest.raises(UserError, match="at least two rows"):
        render(generator, styles, View(1, 48, SIDE))
    with pytest.raises(UserError, match="has no lines"):
        render(generator, styles, View(48, 48, SIDE, rotate=30))


@torch.no_grad()
def test_tiles_of_whole_cells_are_the_picture() -> None:
    torch.manual_seed(0)
    generator = ScalePartyGenerator((3, *SIDE), **SMALL).eval()  # type: ignore[arg-type]
    styles = generator.mapping(torch.randn(1, 16))
    view = View(100, 90, SIDE, fit="stretch")
    whole = generator.synthesis(styles, view.grid())[0]
    assert (render(generator, styles, view, Rendering(tile=40)) - whole).abs().max() < 1e-4 * whole.abs().max()


def test_views_that_are_no_numbers_or_too_far_are_refused(generator: CREPSGenerator, w: Tensor) -> None:
    for frame in ({"zoom": float("nan")}, {"zoom": float("inf")}, {"rotate": float("nan")}, {"zoom": -1.0}):
        with pytest.raises(ValueError, match=r"zoom|rotate"):
            View(8, 8, SIDE, **frame)  # type: ignore[arg-type]
    pixels = torch.stack(torch.meshgrid(torch.arange(4.0), 5000 * torch.arange(4.0), indexing="ij"), dim=-1)
    with pytest.raises(UserError, match="spans 15000 pictures"):
        render(generator, w, View(8, 8, SIDE, warp=sampled(pixels.double())))


def test_one_pixel_is_the_middle() -> None:
    grid = View(1, 1, SIDE).grid()
    assert grid is not None
    assert grid.rows.tolist() == grid.cols.tolist() == [0.5]


def test_a_mask_leaves_the_edges_of_a_supersampled_picture(generator: CREPSGenerator, w: Tensor) -> None:
    free, masked = (render(generator, w, View(16, 16, SIDE, supersample=2, outside=o)) for o in ("extrapolate", "mask"))  # type: ignore[arg-type]
    assert torch.equal(free, masked)


def stripes(width: int, height: int) -> Iterator[np.ndarray]:
    whole = gradient(width, height)
    for top in range(0, height, 50):
        yield whole[top : top + 50]


def gradient(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([y % 256, x % 256, (x + y) % 256], axis=-1).astype(np.uint8)


def test_tiff_of_many_strips(tmp_path: Path) -> None:
    write_strips(tmp_path / "large.tif", stripes(3001, 707), 3001, 707)
    picture = Image.open(tmp_path / "large.tif")
    assert len(picture.tag_v2[273]) > 3  # strips
    assert (np.array(picture) == gradient(3001, 707)).all()


def test_deep_zoom_leaves_other_folders_alone_and_errors_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "a_files").mkdir()
    (tmp_path / "a_files" / "precious.txt").write_text("")
    with pytest.raises(UserError, match="is no picture's"):
        write_strips(tmp_path / "a.dzi", stripes(30, 30), 30, 30)
    write_strips(tmp_path / "b.dzi", stripes(30, 30), 30, 30)
    write_strips(tmp_path / "b.dzi", stripes(40, 30), 40, 30)  # its own may be replaced

    def failing() -> Iterator[np.ndarray]:
        yield gradient(30, 10)
        raise UserError("no more")

    for ending in (".dzi", ".png", ".tif"):
        with pytest.raises(UserError, match="no more"):
            write_strips(tmp_path / f"c{ending}", failing(), 30, 30)
    assert {path.name for path in tmp_path.iterdir()} == {"a_files", "b.dzi", "b_files"}


@pytest.mark.parametrize("ending", [".png", ".tif", ".dzi"])
def test_files_hold_the_picture(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"large{ending}"
    write_strips(path, stripes(700, 330), 700, 330)
    if ending != ".dzi":
        assert (np.array(Image.open(path)) == gradient(700, 330)).all()
        return
    assert 'Width="700" Height="330"' in path.read_text()
    folder = tmp_path / "large_files"
    assert sorted(int(level.name) for level in folder.iterdir()) == list(range(11))
    whole = np.concatenate(
        [
            np.concatenate([np.array(Image.open(folder / "10" / f"{x}_{y}.png")) for x in range(3)], axis=1)
            for y in range(2)
        ]
    )
    assert (whole == gradient(700, 330)).all()
    assert Image.open(folder / "9" / "1_0.png").size == (94, 165)
    assert Image.open(folder / "0" / "0_0.png").size == (1, 1)
    pixel = gradient(700, 330)[:2, :2].astype(float).mean(axis=(0, 1))
    assert np.abs(np.array(Image.open(folder / "9" / "0_0.png"))[0, 0] - pixel).max() <= 0.5


def test_progress_counts_rows(generator: CREPSGenerator, w: Tensor) -> None:
    seen: list[tuple[int, int]] = []
    list(render_strips(generator, w, View(100, 20, SIDE), Rendering(32), lambda *rows: seen.append(rows)))
    assert seen == [(25, 100), (50, 100), (75, 100), (100, 100)]
