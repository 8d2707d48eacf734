"""Windows of pictures, the same of real and of generated ones, for generators of coordinates.

What lies between the pixels of the whole picture is then judged too, and every density from the trained one to that of
the smallest window: the random crops of ScaleParty, and jittered coordinates with real images that move along.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.ops.grid import Grid, full_grid, places, sides_of


def draw_window(size: tuple[int, int], least: float, random: torch.Generator) -> Grid:
    """As many rows and columns as the whole picture's `size`, over a random window: from `least` to 1 times as high and
    wide, anywhere inside."""
    width, top, left = torch.rand(3, generator=random).tolist()
    extent = least + (1 - least) * width
    return Grid(*(_part(t, extent, start) for t, start in zip(full_grid(*size), (top, left), strict=True)))


def window_of(codes: Tensor, grid: Grid) -> Tensor:
    """Codes (N, C, H, W) at the grid's coordinates, bicubic between their pixels, (N, C, rows, columns)."""
    rows, cols = (axis.to(codes) for axis in grid)
    at = places(rows, cols, sides_of(*codes.shape[2:])).expand(len(codes), -1, -1, -1)
    return F.grid_sample(codes, at, mode="bicubic", padding_mode="border", align_corners=True)


def _part(t: Tensor, extent: float, start: float) -> Tensor:
    """That part of the coordinates `t`; `start` 0 is the first that there is, 1 the last."""
    first, length = t[0], t[-1] - t[0]
    return first + (1 - extent) * start * length + extent * (t - first)


def grid_of(boxes: Tensor, side: int) -> Grid:
    """Coordinates of patches (N, side) that lie at top, left and length (N, 3), in parts of the picture."""
    top, left, length = boxes.double()[:, :, None].unbind(1)
    pixels = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    rows, cols = (((start + length * pixels) * side - 0.5) / (side - 1) for start in (top, left))
    return Grid(rows.float(), cols.float())


def put_back(patches: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """Patches (N, C, S, S) at (N, S) rows and columns of pictures of side S -> their places in these pictures.

    Reduced with a triangle as wide as two pixels of the picture, and zero elsewhere. Also returns where the middles of
    the picture's pixels lie within a patch, (N, 1, S, S).
    """
    (down, in_rows), (across, in_cols) = (_reduction(t.to(patches)) for t in grid)
    mask = (in_rows[:, :, None] * in_cols[:, None])[:, None]
    return mask * (down[:, None] @ patches @ across[:, None].mT), mask


def _reduction(t: Tensor) -> tuple[Tensor, Tensor]:
    """Of a patch at coordinates (N, S): its pixels' weights in each pixel of the picture, and which of these it covers.

    (N, S, S) and (N, S).
    """
    side = t.shape[1]
    places, pixels = t * (side - 1), torch.arange(side, device=t.device)[None, :, None]
    weights = (1 - (places[:, None] - pixels).abs()).clamp(min=0)
    half = (places[:, 1:2] - places[:, :1]) / 2
    covered = (pixels[..., 0] >= places[:, :1] - half - 1e-4) & (pixels[..., 0] <= places[:, -1:] + half + 1e-4)
    return weights / weights.sum(dim=2, keepdim=True).clamp(min=1e-8), covered.to(t)
