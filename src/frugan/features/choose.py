"""Feature extractors by the name that users type."""

from collections.abc import Sequence
from typing import get_args

import torch

from frugan.config.schema import Features
from frugan.features.base import FeatureExtractor
from frugan.features.efficientnet_lite0 import EfficientNetFeatures
from frugan.features.inception import InceptionFeatures
from frugan.features.random_convolutions import RandomFeatures
from frugan.system.errors import ArgumentError, did_you_mean


def load_extractor(
    name: str, device: torch.device, *, size: int = 0, weights: str = "", bands: Sequence[int] = ()
) -> FeatureExtractor:
    """By name: "efficientnet-lite0" (offline), "inception" (weights from a file, its cache, or the network), or
    "random" (offline; learned nothing).

    Args:
        size: side to which images are resized (antialiased bilinear) before EfficientNet; 0 = as they are.
        weights: Inception's weight file.
        bands: three bands, from 1, that are seen as RGB; () for those of `ops.projection`.

    Raises:
        UserError: unknown name, or weights that cannot be had.
    """
    extractor: FeatureExtractor
    if name == "efficientnet-lite0":
        extractor = EfficientNetFeatures(device, size)
    elif name == "inception":
        extractor = InceptionFeatures(device, weights)
    elif name == "random":
        extractor = RandomFeatures(device)
    else:
        raise ArgumentError("features", f"unknown{did_you_mean(name, get_args(Features))}", name)
    extractor.bands = tuple(band - 1 for band in bands)
    return extractor
