"""Where a generator evaluates its image: one vector of row coordinates, one of column coordinates.

A tile is a slice of both vectors, a scale is their length, so that every generator which takes a grid renders crops,
zooms and tiles consistently. Coordinates run from 0 to 1 with the end points included (the convention of CREPS).
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Grid(NamedTuple):
    """Row coordinates (H,) and column coordinates (W,)."""

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
