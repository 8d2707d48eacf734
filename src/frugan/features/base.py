"""Frozen judges: `FeatureExtractor` turns images into the vectors that distances are taken between."""

from abc import ABC, abstractmethod
from typing import final

import torch
from torch import Tensor

from frugan.ops.projection import as_rgb, projection_text


class FeatureExtractor(ABC):
    """images (N, C, H, W) in [-1, 1] -> features (N, dim). Deterministic, never trained.

    Networks see RGB: of other images what `ops.projection` makes of them, which protocols tell.

    Attributes:
        name: as users type it.
        distance_name: what a Frechet distance on these features must be called; only Inception's is "FID".
        dim: length of a feature vector.
        device: where it computes.
        bands: three channels, from 0, that are seen as RGB; () for the projection's own.
        classifies: whether it has a classifier of its own, which `probabilities` asks.
        knows_imagenet: whether its classifier's classes are ImageNet's 1,000, in their order.
    """

    name: str
    distance_name: str
    dim: int
    device: torch.device
    bands: tuple[int, ...] = ()
    classifies: bool = True
    knows_imagenet: bool = False

    @final
    def features(self, images: Tensor) -> Tensor:
        """Features (N, dim), float32, on the extractor's device, of the images clamped and rounded to 8 bits."""
        return self.features_of_rgb(as_rgb(images, self.bands))

    @final
    def projection(self, channels: int) -> dict[str, str]:
        """An entry for protocols that tells how such images are seen; none for RGB as it is."""
        text = projection_text(channels, self.bands)
        return {"projection": text} if text else {}

    @abstractmethod
    def features_of_rgb(self, images: Tensor) -> Tensor:
        """As `features`, of (N, 3, H, W)."""

    @abstractmethod
    def probabilities(self, features: Tensor) -> Tensor:
        """Class probabilities (N, classes) of its own classifier, from such features; only where it `classifies`."""

    @abstractmethod
    def protocol(self) -> dict[str, str | int]:
        """Everything that changes the numbers: weights' checksum, resizing, input range. Recorded with every result."""


def as_8_bit(images: Tensor) -> Tensor:
    """Clamp to [-1, 1], round to the 256 levels of a saved picture: judge what the user will see. -> [0, 255]."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round()
