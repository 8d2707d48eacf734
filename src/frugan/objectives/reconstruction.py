"""Losses of a decoded image against the original, all of type `base.ImageLoss`."""

from torch import Tensor
from torch.nn import functional as F


def l1(decoded: Tensor, original: Tensor) -> Tensor:
    """Mean absolute error per pixel: the loss of ResNet-W and ResNet-P in not-so-big-GAN."""
    return F.l1_loss(decoded, original)
