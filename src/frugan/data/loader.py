"""Packed images -> batches of float in [-1, 1]. The last place where whole numbers exist."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from frugan.config.shape import PixelFormat
from frugan.data.packed import PackedDataset


class Loader:
    """An endless stream of images, n = 0, 1, 2 ..., that is a pure function of (dataset, seed, mirror).

    Each epoch (len(dataset) images) shows every image once, in an order of its own; with `mirror`, a coin is tossed for
    every n whether the image is flipped left to right. So the whole state of this stream is the number of images seen:
    any batch size gives the same images, a run resumes at any n, and ranks take slices.
    """

    def __init__(self, dataset: PackedDataset, *, seed: int, mirror: bool) -> None:
        images = dataset.images
        self._images = np.asarray(images) if isinstance(images, np.ndarray) else images
        self._pixels = dataset.pixels
        self._labels = dataset.labels
        self._seed = seed
        self._mirror = mirror
        self._epochs: dict[int, _Epoch] = {}

    def batch(self, first: int, count: int) -> tuple[Tensor, Tensor]:
        """Images first ... first + count - 1: float32 (count, C, H, W) in [-1, 1]; int64 labels (count,), -1 = none."""
        return self.images(np.arange(first, first + count))

    def images(self, n: np.ndarray) -> tuple[Tensor, Tensor]:
        """Those with the numbers `n` (N,), as `batch`."""
        index, mirrored = self.places(n)
        pixels = self._images[index]
        if self._mirror:
            pixels[mirrored] = pixels[mirrored, :, :, ::-1]
        return to_float(pixels, self._pixels), torch.from_numpy(self._labels[index])

    def places(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which images the numbers `n` (N,) show, as indices into the data set, and whether each is mirrored."""
        index = np.empty(len(n), np.int64)
        mirrored = np.empty(len(n), bool)
        epoch_of_n, place_of_n = np.divmod(n, len(self._images))
        for number in np.unique(epoch_of_n):
            here = epoch_of_n == number
            epoch = self._epoch(int(number))
            index[here] = epoch.order[place_of_n[here]]
            mirrored[here] = epoch.mirrored[place_of_n[here]]
        return index, mirrored & self._mirror

    def all_images(self, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Every image once, in the data set's order and never mirrored, as (images, labels) like those of `batch`."""
        for first in range(0, len(self._images), batch):
            here = slice(first, first + batch)
            yield to_float(self._images[here].copy(), self._pixels), torch.from_numpy(self._labels[here].copy())

    def spread_images(self, count: int, batch: int) -> Iterator[Tensor]:
        """At most `count` images in pieces (N, C, H, W), evenly spread over the data set's order and never mirrored.

        Data sets are in the order of their names, classes one after the other: the first images are not typical.
        """
        count = min(count, len(self._images))
        chosen = np.arange(count) * len(self._images) // count
        for first in range(0, count, batch):
            yield to_float(self._images[chosen[first : first + batch]], self._pixels)

    def _epoch(self, number: int) -> "_Epoch":
        if number not in self._epochs:
            # A batch touches one epoch, or the end of one and the start of the next: keep two.
            if len(self._epochs) == 2:
                del self._epochs[next(iter(self._epochs))]
            self._epochs[number] = _draw_epoch(self._seed, number, len(self._images))
        return self._epochs[number]


class _Epoch(NamedTuple):
    order: np.ndarray  # int64 (N,), a permutation
    mirrored: np.ndarray  # bool (N,), by place in the epoch


def _draw_epoch(seed: int, number: int, size: int) -> _Epoch:
    # RandomState is frozen, so the stream stays the same over versions of numpy; SeedSequence keeps nearby seeds apart.
    random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, number])))
    return _Epoch(random.permutation(size), random.random_sample(size) < 0.5)


def to_float(pixels: np.ndarray, stored: PixelFormat) -> Tensor:
    """Stored numbers -> float32 in [-1, 1]; values beyond the format's range end there."""
    if stored.is_plain:
        return torch.from_numpy(pixels).to(torch.float32).div_(127.5).sub_(1)
    values = torch.from_numpy(pixels.astype(np.float32))
    return values.sub_(stored.low).mul_(2 / (stored.high - stored.low)).sub_(1).clamp_(-1, 1)
