"""Packed images -> batches of float in [-1, 1]. The last place where whole numbers exist."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from frugan.config.shape import PixelFormat
from frugan.data.images import TrainingImages

_BATCH = 64  # where nothing trains


class Loader:
    """An endless stream of images, n = 0, 1, 2 ..., that is a pure function of (dataset, seed, mirror).

    Each epoch (len(dataset) images) shows every image once, in an order of its own (`order`); with `mirror`, a coin is
    tossed for every n whether the image is flipped left to right. So the whole state of this stream is the number of
    images seen: a run resumes at any n, and ranks take slices. `batch`, the images of a step, changes the order of
    images in shards, and of no others.
    """

    def __init__(self, dataset: TrainingImages, *, seed: int, mirror: bool, batch: int = _BATCH) -> None:
        self._dataset, self._pixels, self._mirror = dataset, dataset.pixels, mirror
        self._order = dataset.order(seed, batch)
        self._ahead = -(-dataset.ahead // batch) * batch  # whole steps, so that each rank expects what it will show

    def batch(self, first: int, count: int) -> tuple[Tensor, Tensor]:
        """Images first ... first + count - 1: float32 (count, C, H, W) in [-1, 1]; int64 labels (count,), -1 = none."""
        return self.images(np.arange(first, first + count))

    def images(self, n: np.ndarray) -> tuple[Tensor, Tensor]:
        """Those with the numbers `n` (N,), as `batch`."""
        index, mirrored = self.places(n)
        if self._ahead:
            self._dataset.expect(self._order.places(n + self._ahead)[0])
        pixels, labels = self._dataset.read(index)
        if self._mirror:
            pixels[mirrored] = pixels[mirrored, :, :, ::-1]
        return to_float(pixels, self._pixels), torch.from_numpy(labels)

    def places(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which images the numbers `n` (N,) show, as indices into the data set, and whether each is mirrored."""
        index, coins = self._order.places(n)
        return index, coins & self._mirror

    def all_images(self, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image once, in the data set's order and never mirrored, as (images, labels) like those of `batch`.

        Of very many, those that `dataset.surveyed` says.
        """
        for first in range(0, self._dataset.surveyed, batch):
            pixels, labels = self._dataset.read(np.arange(first, min(first + batch, self._dataset.surveyed)))
            yield to_float(pixels, self._pixels), torch.from_numpy(labels)

    def spread_images(self, count: int, batch: int) -> Iterator[Tensor]:
        """At most `count` images in pieces (N, C, H, W) that stand for all of them, never mirrored: the first images
        may not be typical."""
        count = min(count, len(self._dataset))
        chosen = self._dataset.typical(count)
        for first in range(0, count, batch):
            yield to_float(self._dataset.read(chosen[first : first + batch])[0], self._pixels)


def to_float(pixels: np.ndarray, stored: PixelFormat) -> Tensor:
    """Stored numbers -> float32 in [-1, 1]; values beyond the format's range end there."""
    if stored.is_plain:
        return torch.from_numpy(pixels).to(torch.float32).div_(127.5).sub_(1)
    values = torch.from_numpy(pixels.astype(np.float32))
    return values.sub_(stored.low).mul_(2 / (stored.high - stored.low)).sub_(1).clamp_(-1, 1)
