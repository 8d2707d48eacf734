"""One picture of a generator at any size: strip by strip, with the memory of its lines and of one strip.

Lines are computed once along each side; where they meet, tiles are shaded one after the other, small enough for the
cache. A view that is turned or bent has no lines of its own: it takes those of a fine table, or of each place.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.networks.base import Generator, LineGenerator
from frugan.ops.grid import Grid
from frugan.ops.view import Axes, View
from frugan.system.errors import UserError

_CHUNK = 512  # positions of a line that go through the trunk at once
_PLACES = 1024  # of a bent view that are shaded at once: each has all its lines, some kilobytes
DENSITY = 2048.0  # samples of the table along a side of the picture: 70 dB to the exact one, with random weights
_FARTHEST = 1000  # pictures from one end of a bent view to the other: a warp in pixels would reach farther
_MOST_SAMPLES = 2**16  # of a table: coarser where so much is seen that details are lost anyway
_FILLED = -1.0  # what is shown where nothing is: black


@dataclass(frozen=True)
class Rendering:
    """How a view is computed.

    Args:
        tile: side of the tiles, in samples; from 32 on, they are a whole picture's to the last bit on CPUs.
        exact: evaluate bent views at each place instead of between samples of a table.
        density: of that table: samples along a side of the picture.
        workers: threads that shade tiles beside each other. Tiles are too small for the threads of torch, which had
            better be set to 1 then.
    """

    tile: int = 64
    exact: bool = False
    density: float = DENSITY
    workers: int = 1


DEFAULT = Rendering()
# `map`, or the same on several threads.
Each = Callable[..., Iterable[Tensor]]


@torch.no_grad()
def render_strips(
    generator: Generator,
    w: Tensor,
    view: View,
    rendering: Rendering = DEFAULT,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Tensor]:
    """Strips (3, rows, W) of one picture, on the CPU, from its top to its bottom; not clamped.

    Args:
        generator: one that takes any coordinates.
        w: its styles for one picture, (1, ...).
        on_progress: called with how many rows are done, of how many.

    Raises:
        UserError: a generator that renders its own size alone, or cannot bend its pictures.
    """
    axes, k = view.axes(), view.supersample
    rows = max(1, rendering.tile // k)
    with ThreadPoolExecutor(rendering.workers) as pool:
        each = _beside(pool) if rendering.workers > 1 else map
        if axes is None:
            draw = _bent(generator, w, view, rendering, each)
        else:
            draw = _straight(generator, w, view, axes, rendering.tile, each)
        for piece in _equal(view.height, rows):
            strip = draw(piece.start * k, piece.stop * k)
            if k > 1:
                strip = F.avg_pool2d(strip, k)
            yield strip[0].float().cpu()
            on_progress(piece.stop, view.height)


def render(generator: Generator, w: Tensor, view: View, rendering: Rendering = DEFAULT) -> Tensor:
    """The whole view (3, H, W), as `render_strips` draws it."""
    return torch.cat(list(render_strips(generator, w, view, rendering)), dim=1)


def draw_points(generator: LineGenerator, w: Tensor, y: Tensor, x: Tensor, density: float | None = None) -> Tensor:
    """Colours (N, 3, P) at P places, differentiable with respect to styles and places.

    Args:
        y, x: coordinates (P,).
        density: None for the exact picture; else between samples of a table of lines, so many along a side of it.
    """
    if density is None:
        return generator.shade_points(*_exact_lines(generator, w, y, x), w)
    return generator.shade_points(*_Table(generator, w, y, x, density)(y, x), w)


def _beside(pool: ThreadPoolExecutor) -> Each:
    """`map`, on several threads; gradients are switched off for each thread by itself."""

    def each(work: Callable[..., Tensor], *items: Iterable[Any]) -> Iterable[Tensor]:
        return pool.map(torch.no_grad()(work), *items)

    return each


def _straight(
    generator: Generator, w: Tensor, view: View, axes: Axes, tile: int, each: Each
) -> Callable[[int, int], Tensor]:
    """Samples (1, 3, rows, W) of rows `top` to `bottom`, where coordinates are one vector along each side."""
    across = _equal(len(axes.horizontal), tile)
    hidden = ~view.visible(axes.vertical, int(axes.transposed)), ~view.visible(axes.horizontal, 1 - axes.transposed)
    tiles = _tiles(generator, w, axes)

    def draw(top: int, bottom: int) -> Tensor:
        paint = tiles(slice(top, bottom))
        strip = torch.cat(list(each(paint, across)), dim=3)
        return strip.masked_fill((hidden[0][top:bottom, None] | hidden[1]).to(strip.device), _FILLED)

    return draw


def _tiles(generator: Generator, w: Tensor, axes: Axes) -> Callable[[slice], Callable[[slice], Tensor]]:
    """Rows of the output -> columns of it -> samples; what depends on the rows, or on all of the columns, is kept."""
    vertical, horizontal, transposed = axes

    def turned(upright: Tensor) -> Tensor:
        return upright.mT if transposed else upright

    if not isinstance(generator, LineGenerator):
        if not generator.any_grid:
            raise UserError(
                f"{type(generator).__name__} draws {generator.code_shape[1]} x {generator.code_shape[2]} pixels and no "
                "other size; resize its pictures, or train a generator of coordinates (creps-small)"
            )

        def at(rows: slice) -> Callable[[slice], Tensor]:
            def paint(cols: slice) -> Tensor:
                pair = (horizontal[cols], vertical[rows]) if transposed else (vertical[rows], horizontal[cols])
                return turned(generator.synthesis(w, Grid(*pair)))

            return paint

        return at
    along = _lines(generator, w, horizontal, of_rows=transposed)

    def meet(rows: slice) -> Callable[[slice], Tensor]:
        down = _lines(generator, w, vertical[rows], of_rows=not transposed)

        def paint(cols: slice) -> Tensor:
            first, second = (along[..., cols], down) if transposed else (down, along[..., cols])
            return turned(generator.shade(first, second, w))

        return paint

    return meet


def _bent(
    generator: Generator, w: Tensor, view: View, rendering: Rendering, each: Each
) -> Callable[[int, int], Tensor]:
    """As `_straight`, where every sample has coordinates of its own."""
    if not isinstance(generator, LineGenerator):
        raise UserError(
            f"{type(generator).__name__} draws no lines, so its pictures cannot be turned or bent here; "
            "render one large, and warp that"
        )
    total = view.height * view.supersample
    table = None
    if not rendering.exact:
        table = _Table(generator, w, *_extent(view, total), rendering.density)

    def paint(rows: Tensor, cols: Tensor) -> Tensor:
        lines = _exact_lines(generator, w, rows, cols) if table is None else table(rows, cols)
        return generator.shade_points(*lines, w)

    def draw(top: int, bottom: int) -> Tensor:
        y, x = view.points(top, bottom)
        strip = torch.cat(list(each(paint, *(t.flatten().split(_PLACES) for t in (y, x)))), dim=2).unflatten(2, y.shape)
        hidden = ~(view.visible(y, 0) & view.visible(x, 1))
        return strip.masked_fill(hidden.to(strip.device), _FILLED)

    return draw


def _extent(view: View, total: int) -> tuple[Tensor, Tensor]:
    """Least and largest row and column coordinate of a view, each (2,)."""
    found: list[tuple[Tensor, Tensor]] = [view.points(top, min(top + 64, total)) for top in range(0, total, 64)]
    lows = [torch.stack([part.min() for part in axis]) for axis in zip(*found, strict=True)]
    highs = [torch.stack([part.max() for part in axis]) for axis in zip(*found, strict=True)]
    y, x = (torch.stack([low.min(), high.max()]) for low, high in zip(lows, highs, strict=True))
    return y, x


def _equal(size: int, most: int) -> list[slice]:
    """A side in pieces of nearly equal length, `most` at most.

    What is left over after whole tiles could be a few pixels wide, and products of so few round differently.
    """
    count = -(-size // most)
    ends = [size * i // count for i in range(count + 1)]
    return [slice(start, stop) for start, stop in pairwise(ends)]


class _Table:
    """Lines at evenly spaced coordinates that cover all of `y` and `x`, and between them, linearly."""

    def __init__(self, generator: LineGenerator, w: Tensor, y: Tensor, x: Tensor, per_unit: float) -> None:
        self.axes = []
        for t, of_rows in ((y, True), (x, False)):
            low, high = t.detach().min().item(), t.detach().max().item()
            if high - low > _FARTHEST:
                raise UserError(
                    f"this view reaches over {high - low:.0f} pictures; at most {_FARTHEST} can be looked at"
                )
            count = min(max(2, round((high - low) * per_unit) + 2), _MOST_SAMPLES)
            at = torch.linspace(low, high, count, dtype=torch.float64).float()
            self.axes.append((low, (count - 1) / max(high - low, 1e-9), _lines(generator, w, at, of_rows=of_rows)))

    def __call__(self, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Lines at these places (P,)."""
        rows, cols = (
            self._between(lines, (t.to(lines) - low) * scale)
            for t, (low, scale, lines) in zip((y, x), self.axes, strict=True)
        )
        return rows, cols

    def _between(self, lines: Tensor, position: Tensor) -> Tensor:
        before = position.detach().floor().long().clamp(0, lines.shape[-1] - 2)
        part = position - before
        return lines[..., before] * (1 - part) + lines[..., before + 1] * part


def _exact_lines(generator: LineGenerator, w: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Lines at P places: at each coordinate that occurs, once."""
    found = []
    for t, of_rows in ((y, True), (x, False)):
        if t.requires_grad:
            found.append(_lines(generator, w, t, of_rows=of_rows))
        else:
            values, places = torch.unique(t, return_inverse=True)
            found.append(_lines(generator, w, values, of_rows=of_rows)[..., places])
    return found[0], found[1]


def _lines(generator: LineGenerator, w: Tensor, t: Tensor, *, of_rows: bool) -> Tensor:
    """Lines (N, levels, C, D, len(t)) of rows or of columns; in equal pieces, for the trunk is wide."""
    none = t[:0]
    pieces = []
    for piece in torch.tensor_split(t, -(-len(t) // _CHUNK)):
        lines = generator.lines(w, Grid(piece, none) if of_rows else Grid(none, piece))
        pieces.append(lines.rows if of_rows else lines.cols)
    return torch.cat(pieces, dim=-1)
