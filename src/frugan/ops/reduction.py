"""Images made smaller by powers of 2 in the three ways of the pixel codec, and enlarged with the phase that each has.

gaussian      a 13 x 13 Gaussian of standard deviation .4 r, then every r-th pixel from the first (Jo et al. 2018):
              pixel k sits on pixel r k of the large image, as a wavelet's does
antialiased   bilinear with a filter as wide as the reduction: pixel k sits in the middle of its block
bilinear      bilinear without one, as in the earlier version of not-so-big-GAN: it aliases
"""

from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.ops.wavelet import Phase, ilowpass2

Reduction = Literal["gaussian", "antialiased", "bilinear"]
_TAPS = 13


def reduction_phase(reduction: Reduction) -> Phase:
    """Where the small image's pixels sit.

    Raises:
        ValueError: there is no such reduction.
    """
    if reduction not in get_args(Reduction):
        raise ValueError(f"reduction: '{reduction}' is not one of {', '.join(get_args(Reduction))}")
    return "corner" if reduction == "gaussian" else "middle"


def reduced(image: Tensor, levels: int, reduction: Reduction) -> Tensor:
    """(N, C, H, W) -> (N, C, H / 2^levels, W / 2^levels)."""
    factor = 2**levels
    if reduction == "gaussian":
        return _blurred_every(factor, image, 0.4 * factor)
    size = (image.shape[-2] // factor, image.shape[-1] // factor)
    antialias = reduction == "antialiased"
    return F.interpolate(image, size=size, mode="bilinear", align_corners=False, antialias=antialias)


def enlarged(image: Tensor, levels: int, phase: Phase) -> Tensor:
    """(N, C, h, w) -> (N, C, h * 2^levels, w * 2^levels), by linear interpolation between where the pixels sit."""
    if phase == "corner":
        return ilowpass2(image * 2**levels, levels, "bior2.2", "reflect")
    return F.interpolate(image, scale_factor=2**levels, mode="bilinear", align_corners=False)


def gaussian_taps(sigma: float) -> Tensor:
    """The 13 taps (13,), float64, of one axis; cut off at four standard deviations, as SciPy does, and of sum 1."""
    reach = min(_TAPS // 2, int(4 * sigma + 0.5))
    distance = torch.arange(-(_TAPS // 2), _TAPS // 2 + 1, dtype=torch.float64)
    taps = torch.exp(-0.5 * (distance / sigma) ** 2) * (distance.abs() <= reach)
    return taps / taps.sum()


def _blurred_every(step: int, image: Tensor, sigma: float) -> Tensor:
    """Along both axes, mirrored about the first and the last pixel; only every `step`-th pixel is computed."""
    taps, channels, half = gaussian_taps(sigma).to(image), image.shape[1], _TAPS // 2
    for axis, padding in ((-2, (0, 0, half, half)), (-1, (half, half, 0, 0))):
        kernel = taps.view((1, 1, -1, 1) if axis == -2 else (1, 1, 1, -1)).expand(channels, 1, -1, -1)
        stride = (step, 1) if axis == -2 else (1, step)
        padded = F.pad(image, padding, mode=_padding(image, axis, half))
        image = F.conv2d(padded, kernel, stride=stride, groups=channels)
    return image


def _padding(image: Tensor, axis: int, half: int) -> str:
    """Reflection needs more pixels than it adds; tiny images repeat their border instead."""
    return "reflect" if image.shape[axis] > half else "replicate"
