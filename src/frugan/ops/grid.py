"""Where a generator evaluates its image: one vector of row coordinates, one of column coordinates.

A tile is a slice of both vectors, a scale is their length, so that every generator which takes a grid renders crops,
zooms and tiles consistently. Coordinates of the longer side run from 0 to 1 with the end points included (the
convention of CREPS). Those of the shorter one have the same unit and the same middle: circles stay round.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Grid(NamedTuple):
    """Row coordinates (H,) and column coordinates (W,); or of each picture its own, (N, H) and (N, W), on patches."""

    rows: Tensor
    cols: Tensor


class Lines(NamedTuple):
    """Lines of all levels, ready to be multiplied: rows (N, levels, C, D, H) and columns (N, levels, C, D, W).

    The image of a level is sum_d rows[d, y] * cols[d, x]; slices along the last axis are the lines of a crop.
    """

    rows: Tensor
    cols: Tensor


def full_grid(height: int, width: int) -> Grid:
    """The whole image, sampled at `height` x `width` points."""
    return _spanning(sides_of(height, width), (height, width))


def stretched_grid(height: int, width: int, aspect: float) -> Grid:
    """The whole of an image of that width over height, sampled at `height` x `width` points, its ends among them."""
    return _spanning((1.0, aspect) if aspect < 1 else (1 / aspect, 1.0), (height, width))


def _spanning(spans: tuple[float, float], size: tuple[int, int]) -> Grid:
    """Evenly spaced coordinates around the middle, so many down and across, over that part of the longer side each."""
    return Grid(
        *(
            torch.linspace((1 - span) / 2, (1 + span) / 2, count, dtype=torch.float64).float()
            for span, count in zip(spans, size, strict=True)
        )
    )


def sides_of(height: int, width: int) -> tuple[float, float]:
    """How far apart the first and the last coordinate of a whole image's sides are; 1 for the longer one."""
    longest = max(height, width, 2)
    return max(height - 1, 1) / (longest - 1), max(width - 1, 1) / (longest - 1)


def places(rows: Tensor, cols: Tensor, sides: tuple[float, float] = (1.0, 1.0)) -> Tensor:
    """(H, W, 2): where they meet, x before y, from -1 to 1 as `grid_sample` takes them if corners are aligned.

    `sides`, as of `sides_of`: of the image whose corners lie at -1 and 1.
    """
    y, x = torch.meshgrid((2 * rows - 1) / sides[0], (2 * cols - 1) / sides[1], indexing="ij")
    return torch.stack([x, y], dim=-1)


class Window(NamedTuple):
    """A part of a square plane for networks that draw evenly spaced samples; lengths are those of the plane.

    Attributes:
        middle: (N, 2) or (1, 2), from the middle of the plane to that of the part: down, right.
        scale: of the same shape; how far apart the samples are, where 1 is as they are trained.
        size: samples down and across.
    """

    middle: Tensor
    scale: Tensor
    size: tuple[int, int]


def window_at(grid: Grid, trained: tuple[int, int], cell: int, plane: int, who: str) -> Window:
    """The window that begins with the grid, in whole cells: its samples go on past the grid's end to fill the last.

    Args:
        grid: coordinates (H,) and (W,), or (N, H) and (N, W) of a window for each picture.
        trained: height and width of the picture; more than one pixel.
        cell: pixels.
        plane: side of a square plane in pixels, whose middle is the picture's.
        who: is named in errors.

    Raises:
        ValueError: coordinates that are not evenly spaced, or do not ascend.
    """
    middles, scales, sizes = [], [], []
    side = max(trained)
    for t in grid:
        first, step = even_steps(t, who)
        size = (t.shape[-1] + cell - 1) // cell * cell  # ONNX rounds negative quotients the other way
        middle = first + step * (size - 1) / 2
        middles.append(((middle * (side - 1) + 0.5) / side - 0.5) * (side / plane))
        scales.append(step * (side - 1))
        sizes.append(size)
    return Window(torch.stack(middles, dim=-1), torch.stack(scales, dim=-1), (sizes[0], sizes[1]))


def even_steps(t: Tensor, who: str) -> tuple[Tensor, Tensor]:
    """First coordinate and distance of the next one, each (N,) or (1,), of coordinates (N, n) or (n,).

    Raises:
        ValueError: see `window_at`.
    """
    if t.shape[-1] < 2:
        raise ValueError(f"{who}: at least two rows and two columns are needed, to know how far apart they are")
    lines = t.reshape(-1, t.shape[-1])
    first, step = lines[:, 0], (lines[:, -1] - lines[:, 0]) / (t.shape[-1] - 1)
    if torch.compiler.is_exporting():  # a graph cannot refuse what it is given
        return first, step
    even = first[:, None] + step[:, None] * torch.arange(t.shape[-1], device=t.device)
    if (step <= 0).any() or ((lines - even).abs().amax(dim=1) > 0.01 * step).any():
        raise ValueError(f"{who}: rows and columns must be evenly spaced, and ascend")
    return first, step
