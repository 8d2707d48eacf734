"""Sliced Wasserstein-1 distance of colours: tints, contrast and palettes, whatever the pictures show."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from frugan.metrics.base import Describer, Features, Measured, one_by_one
from frugan.metrics.sliced import directions, quantile_distance, sorted_projections

_CELLS = 8  # a pixel in each of 8 x 8 cells stands for the picture
_DIRECTIONS = 32


def describe(images: Tensor) -> Tensor:
    """(N, 3, H, W) in [-1, 1] -> (N, 64, 3): colours of pixels, from 0 to 255, at the same places of all images."""
    return one_by_one(images, _pixels)


def colour_distance(rows: Features) -> Measured:
    """In 8-bit levels: how far colours have to move along a direction of RGB, in the mean over directions."""
    return Measured(resampled_colour_distance(rows)(torch.arange(len(rows.fake))))


def resampled_colour_distance(rows: Features) -> Callable[[Tensor], float]:
    """See `base.Resampled`."""
    along = directions(3, _DIRECTIONS)
    real = sorted_projections(rows.real.flatten(0, 1), along)
    return lambda chosen: quantile_distance(real, sorted_projections(rows.fake[chosen].flatten(0, 1), along))


def _pixels(image: Tensor) -> Tensor:
    height, width = image.shape[-2:]
    random = np.random.RandomState(0).random_sample((2, _CELLS, _CELLS))
    cells = np.arange(_CELLS)
    y = ((cells[:, None] + random[0]) / _CELLS * height).astype(int).ravel()
    x = ((cells[None, :] + random[1]) / _CELLS * width).astype(int).ravel()
    return image[:, torch.from_numpy(y), torch.from_numpy(x)].T.contiguous()


COLOURS = Describer("colours", describe, _CELLS)
