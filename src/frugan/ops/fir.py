"""Resampling by two with the filter [1, 3, 3, 1], as StyleGAN2's networks do (Karras et al. 2020, appendix B).

Outside the image is zero. Enlarging with it is bilinear interpolation, pixels in the middle of their blocks.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def blur(x: Tensor, padding: int, gain: float = 1.0) -> Tensor:
    """(N, C, H, W) -> (N, C, H + 2 padding - 3, W + 2 padding - 3)."""
    return F.conv2d(x, _kernel(x, gain), padding=padding, groups=x.shape[1])


def downsample(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, H/2, W/2), H and W even."""
    return F.conv2d(x, _kernel(x, 1.0), stride=2, padding=1, groups=x.shape[1])


def upsample(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W)."""
    padded = F.pad(x, (1, 1, 1, 1))
    return F.interpolate(padded, scale_factor=2, mode="bilinear", align_corners=False)[..., 2:-2, 2:-2]


def _kernel(x: Tensor, gain: float) -> Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=x.dtype, device=x.device) / 8
    return gain * torch.outer(taps, taps).expand(x.shape[1], 1, 4, 4)
