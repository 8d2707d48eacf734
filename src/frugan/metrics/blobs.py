"""Spots of detail that nothing around them has: droplets of StyleGAN (Karras et al. 2020) and bursts of coordinates."""

from torch import Tensor
from torch.nn import functional as F

from frugan.metrics.base import Describer, one_by_one

_PARTS = 16  # windows a side
_USUAL = 0.9  # windows with less energy; a spot covers fewer than the rest
_UNSEEN = 4.0  # energy that eyes do not see, in squared levels


def describe(images: Tensor) -> Tensor:
    """(N, 3, H, W) in [-1, 1] -> (N, 1): log10 of the largest local energy over that which 90 % of the picture's
    windows stay below. The median would be that of an empty background, which many photos have."""
    return one_by_one(images, lambda image: spot(image)[None])


def spot(image: Tensor) -> Tensor:
    """(C, H, W), in 8-bit levels -> (); energy is the squared difference from the mean of the window and half of each
    neighbour."""
    side = max(min(image.shape[-2:]) // _PARTS, 2)
    x = image[None]
    pad = side // 2
    mirrored = F.pad(x, (pad,) * 4, mode="reflect")
    around = F.avg_pool2d(F.avg_pool2d(mirrored, (2 * pad + 1, 1), stride=1), (1, 2 * pad + 1), stride=1)
    energy = (x - around).square().mean(dim=1, keepdim=True)
    local = F.avg_pool2d(energy, side, stride=max(side // 2, 1)).flatten() + _UNSEEN
    return (local.max() / local.quantile(_USUAL)).log10()


BLOBS = Describer("blobs", describe, 32)
