"""Losses of a decoded image against the original, all of type `base.ImageLoss`."""

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.objectives.base import ImageLoss
from frugan.ops.wavelet import packet2, packet_splits, wavedec2


def l1(decoded: Tensor, original: Tensor) -> Tensor:
    """Mean absolute error per pixel: the loss of ResNet-W and ResNet-P in not-so-big-GAN."""
    return F.l1_loss(decoded, original)


def l2(decoded: Tensor, original: Tensor) -> Tensor:
    """Mean squared error per pixel: UNet-P."""
    return F.mse_loss(decoded, original)


def packet_l2(decoded: Tensor, original: Tensor, levels: int = 2, code_side: int = 64) -> Tensor:
    """UNet-W's loss: for each tail the mean squared error of its wavelet packet, summed over all tails.

    The error image is taken to [0, 1], the range of the paper. Bands are split as often as the network splits them:
    into packets of 32 x 32 for whole codes. TL counts for nothing: no decoder changes it.

    Args:
        decoded, original: images (N, C, H, W) in [-1, 1]; without an error beyond their edges, where packets reach.
        levels: the codec's; 2 in the paper.
        code_side: the network's; 64 in the paper.
    """
    error, splits = (decoded - original) / 2, packet_splits(code_side)
    down, right = (-side % 2 ** (levels + splits) for side in error.shape[2:])
    _, details = wavedec2(F.pad(error, (0, right, 0, down)) if down or right else error, levels)
    total = torch.zeros((), device=decoded.device)
    for depth, bands in enumerate(details, splits):
        packets = torch.cat([packet2(band, depth) for band in bands], dim=1)
        total = total + 3 * 4**depth * packets.square().mean()
    return total


class WeightedSum:
    """Several image losses in one, as in ESRGAN: `WeightedSum((l1, perceptual), (1e-2, 1.0))`."""

    def __init__(self, losses: tuple[ImageLoss, ...], weights: tuple[float, ...]) -> None:
        if len(losses) != len(weights) or not losses:
            raise ValueError(f"weights: one for each loss is needed, got {len(weights)} for {len(losses)}")
        self.losses, self.weights = losses, weights

    def __call__(self, decoded: Tensor, original: Tensor) -> Tensor:
        terms = [weight * loss(decoded, original) for loss, weight in zip(self.losses, self.weights, strict=True)]
        return torch.stack(terms).sum()
