"""Rows of pictures for all metrics of pixels at once."""

import torch
from torch import Tensor

from frugan.metrics import table
from frugan.metrics.base import Describer
from frugan.ops.projection import as_rgb


def describers(height: int, width: int) -> list[Describer]:
    """Those that the table's metrics look at pictures of such a size with."""
    found = [metric.describer for metric in table.METRICS if metric.describer is not None]
    return [describer for describer in dict.fromkeys(found) if min(height, width) >= describer.smallest]


def describe(images: Tensor, bands: tuple[int, ...] = ()) -> dict[str, Tensor]:
    """(N, C, H, W) in [-1, 1] -> rows (N, ...) by describers' names, on the CPU; other channels than RGB as judges see
    them."""
    rgb = as_rgb(images, bands).cpu().to(torch.float32)
    return {describer.name: describer.describe(rgb) for describer in describers(*images.shape[-2:])}
