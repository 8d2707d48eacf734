"""Pictures of the studio against those of the use cases, to the last bit."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import frugan
from frugan.ops.view import View
from frugan.rendering.render import render
from frugan.rendering.tile import CancelledError, Window, draw_tile
from frugan.requests.frame import Outside
from frugan.studio.asked import Source, TileWish, Wish
from frugan.studio.kept import Kept
from frugan.studio.line_up import BusyError, LineUp
from frugan.studio.rendering import Painter
from frugan.system.errors import ArgumentError, UserError


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter()


@pytest.mark.parametrize("outside", ["extrapolate", "clamp", "mirror", "mask"])
@pytest.mark.parametrize("corner", [(0, 0), (300, 77), (472, 372)])
def test_a_tile_is_the_same_cut_of_render(
    world: Path, painter: Painter, tmp_path: Path, corner: tuple[int, int], outside: Outside
) -> None:
    frame = frugan.Frame((600, 500), centres=True, fit="stretch", outside=outside)
    made = frugan.render(world / "creps", tmp_path / "whole.png", frugan.Drawing([3], 0.8), frame, device="cpu")
    whole = np.asarray(Image.open(made.file))
    tile = TileWish((600, 500), corner, (128, 128), outside)
    drawn = painter.tile(Source(world / "creps"), Wish(seed=3, truncation=0.8), tile)
    left, top = corner
    assert np.array_equal(drawn, whole[top : top + 128, left : left + 128])


def test_float_tiles_too_with_several_samples_a_pixel_and_however_narrow(world: Path) -> None:
    model = frugan.load(world / "creps")
    w = model.styles([5])
    view = View(90, 120, (32, 32), centres=True, fit="stretch", supersample=2)
    whole = render(model.generator, w, view)
    for top, left, height, width in ((0, 0, 90, 120), (10, 20, 64, 50), (3, 7, 5, 2), (89, 119, 1, 1)):
        drawn = draw_tile(model.generator, w, view, Window(top, left, height, width))
        assert torch.equal(drawn, whole[:, top : top + height, left : left + width])


def test_far_away_phases_keep_their_precision(world: Path) -> None:
    """Against the whole network in float64."""
    model = frugan.load(world / "creps")
    w, view = model.styles([1]), View(64, 64, (32, 32), centres=True, fit="stretch")
    exact = frugan.load(world / "creps").generator.double()
    for far in (0, 1_000, 100_000):
        window = Window(-far * 64, far * 64, 64, 64)
        found = draw_tile(model.generator, w, view, window)
        with torch.no_grad():
            y, x = view.window(range(window.top, window.top + 64), range(window.left, window.left + 64))
            expected = exact.synthesis(w.double(), frugan.Grid(y, x))[0]
        assert float((found - expected).abs().max()) * 127.5 < 0.02, far


def test_seeds_are_those_of_sample_and_wishes_meet_at_their_ends(world: Path, painter: Painter) -> None:
    source = Source(world / "tiny")
    expected = frugan.load(world / "tiny").sample(range(16), 0.7)
    for seed in (0, 9):
        drawn = painter.picture(source, Wish(seed=seed, truncation=0.7))
        assert np.array_equal(drawn, ((expected[seed] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy())
    for place in ("tiny", "creps"):
        source = Source(world / place)
        other = painter.picture(source, Wish(seed=4)).astype(int)
        there = painter.picture(source, Wish(seed=3, others=(4,), parts=(1.0,))).astype(int)
        varied = painter.picture(source, Wish(seed=3, variation=4, distance=1.0)).astype(int)
        assert abs(there - other).max() <= 1
        assert abs(varied - other).max() <= 1
        assert abs(painter.picture(source, Wish(seed=3, others=(4,), parts=(0.5,))).astype(int) - other).max() > 1


def test_styles_mix_where_there_are_styles(world: Path, painter: Painter) -> None:
    creps = Source(world / "creps")
    layers = painter.facts(creps).layers
    other = painter.picture(creps, Wish(seed=4)).astype(int)
    mixed = painter.picture(creps, Wish(seed=3, style=4, layers=(0, layers - 1))).astype(int)
    assert abs(mixed - other).max() <= 1
    with pytest.raises(ArgumentError, match="no styles that can be mixed"):
        painter.picture(Source(world / "tiny"), Wish(seed=3, style=4))
    with pytest.raises(UserError, match="draws codes for a decoder"):
        painter.tile(Source(world / "tiny"), Wish(), TileWish((64, 64), (0, 0)))


def test_a_tile_that_nobody_wants_ends_between_two_pieces(world: Path) -> None:
    model = frugan.load(world / "creps")
    asked = iter([True, True, False])
    view = View(512, 512, (32, 32), centres=True, fit="stretch")
    with pytest.raises(CancelledError):
        draw_tile(model.generator, model.styles([1]), view, Window(0, 0, 512, 512), wanted=lambda: next(asked))


def test_neighbours_share_lines(world: Path) -> None:
    model = frugan.load(world / "creps")
    asked: list[str] = []
    kept: Kept[torch.Tensor] = Kept(2**24, lambda t: t.numel() * 4)

    def keeper(name: tuple[object, ...], compute: object) -> torch.Tensor:
        asked.extend([str(name[0])] if kept.get(name) is None else [])
        return kept.or_computed(name, compute)  # type: ignore[arg-type]

    view = View(512, 512, (32, 32), centres=True, fit="stretch")
    for left in (0, 128, 256):
        draw_tile(model.generator, model.styles([1]), view, Window(0, left, 128, 128), keeper)
    assert sorted(asked) == ["cols", "cols", "cols", "rows"]


def test_the_newest_is_first_the_dropped_never_and_too_many_are_refused() -> None:
    line_up, begun, go, done = LineUp(most=3), threading.Event(), threading.Event(), []

    def first(wanted: object) -> None:
        begun.set()
        go.wait(5)

    line_up.ask(first)
    begun.wait(5)
    tickets = [line_up.ask(lambda wanted, number=number: done.append(number)) for number in range(4)]  # type: ignore[misc]
    with pytest.raises(BusyError):
        tickets[0].result.result(5)
    tickets[2].drop()
    go.set()
    tickets[1].result.result(5)
    assert done == [3, 1]
    assert line_up.left_out == 1
    line_up.end()


def test_kept_stays_within_its_bound() -> None:
    kept: Kept[bytes] = Kept(10, len)
    for name in range(20):
        kept.put(name, b"1234")
    assert [name for name in range(20) if kept.get(name)] == [18, 19]
    assert kept.put("large", b"1" * 50) == kept.get("large")
