"""The second judge of every evaluation: one that has learned nothing, beside one that knows ImageNet."""

from functools import cache

import torch
from torch import Tensor

from frugan.features.random_convolutions import RandomFeatures
from frugan.metrics.base import Describer


def describe(images: Tensor) -> Tensor:
    """(N, 3, H, W) in [-1, 1] -> features (N, 240) of random convolutions."""
    return torch.cat([_judge().features(image[None]) for image in images.cpu()])


@cache
def _judge() -> RandomFeatures:
    return RandomFeatures(torch.device("cpu"))


RANDOM = Describer("random", describe, 16)
