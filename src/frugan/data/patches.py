"""Patches at random scale and place of photos of mixed size: what AnyresGAN trains on (Chai et al. 2022)."""

import numpy as np
import torch
from PIL import Image
from PIL.Image import Resampling
from torch import Tensor

from frugan.data.loader import Loader, to_float
from frugan.data.packed import PackedDataset

_STREAM = 1  # keeps these draws apart from the loader's


class Patches:
    """A patch for each number of a loader's stream, of the photo that it shows there: a function of (seed, number).

    A photo of side S is reduced to a side between that of a patch and S, evenly drawn (Lanczos, antialiased; never
    enlarged), and a patch is cut out of it anywhere.

    Args:
        loader: of the whole pictures, which have the side of patches.
        photos: the same images with their own pixels (`pack` with `smallest`).
        side: of patches.
        seed: of scales and places.
    """

    def __init__(self, loader: Loader, photos: PackedDataset, *, side: int, seed: int) -> None:
        self._loader, self._side, self._seed = loader, side, seed
        self._photos, self._sides, self._pixels = np.asarray(photos.images), photos.sides, photos.pixels

    def patches(self, n: np.ndarray) -> tuple[Tensor, Tensor]:
        """Those with the numbers `n` (N,), (N, 3, side, side) in [-1, 1]; and where they lie, in parts of the photo:
        top, left, and length of their sides, (N, 3)."""
        drawn = [self._patch(*shown) for shown in zip(n.tolist(), *self._loader.places(n), strict=True)]
        pixels = np.stack([patch for patch, _ in drawn])
        return to_float(pixels, self._pixels), torch.tensor([box for _, box in drawn], dtype=torch.float64).float()

    def _patch(self, number: int, index: int, mirrored: bool) -> tuple[np.ndarray, tuple[float, float, float]]:
        random = np.random.RandomState(np.random.MT19937(np.random.SeedSequence([self._seed, number, _STREAM])))
        scale, down, right = random.random_sample(3).tolist()
        own = int(self._sides[index])
        length = self._side / (self._side + scale * (own - self._side))
        top, left = down * (1 - length), right * (1 - length)
        photo = self._photos[index, :, :own, :own].transpose(1, 2, 0)
        image = Image.fromarray(np.ascontiguousarray(photo[:, ::-1] if mirrored else photo))
        box = tuple(min(edge * own, own) for edge in (left, top, left + length, top + length))
        patch = image.resize((self._side, self._side), Resampling.LANCZOS, box=box)
        return np.asarray(patch).transpose(2, 0, 1), (top, left, length)
