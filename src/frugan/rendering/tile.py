"""A tile of a picture that is never drawn as a whole: equal to the same cut of `render`, to the last bit.

What depends on rows or columns alone is asked of a `Keeper`, which may have it from a neighbour: tiles of one row of
tiles share its lines.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.networks.base import Generator, LineGenerator
from frugan.ops.grid import Grid
from frugan.ops.view import View
from frugan.rendering.render import equal_pieces, lines_along
from frugan.system.errors import UserError

PIECE = 64  # samples that are shaded at once: they fit into the cache, and one is asked in between whether to stop
_LEAST = 32  # products of fewer samples round differently
# Beyond so many pictures from the middle, float32 holds too little of where a sample lies in its wave.
_FAR = 8.0
_HIDDEN = -1.0

# (name of what is wanted, how to compute it) -> it.
Keeper = Callable[[tuple[object, ...], Callable[[], Tensor]], Tensor]


class CancelledError(Exception):
    """Nobody wants the tile any more."""


@dataclass(frozen=True)
class Window:
    """Rows and columns of a view, in its pixels; they may lie beyond its edges."""

    top: int
    left: int
    height: int
    width: int


def can_draw_tiles(generator: Generator) -> bool:
    """Whether it can be asked for any coordinates, each by itself."""
    return isinstance(generator, LineGenerator) or generator.any_grid


@torch.no_grad()
def draw_tile(
    generator: Generator,
    w: Tensor,
    view: View,
    window: Window,
    kept: Keeper = lambda name, compute: compute(),
    wanted: Callable[[], bool] = lambda: True,
) -> Tensor:
    """The window (C, height, width) of an upright view, on the CPU, not clamped.

    Args:
        w: styles of one picture, (1, ...).
        kept: has lines of neighbours.
        wanted: asked before each piece.

    Raises:
        CancelledError: it is not wanted any more.
        UserError: a generator that draws only whole pictures.
    """
    if not can_draw_tiles(generator):
        raise UserError(
            f"{type(generator).__name__} draws whole pictures only. To zoom, train a generator of coordinates, such as "
            "the recipe creps-small"
        )
    k = view.supersample
    rows, cols = _samples(window.top, window.height, k), _samples(window.left, window.width, k)
    y, x = (_as_near_as_possible(t) for t in view.window(rows, cols))
    shade = _shader(generator, w, (y, x), (_scale(view), rows, cols), kept)
    strips = []
    for down in equal_pieces(len(rows), PIECE, 1):
        pieces = []
        for across in equal_pieces(len(cols), PIECE, 1):
            if not wanted():
                raise CancelledError
            pieces.append(shade(down, across))
        strips.append(torch.cat(pieces, dim=3))
    drawn = torch.cat(strips, dim=2)
    hidden = ~view.visible(y, 0)[:, None] | ~view.visible(x, 1)
    drawn = drawn.masked_fill(hidden.to(drawn.device), _HIDDEN)
    drawn = F.avg_pool2d(drawn, k) if k > 1 else drawn
    return drawn[0, :, : window.height, : window.width].float().cpu()


def _samples(start: int, length: int, per_pixel: int) -> range:
    """Of a side; enough of them."""
    return range(start * per_pixel, (start + max(length, -(-_LEAST // per_pixel))) * per_pixel)


def _as_near_as_possible(t: Tensor) -> Tensor:
    """float32 as everywhere, where that is enough."""
    return t if float((t - 0.5).abs().max()) > _FAR else t.float()


def _shader(
    generator: Generator,
    w: Tensor,
    at: tuple[Tensor, Tensor],
    named: tuple[View, range, range],
    kept: Keeper,
) -> Callable[[slice, slice], Tensor]:
    """Rows and columns of a tile -> the samples (1, C, rows, columns) where they meet."""
    (y, x), (scale, rows, cols) = at, named
    if not isinstance(generator, LineGenerator):
        return lambda down, across: generator.synthesis(w, Grid(y[down].float(), x[across].float()))
    lines = generator
    # Neither depends on where along the other side the tile lies.
    of_rows = kept(("rows", scale, rows), lambda: lines_along(lines, w, y, of_rows=True))
    of_cols = kept(("cols", scale, cols), lambda: lines_along(lines, w, x, of_rows=False))
    return lambda down, across: lines.shade(of_rows[..., down], of_cols[..., across], w)


def _scale(view: View) -> View:
    """What lines depend on."""
    return replace(view, outside="extrapolate") if view.outside == "mask" else view
