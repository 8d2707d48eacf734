"""Feature extractors by the name that users type."""

import torch

from frugan.features.base import FeatureExtractor
from frugan.features.efficientnet_lite0 import EfficientNetFeatures
from frugan.features.inception import InceptionFeatures
from frugan.system.errors import ArgumentError, did_you_mean


def load_extractor(name: str, device: torch.device, *, size: int = 0, weights: str = "") -> FeatureExtractor:
    """By name: "efficientnet-lite0" (offline) or "inception" (weights from a file, its cache, or the network).

    Args:
        size: side to which images are resized (antialiased bilinear) before EfficientNet; 0 = as they are.
        weights: Inception's weight file.

    Raises:
        UserError: unknown name, or weights that cannot be had.
    """
    if name == "efficientnet-lite0":
        return EfficientNetFeatures(device, size)
    if name == "inception":
        return InceptionFeatures(device, weights)
    raise ArgumentError("features", f"unknown{did_you_mean(name, ('efficientnet-lite0', 'inception'))}", name)
