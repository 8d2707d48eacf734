"""Perceptual losses: distances between features of a frozen network, of type `base.ImageLoss`.

Networks see RGB: grey repeated, RGBA over white, the first three of other bands (`ops.projection`). What they do not
see is left to the image loss beside them.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.features.efficientnet_lite0 import COMPARED_BLOCKS, pretrained_efficientnet_lite0
from frugan.features.vgg19 import VGG19Conv54
from frugan.ops.projection import as_rgb


class VGGPerceptual:
    """Mean absolute difference of VGG-19's conv5_4 before ReLU, with ImageNet's normalisation: ESRGAN's.

    Args:
        weights: the file vgg19-dcbb9e9d.pth; torch's cache or the network if empty.
    """

    def __init__(self, weights: str = "") -> None:
        self.network = VGG19Conv54(weights)

    def __call__(self, decoded: Tensor, original: Tensor) -> Tensor:
        self.network.to(decoded.device)
        with torch.no_grad():
            wanted = self.network(as_rgb(original))
        return F.l1_loss(self.network(as_rgb(decoded)), wanted)


class EfficientNetPerceptual:
    """Mean absolute differences of EfficientNet-Lite0's features at strides 4, 8 and 16, each relative to their size.

    For places without a network: the weights come with a package that is installed anyway.
    """

    def __init__(self) -> None:
        self.network = pretrained_efficientnet_lite0()

    def __call__(self, decoded: Tensor, original: Tensor) -> Tensor:
        self.network.to(decoded.device)
        with torch.no_grad():
            wanted = self.network.block_features(as_rgb(original), COMPARED_BLOCKS)
        found = self.network.block_features(as_rgb(decoded), COMPARED_BLOCKS)
        terms = [(a - b).abs().mean() / b.abs().mean() for a, b in zip(found, wanted, strict=True)]
        return torch.stack(terms).mean()
