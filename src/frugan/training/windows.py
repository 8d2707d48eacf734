"""Windows of pictures, the same of real and of generated ones, for generators of coordinates.

What lies between the pixels of the whole picture is then judged too, and every density from the trained one to that of
the smallest window: the random crops of ScaleParty, and jittered coordinates with real images that move along.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.ops.grid import Grid, full_grid, places


def draw_window(size: tuple[int, int], least: float, random: torch.Generator) -> Grid:
    """As many rows and columns as the whole picture's `size`, over a random window: from `least` to 1 times as high and
    wide, anywhere inside."""
    width, top, left = torch.rand(3, generator=random).tolist()
    extent = least + (1 - least) * width
    rows, cols = full_grid(*size)
    return Grid((1 - extent) * top + extent * rows, (1 - extent) * left + extent * cols)


def window_of(codes: Tensor, grid: Grid) -> Tensor:
    """Codes (N, C, H, W) at the grid's coordinates, bicubic between their pixels, (N, C, rows, columns)."""
    rows, cols = (axis.to(codes) for axis in grid)
    at = places(rows, cols).expand(len(codes), -1, -1, -1)
    return F.grid_sample(codes, at, mode="bicubic", padding_mode="border", align_corners=True)
