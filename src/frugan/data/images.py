"""What training and judging need of a data set: that its images can be had by index, a batch at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from frugan.config.shape import ImageShape, PixelFormat
from frugan.data.order import Order
from frugan.data.packed import Skipped


class TrainingImages(Protocol):
    """Images of one shape, packed on this disk (`PackedDataset`) or in shards anywhere (`ShardedImages`)."""

    def __len__(self) -> int: ...

    @property
    def shape(self) -> ImageShape:
        """Of each image."""

    @property
    def pixels(self) -> PixelFormat:
        """What stored numbers stand for."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the labels."""

    @property
    def fingerprint(self) -> str:
        """Equal for equal images."""

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Images that were left out."""

    @property
    def folder(self) -> Path:
        """Where what is computed of these images may be kept."""

    @property
    def subset(self) -> str:
        """What tells these images from all those that `folder` is of; "" for all."""

    @property
    def surveyed(self) -> int:
        """How many of them, the first ones, are looked at where a look at all would take too long."""

    @property
    def ahead(self) -> int:
        """How many images of the stream later ones should be expected; 0 where nothing has to be fetched."""

    def class_counts(self) -> dict[str, int]:
        """How many images each class has, in the order of their labels."""

    def unlabelled(self) -> int:
        """How many have no class."""

    def skipped_summary(self) -> list[str]:
        """Sentences for people about what was left out."""

    def order(self, seed: int, batch: int) -> Order:
        """Of the stream that trains with steps of `batch` images."""

    def typical(self, count: int) -> np.ndarray:
        """Indices (count,) of images that stand for all; `count` is at most their number."""

    def read(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Those with the indices (N,): stored numbers (N, C, H, W), the caller's own, and int64 labels (N,), -1 = none.

        Raises:
            RunError: they cannot be had.
        """

    def expect(self, index: np.ndarray) -> None:
        """These will be read soon."""
