"""Differentiable augmentation for data-efficient GAN training (Zhao et al. 2020): fixed strength, on every image."""

import torch
from torch import Tensor

from frugan.stabilizers.base import Stabilizer


class DiffAugment(Stabilizer):
    """Random colour, translation and cutout of each image, in this order, as in section 3 and appendix A of the paper.

    Args:
        color: brightness +- half the range of [0, 1] images, saturation 0 to 2, contrast 1/2 to 3/2, each uniform.
        translation: the largest shift, as a fraction of the side; what leaves the image is lost, zeros come in.
        cutout: side of the square that is zeroed, as a fraction of the image's, at a uniform place that may reach
            beyond the border.
    """

    def __init__(self, color: bool = True, translation: float = 1 / 8, cutout: float = 1 / 2) -> None:
        super().__init__()
        for name, value in (("translation", translation), ("cutout", cutout)):
            if not 0 <= value < 1:
                raise ValueError(f"{name}: must be in [0, 1), got {value}")
        self.color, self.translation, self.cutout = color, translation, cutout

    def forward(self, code: Tensor) -> Tensor:
        if self.color:
            code = random_color(code)
        if self.translation:
            code = random_translation(code, self.translation)
        if self.cutout:
            code = random_cutout(code, self.cutout)
        return code

    def strengths(self) -> dict[str, float]:
        return {}


def random_color(code: Tensor) -> Tensor:
    """Brightness, saturation and contrast of (N, C, H, W), drawn for each image."""
    brightness, saturation, contrast = torch.rand(3, code.shape[0], 1, 1, 1, device=code.device, dtype=code.dtype)
    code = code + (brightness - 0.5)
    grey = code.mean(dim=1, keepdim=True)
    code = (code - grey) * (2 * saturation) + grey
    level = code.mean(dim=(1, 2, 3), keepdim=True)
    return (code - level) * (contrast + 0.5) + level


def random_translation(code: Tensor, fraction: float) -> Tensor:
    """Shift each image of (N, C, H, W) by whole pixels, at most `fraction` of its side either way; zeros come in."""
    for axis in (-2, -1):
        side = code.shape[axis]
        reach = int(side * fraction + 0.5)
        shift = torch.randint(-reach, reach + 1, (code.shape[0], 1), device=code.device)
        source = torch.arange(side, device=code.device) - shift  # (N, side): where each row or column comes from
        inside = (source >= 0) & (source < side)
        shape = (-1, 1, side, 1) if axis == -2 else (-1, 1, 1, side)
        index = source.clamp(0, side - 1).reshape(shape).expand_as(code)
        code = code.gather(axis, index) * inside.reshape(shape)
    return code


def random_cutout(code: Tensor, fraction: float) -> Tensor:
    """Zero a square window of each image of (N, C, H, W), its centre anywhere in the image."""
    windows = []
    for side in code.shape[-2:]:
        length = int(side * fraction + 0.5)
        first = torch.randint(0, side + (1 - length % 2), (code.shape[0], 1), device=code.device) - length // 2
        place = torch.arange(side, device=code.device)
        windows.append((place >= first) & (place < first + length))
    rows, cols = windows
    return code * ~(rows[:, None, :, None] & cols[:, None, None, :])
