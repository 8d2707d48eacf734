"""The pixel codec of not-so-big-GAN: blur, then keep every second, fourth ... pixel (section 3.2, "P" in its tables).

Three ways to shrink an image, and to enlarge it again with the phase that each has:

    gaussian      a 13 x 13 Gaussian of standard deviation .4 r, then every r-th pixel from the first (Jo et al. 2018):
                  code[k] sits on pixel r k, as a wavelet's does
    antialiased   bilinear with a filter as wide as the reduction: code[k] sits in the middle of its block
    bilinear      bilinear without one, as in the earlier version of the paper: it aliases
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.codecs.base import Codec
from frugan.ops.wavelet import ilowpass2

Reduction = Literal["gaussian", "antialiased", "bilinear"]
_TAPS = 13


class PixelCodec(Codec):
    """code = the image reduced by r = 2^levels, mapped from [code_min, code_max] to [-1, 1].

    Args:
        levels: halvings; 2 in the paper (256 -> 64).
        reduction: how; "gaussian" in the paper.
        code_min, code_max: range of the reduced images over the training set; never beyond the images' own.
    """

    base_name = "linear interpolation"

    def __init__(
        self, levels: int = 2, reduction: Reduction = "gaussian", code_min: float = -1.0, code_max: float = 1.0
    ) -> None:
        if levels < 1:
            raise ValueError(f"levels: must be at least 1, got {levels}; for none, use IdentityCodec")
        if reduction not in ("gaussian", "antialiased", "bilinear"):
            raise ValueError(f"reduction: '{reduction}' is not one of gaussian, antialiased, bilinear")
        super().__init__(levels, code_min, code_max)
        self.reduction = reduction
        self.phase = "corner" if reduction == "gaussian" else "middle"
        self.description = f"{reduction} pixels / {2**levels}"

    def reduce(self, image: Tensor, levels: int) -> Tensor:
        factor = 2**levels
        if self.reduction == "gaussian":
            return _blurred_every(factor, image, 0.4 * factor)
        size = (image.shape[-2] // factor, image.shape[-1] // factor)
        antialias = self.reduction == "antialiased"
        return F.interpolate(image, size=size, mode="bilinear", align_corners=False, antialias=antialias)

    def enlarge(self, low: Tensor) -> Tensor:
        """Linear interpolation between the places where the code's pixels sit."""
        if self.reduction == "gaussian":
            return ilowpass2(low * self.factor, self.levels, "bior2.2", "reflect")
        return F.interpolate(low, scale_factor=self.factor, mode="bilinear", align_corners=False)


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
