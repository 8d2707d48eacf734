"""One picture of a generator at any size: strip by strip, with the memory of its lines and of one strip.

Lines are computed once along each side; where they meet, tiles are shaded one after the other, small enough for the
cache. A view that is turned or bent has no lines of its own: it takes those of a fine table, or of each place.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.networks.base import Generator, LineGenerator
from frugan.ops.grid import Grid, even_steps
from frugan.ops.view import Axes, View
from frugan.requests.rendering import Rendering
from frugan.system.errors import UserError

_CHUNK = 512  # positions of a line that go through the trunk at once
_PLACES = 1024  # of a bent view that are shaded at once: each has all its lines, some kilobytes
FARTHEST = 1000  # pictures from one end of a bent view to the other: a warp in pixels would reach farther
_MOST_SAMPLES = 2**16  # of a table: coarser where so much is seen that details are lost anyway
_FILLED = -1.0  # what is shown where nothing is: black


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
        generator: one that takes any coordinates, or evenly spaced ones.
        w: its styles for one picture, (1, ...).
        on_progress: called with how many rows are done, of how many.

    Raises:
        UserError: a generator that renders its own size alone, or cannot bend its pictures.
    """
    k = view.supersample
    with ThreadPoolExecutor(rendering.workers) as pool:
        each = _beside(pool) if rendering.workers > 1 else map
        painter = _painter(generator, w, view, rendering, each)
        for piece in equal_pieces(view.height, max(1, _tile(generator, rendering.tile) // k), generator.cell):
            strip = painter.samples(piece.start * k, piece.stop * k)
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


class _Painter(ABC):
    """Draws the samples of a view, some rows at a time."""

    @abstractmethod
    def samples(self, top: int, bottom: int) -> Tensor:
        """Samples (1, 3, bottom - top, W) of these rows; black where nothing is to be seen."""


def _painter(generator: Generator, w: Tensor, view: View, rendering: Rendering, each: Each) -> _Painter:
    axes = view.axes()
    if axes is None:
        return _BentPainter(generator, w, view, rendering, each)
    tiles = _LineTiles(generator, w, axes) if isinstance(generator, LineGenerator) else _GridTiles(generator, w, axes)
    return _StraightPainter(tiles, view, axes, (_tile(generator, rendering.tile), generator.cell), each)


def _tile(generator: Generator, wanted: int) -> int:
    """Side of the tiles: those of convolutions are no smaller than a picture, for each computes a margin of its own."""
    return max(wanted, *generator.code_shape[1:]) if generator.even_grid else wanted


class _Tiles(ABC):
    """Rectangles of a view whose coordinates are one vector along each side of the output."""

    @abstractmethod
    def of_rows(self, rows: slice) -> Callable[[slice], Tensor]:
        """Keeps what depends on these rows; then columns -> the samples (1, 3, rows, columns) where they meet."""


class _LineTiles(_Tiles):
    """Lines across the whole view are kept, and multiplied with those of a strip."""

    def __init__(self, generator: LineGenerator, w: Tensor, axes: Axes) -> None:
        self.generator, self.w, self.axes = generator, w, axes
        self.along = lines_along(generator, w, axes.horizontal, of_rows=axes.transposed)

    def of_rows(self, rows: slice) -> Callable[[slice], Tensor]:
        transposed = self.axes.transposed
        down = lines_along(self.generator, self.w, self.axes.vertical[rows], of_rows=not transposed)

        def shade(cols: slice) -> Tensor:
            along = self.along[..., cols]
            if transposed:
                return self.generator.shade(along, down, self.w).mT
            return self.generator.shade(down, along, self.w)

        return shade


class _GridTiles(_Tiles):
    """A generator that takes any coordinates, or any evenly spaced ones, and has no lines draws each tile by itself.

    Raises:
        UserError: it takes only its own coordinates, or only evenly spaced ones, and the view's are not.
    """

    def __init__(self, generator: Generator, w: Tensor, axes: Axes) -> None:
        if generator.even_grid:
            _check_even(generator, axes)
        elif not generator.any_grid:
            raise UserError(
                f"{type(generator).__name__} draws {generator.code_shape[1]} x {generator.code_shape[2]} pixels and no "
                "other size; resize its pictures, or train a generator of coordinates (creps-small)"
            )
        self.generator, self.w, self.axes = generator, w, axes

    def of_rows(self, rows: slice) -> Callable[[slice], Tensor]:
        vertical, horizontal, transposed = self.axes
        high, kept_rows = self._wider(rows, len(vertical))

        def draw(cols: slice) -> Tensor:
            wide, kept_cols = self._wider(cols, len(horizontal))
            down, across = vertical[high], horizontal[wide]
            drawn = self._drawn(across, down).mT if transposed else self._drawn(down, across)
            return drawn[..., kept_rows, kept_cols]

        return draw

    def _wider(self, part: slice, size: int) -> tuple[slice, slice]:
        """A part of a side with what overlaps its neighbours, and where the part lies in that."""
        wide = slice(max(part.start - self.generator.overlap, 0), min(part.stop + self.generator.overlap, size))
        return wide, slice(part.start - wide.start, part.stop - wide.start)

    def _drawn(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Where rows and columns meet; evenly spaced ones are asked for as they ascend."""
        if not self.generator.even_grid:
            return self.generator.synthesis(self.w, Grid(rows, cols))
        down, across = bool(rows[0] < rows[-1]), bool(cols[0] < cols[-1])
        grid = Grid(rows if down else rows.flip(0), cols if across else cols.flip(0))
        turned = [axis for axis, ascends in ((2, down), (3, across)) if not ascends]
        return self.generator.synthesis(self.w, grid).flip(turned)


def _check_even(generator: Generator, axes: Axes) -> None:
    for axis in axes[:2]:
        try:
            even_steps(axis if axis[0] < axis[-1] else axis.flip(0), type(generator).__name__)
        except ValueError as error:
            raise UserError(
                f"{error}. Ask for two rows and columns or more, and show what lies outside of the picture as it is "
                "(extrapolate) or not at all (mask)."
            ) from error


class _StraightPainter(_Painter):
    """Tile by tile, where coordinates are one vector along each side of the output."""

    def __init__(self, tiles: _Tiles, view: View, axes: Axes, sides: tuple[int, int], each: Each) -> None:
        """`sides` are those of a tile and of a cell."""
        self.tiles, self.each = tiles, each
        self.across = equal_pieces(len(axes.horizontal), *sides)
        self.hidden_rows = ~view.visible(axes.vertical, int(axes.transposed))
        self.hidden_cols = ~view.visible(axes.horizontal, 1 - axes.transposed)

    def samples(self, top: int, bottom: int) -> Tensor:
        strip = torch.cat(list(self.each(self.tiles.of_rows(slice(top, bottom)), self.across)), dim=3)
        hidden = self.hidden_rows[top:bottom, None] | self.hidden_cols
        return strip.masked_fill(hidden.to(strip.device), _FILLED)


class _BentPainter(_Painter):
    """Place by place, where every sample has coordinates of its own.

    Raises:
        UserError: the generator has no lines.
    """

    def __init__(self, generator: Generator, w: Tensor, view: View, rendering: Rendering, each: Each) -> None:
        if not isinstance(generator, LineGenerator):
            raise UserError(
                f"{type(generator).__name__} has no lines, so it cannot render rotated or warped pictures. "
                "Render a large picture, and warp that."
            )
        self.generator, self.w, self.view, self.each = generator, w, view, each
        extent = _extent(view, view.height * view.supersample)
        self.table = None if rendering.exact else _Table(generator, w, *extent, rendering.density)

    def samples(self, top: int, bottom: int) -> Tensor:
        y, x = self.view.points(top, bottom)
        pieces = self.each(self._shade, *(t.flatten().split(_PLACES) for t in (y, x)))
        strip = torch.cat(list(pieces), dim=2).unflatten(2, y.shape)
        hidden = ~(self.view.visible(y, 0) & self.view.visible(x, 1))
        return strip.masked_fill(hidden.to(strip.device), _FILLED)

    def _shade(self, rows: Tensor, cols: Tensor) -> Tensor:
        if self.table is None:
            return self.generator.shade_points(*_exact_lines(self.generator, self.w, rows, cols), self.w)
        return self.generator.shade_points(*self.table(rows, cols), self.w)


def _extent(view: View, total: int) -> tuple[Tensor, Tensor]:
    """Least and largest row and column coordinate of a view, each (2,)."""
    found: list[tuple[Tensor, Tensor]] = [view.points(top, min(top + 64, total)) for top in range(0, total, 64)]
    lows = [torch.stack([part.min() for part in axis]) for axis in zip(*found, strict=True)]
    highs = [torch.stack([part.max() for part in axis]) for axis in zip(*found, strict=True)]
    y, x = (torch.stack([low.min(), high.max()]) for low, high in zip(lows, highs, strict=True))
    return y, x


def equal_pieces(size: int, most: int, cell: int) -> list[slice]:
    """A side in pieces of nearly equal length, `most` at most if cells allow; all begin at multiples of `cell`.

    What is left over after whole tiles could be a few pixels wide, and products of so few round differently.
    """
    count = -(-size // max(most, cell))
    ends = sorted({size * i // count // cell * cell for i in range(count)} | {size})
    return [slice(start, stop) for start, stop in pairwise(ends)]


class _Table:
    """Lines at evenly spaced coordinates that cover all of `y` and `x`, and between them, linearly."""

    def __init__(self, generator: LineGenerator, w: Tensor, y: Tensor, x: Tensor, per_unit: float) -> None:
        self.axes = []
        for t, of_rows in ((y, True), (x, False)):
            low, high = t.detach().min().item(), t.detach().max().item()
            if high - low > FARTHEST:
                raise UserError(
                    f"this view spans {high - low:.0f} pictures; the limit is {FARTHEST}. Use a larger zoom or a "
                    "weaker warp."
                )
            count = min(max(2, round((high - low) * per_unit) + 2), _MOST_SAMPLES)
            at = torch.linspace(low, high, count, dtype=torch.float64).float()
            self.axes.append((low, (count - 1) / max(high - low, 1e-9), lines_along(generator, w, at, of_rows=of_rows)))

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
            found.append(lines_along(generator, w, t, of_rows=of_rows))
        else:
            values, places = torch.unique(t, return_inverse=True)
            found.append(lines_along(generator, w, values, of_rows=of_rows)[..., places])
    return found[0], found[1]


def lines_along(generator: LineGenerator, w: Tensor, t: Tensor, *, of_rows: bool) -> Tensor:
    """Lines (N, levels, C, D, len(t)) of rows or of columns; in equal pieces, for the trunk is wide."""
    none = t[:0]
    pieces = []
    for piece in torch.tensor_split(t, -(-len(t) // _CHUNK)):
        lines = generator.lines(w, Grid(piece, none) if of_rows else Grid(none, piece))
        pieces.append(lines.rows if of_rows else lines.cols)
    return torch.cat(pieces, dim=-1)
