"""How unlike one picture others are, as a number that gradients flow through."""

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.features.efficientnet_lite0 import COMPARED_BLOCKS, EfficientNetLite0
from frugan.ops.projection import as_rgb


class Likeness:
    """Images (N, C, H, W), nominally in [-1, 1], -> (N,): 0 for the target itself.

    The perceptual distance of `metrics.perceptual`, without its rounding to 8 bits, which has no gradient; and the mean
    squared difference beside it.

    Args:
        target: (1, C, H, W) in [-1, 1].
        network: frozen, on the target's device.
        pixels: weight of the squared difference.
        enlarged: how many times images are enlarged for the network, which was made for larger ones than codes.
    """

    def __init__(self, target: Tensor, network: EfficientNetLite0, pixels: float, enlarged: int = 1) -> None:
        self.target, self.network, self.pixels, self.enlarged = target, network, pixels, enlarged
        with torch.no_grad():
            self.wanted = self._features(target)

    def __call__(self, images: Tensor) -> Tensor:
        pairs = zip(self._features(images), self.wanted, strict=True)
        perceptual = torch.stack([(a - b).square().sum(dim=1).mean(dim=(1, 2)) for a, b in pairs]).mean(dim=0)
        return perceptual + self.pixels * (images - self.target).square().mean(dim=(1, 2, 3))

    def _features(self, images: Tensor) -> list[Tensor]:
        seen = as_rgb(images)
        if self.enlarged > 1:
            seen = F.interpolate(seen, scale_factor=self.enlarged, mode="bilinear", align_corners=False)
        seen = seen.contiguous(memory_format=torch.channels_last)
        return [F.normalize(found, dim=1, eps=1e-10) for found in self.network.block_features(seen, COMPARED_BLOCKS)]
