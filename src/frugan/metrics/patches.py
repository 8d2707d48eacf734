"""Sliced Wasserstein distance of patches (Karras et al. 2018, progressive GANs, section 5): textures at each scale.

Patches of 7 x 7 pixels are cut out of each level of a Laplacian pyramid, from 16 pixels to the whole picture, and
normalised by mean and standard deviation of each channel over the set: so tints do not count here (`colour` has them).

What differs from the paper: 9 patches of a level for each image, not 128, at the same places of all images (one in each
cell of 3 x 3); 64 directions, not 512; up to 2,048 images, not 16,384. So values have a higher floor than the paper's,
and do not compare with its tables.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.metrics.base import Describer, Features, Measured, one_by_one
from frugan.metrics.sliced import directions, quantile_distance, sorted_projections

SMALLEST = 16  # the coarsest level of the paper
_SIDE = 7  # of a patch, as in the paper
_CELLS = 3
_DIRECTIONS = 64
_SCALE = 1000.0  # the paper's tables are in thousandths
_BINOMIAL = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16  # of Burt & Adelson 1983, a = 3/8


def describe(images: Tensor) -> Tensor:
    """(N, 3, H, W) in [-1, 1] -> (N, levels, 9, 3, 7, 7), the finest level first, in 8-bit levels."""
    return one_by_one(images, lambda image: torch.stack([_patches(level) for level in laplacian_pyramid(image)]))


def patch_distance(rows: Features) -> Measured:
    """Mean over levels, times 1000: 0 for equal sets."""
    return Measured(resampled_patch_distance(rows)(torch.arange(len(rows.fake))))


def resampled_patch_distance(rows: Features) -> Callable[[Tensor], float]:
    """See `base.Resampled`."""
    along = directions(3 * _SIDE**2, _DIRECTIONS)
    real = [sorted_projections(_normalised(level), along) for level in rows.real.unbind(dim=1)]

    def value(chosen: Tensor) -> float:
        fake = [sorted_projections(_normalised(level[chosen]), along) for level in rows.fake.unbind(dim=1)]
        distances = [quantile_distance(a, b) for a, b in zip(real, fake, strict=True)]
        return _SCALE * sum(distances) / len(distances)

    return value


def laplacian_pyramid(image: Tensor) -> list[Tensor]:
    """(C, H, W) -> levels of halved sides, as long as the shorter one has 16 pixels: what each adds to the enlarged
    next one, and the last as it is. Their enlarged sum is the image."""
    levels, low = [], image[None]
    while min(low.shape[-2:]) >= 2 * SMALLEST:
        lower = _filtered(low)[..., ::2, ::2]
        levels.append((low - _enlarged(lower, low))[0])
        low = lower
    return [*levels, low[0]]


def _enlarged(low: Tensor, like: Tensor) -> Tensor:
    spread = torch.zeros_like(like)
    spread[..., ::2, ::2] = low
    return 4 * _filtered(spread)


def _filtered(image: Tensor) -> Tensor:
    """(1, C, H, W), mirrored beyond its borders."""
    kernel = (_BINOMIAL[:, None] * _BINOMIAL).expand(image.shape[1], 1, 5, 5)
    return F.conv2d(F.pad(image, (2, 2, 2, 2), mode="reflect"), kernel, groups=image.shape[1])


def _patches(level: Tensor) -> Tensor:
    """(C, H, W) -> (9, C, 7, 7): one at a random place of each cell, the same for all images of a size."""
    height, width = level.shape[-2:]
    random = np.random.RandomState(0).random_sample((2, _CELLS, _CELLS))
    cells = np.arange(_CELLS)
    tops = ((cells[:, None] + random[0]) / _CELLS * (height - _SIDE + 1)).astype(int).ravel()
    lefts = ((cells[None, :] + random[1]) / _CELLS * (width - _SIDE + 1)).astype(int).ravel()
    cut = [level[:, y : y + _SIDE, x : x + _SIDE] for y, x in zip(tops.tolist(), lefts.tolist(), strict=True)]
    return torch.stack(cut)


def _normalised(patches: Tensor) -> Tensor:
    """(N, 9, C, 7, 7) -> (9 N, C * 49); mean 0 and standard deviation 1 of each channel over the set."""
    mean = patches.mean(dim=(0, 1, 3, 4), keepdim=True)
    std = patches.std(dim=(0, 1, 3, 4), keepdim=True, correction=0)
    return ((patches - mean) / std.clamp(min=1e-6)).flatten(0, 1).flatten(1)


PATCHES = Describer("patches", describe, SMALLEST)
