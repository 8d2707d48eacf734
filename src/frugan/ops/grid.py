"""Where a generator evaluates its image: one vector of row coordinates, one of column coordinates.

A tile is a slice of both vectors, a scale is their length, so that every generator which takes a grid renders crops,
zooms and tiles consistently. Coordinates run from 0 to 1 with the end points included (the convention of CREPS).
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
    return Grid(*(torch.linspace(0, 1, size, dtype=torch.float64).float() for size in (height, width)))


def places(rows: Tensor, cols: Tensor) -> Tensor:
    """(H, W, 2): where they meet, x before y, from -1 to 1 as `grid_sample` takes them if corners are aligned."""
    y, x = torch.meshgrid(2 * rows - 1, 2 * cols - 1, indexing="ij")
    return torch.stack([x, y], dim=-1)


class Window(NamedTuple):
    """A part of the picture for networks that draw evenly spaced samples; lengths are those of one picture.

    Attributes:
        middle: (N, 2) or (1, 2), from the middle of the picture to that of the part: down, right.
        scale: of the same shape; how far apart the samples are, where 1 is as they are trained.
        size: samples down and across.
    """

    middle: Tensor
    scale: Tensor
    size: tuple[int, int]


def window_at(grid: Grid, trained: tuple[int, int], cell: int, who: str) -> Window:
    """The window that begins with the grid, in whole cells: its samples go on past the grid's end to fill the last.

    Args:
        grid: coordinates (H,) and (W,), or (N, H) and (N, W) of a window for each picture.
        trained: height and width of the picture; more than one pixel.
        cell: pixels.
        who: is named in errors.

    Raises:
        ValueError: coordinates that are not evenly spaced, or do not ascend.
    """
    middles, scales, sizes = [], [], []
    for t, side in zip(grid, trained, strict=True):
        first, step = even_steps(t, who)
        size = -(-t.shape[-1] // cell) * cell
        middle = first + step * (size - 1) / 2
        middles.append((middle * (side - 1) + 0.5) / side - 0.5)
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
    even = first[:, None] + step[:, None] * torch.arange(t.shape[-1], device=t.device)
    if (step <= 0).any() or ((lines - even).abs().amax(dim=1) > 0.01 * step).any():
        raise ValueError(f"{who}: rows and columns must be evenly spaced, and ascend")
    return first, step
