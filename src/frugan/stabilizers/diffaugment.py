"""Differentiable augmentation for data-efficient GAN training (Zhao et al. 2020): fixed strength, on every image."""

import torch
from torch import Tensor

from frugan.ops.draws import BatchDraws
from frugan.stabilizers.base import Stabilizer


class DiffAugment(Stabilizer):
    """Random colour, translation and cutout of each image, in this order, as in section 3 and appendix A of the paper.

    Args:
        color: brightness +- half the range of [0, 1] images, saturation 0 to 2, contrast 1/2 to 3/2, each uniform.
        translation: the largest shift, as a fraction of the side; what leaves the image is lost, zeros come in.
        cutout: side of the square that is zeroed, as a fraction of the image's, at a uniform place that may reach
            beyond the border.
    """

    penalised_at = "image"  # through the augmentation, as its authors' StyleGAN2 does

    def __init__(self, color: bool = True, translation: float = 1 / 8, cutout: float = 1 / 2) -> None:
        super().__init__()
        for name, value in (("translation", translation), ("cutout", cutout)):
            if not 0 <= value < 1:
                raise ValueError(f"{name}: must be in [0, 1), got {value}")
        self.color, self.translation, self.cutout = color, translation, cutout

    def forward(self, code: Tensor) -> Tensor:
        if self.color:
            code = random_color(code, self.draws)
        if self.translation:
            code = random_translation(code, self.translation, self.draws)
        if self.cutout:
            code = random_cutout(code, self.cutout, self.draws)
        return code

    def strengths(self) -> dict[str, float]:
        return {}


def random_color(code: Tensor, draws: BatchDraws) -> Tensor:
    """Brightness, saturation and contrast of (N, C, H, W), drawn for each image."""
    brightness, saturation, contrast = draws.draw(lambda n: code.new_empty(3, n, 1, 1, 1).uniform_(), len(code), axis=1)
    code = code + (brightness - 0.5)
    grey = code.mean(dim=1, keepdim=True)
    code = (code - grey) * (2 * saturation) + grey
    level = code.mean(dim=(1, 2, 3), keepdim=True)
    return (code - level) * (contrast + 0.5) + level


def random_translation(code: Tensor, fraction: float, draws: BatchDraws) -> Tensor:
    """Shift each image of (N, C, H, W) by whole pixels, at most `fraction` of its side either way; zeros come in."""
    for axis in (-2, -1):
        side = code.shape[axis]
        reach = int(side * fraction + 0.5)
        shift = _integers(-reach, reach + 1, code, draws)
        source = torch.arange(side, device=code.device) - shift  # (N, side): where each row or column comes from
        inside = (source >= 0) & (source < side)
        shape = (-1, 1, side, 1) if axis == -2 else (-1, 1, 1, side)
        index = source.clamp(0, side - 1).reshape(shape).expand_as(code)
        code = code.gather(axis, index) * inside.reshape(shape)
    return code


def random_cutout(code: Tensor, fraction: float, draws: BatchDraws) -> Tensor:
    """Zero a square window of each image of (N, C, H, W), its centre anywhere in the image."""
    windows = []
    for side in code.shape[-2:]:
        length = int(side * fraction + 0.5)
        first = _integers(0, side + (1 - length % 2), code, draws) - length // 2
        place = torch.arange(side, device=code.device)
        windows.append((place >= first) & (place < first + length))
    rows, cols = windows
    return code * ~(rows[:, None, :, None] & cols[:, None, None, :])


def _integers(low: int, high: int, code: Tensor, draws: BatchDraws) -> Tensor:
    """(N, 1), from `low` to `high` - 1."""
    return draws.draw(lambda n: torch.randint(low, high, (n, 1), device=code.device), len(code))
