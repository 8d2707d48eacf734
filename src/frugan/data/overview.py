"""A closer look at a data set for its page: sizes, small pictures, and which images look almost the same."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from frugan.data.decode import ImageError, decode_picture, decoded
from frugan.data.fit import Wanted
from frugan.data.items import Source
from frugan.data.parallel import map_ordered

THUMBNAIL = 96  # side in pixels
_NEAR_BITS = 4  # of 64: hashes of one picture, saved again or scaled, differ in so many at most
_LEAST_BITS = 6  # a hash of fewer set or unset bits is of an even picture, which is near to all such
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class Overview:
    """Of the images that can be decoded, in the order of their names.

    Attributes:
        sizes: (N, 2), height and width, upright.
        thumbnails: (N, 3, 96, 96) uint8.
        near: groups of names whose pictures look almost the same; copies of the same bytes among them.
    """

    names: tuple[str, ...]
    sizes: np.ndarray
    thumbnails: np.ndarray
    near: tuple[tuple[str, ...], ...]


def look_over(source: Source, progress: Callable[[int, int], None] = lambda done, total: None) -> Overview:
    """Decode every image once, small.

    Raises:
        RunError: a file cannot be read.
    """
    names, sizes, thumbnails = [], [], []
    for index, seen in enumerate(map_ordered(lambda i: _seen(source, i), len(source))):
        if seen is not None:
            names.append(source.items[index].name)
            sizes.append(seen[0])
            thumbnails.append(seen[1])
        progress(index + 1, len(source))
    pictures = np.stack(thumbnails) if thumbnails else np.zeros((0, 3, THUMBNAIL, THUMBNAIL), np.uint8)
    hashes = np.array([difference_hash(picture) for picture in pictures], bool).reshape(len(pictures), 64)
    return Overview(tuple(names), np.array(sizes).reshape(-1, 2), pictures, near_groups(names, hashes))


def _seen(source: Source, index: int) -> tuple[tuple[int, int], np.ndarray] | None:
    try:
        with source.reading(index) as data:
            with decoded(data, shrink_to=(1, 1)) as picture:
                size = picture.full_size
            return size, decode_picture(data, Wanted.square(THUMBNAIL, allow_upsampling=True))
    except ImageError:
        return None


def difference_hash(picture: np.ndarray) -> np.ndarray:
    """(3, H, W) uint8 -> 64 bits: whether brightness rises from each of 9 x 8 places to the next on its right."""
    grey = Image.fromarray(picture.transpose(1, 2, 0)).convert("L").resize((9, 8), Image.Resampling.BOX)
    levels = np.asarray(grey).astype(int)
    rises: np.ndarray = levels[:, 1:] > levels[:, :-1]
    return rises.flatten()


def near_groups(names: list[str], hashes: np.ndarray) -> tuple[tuple[str, ...], ...]:
    """Names whose hashes (N, 64) differ in few bits, directly or through others, largest groups first."""
    parents = list(range(len(names)))

    def root(i: int) -> int:
        while parents[i] != i:
            parents[i] = parents[parents[i]]
            i = parents[i]
        return i

    set_bits = hashes.sum(axis=1)
    telling = np.flatnonzero((set_bits >= _LEAST_BITS) & (set_bits <= 64 - _LEAST_BITS))
    signs = (2 * hashes[telling].astype(np.float32) - 1) / 8
    for first in range(0, len(telling), _CHUNK):
        alike = signs[first : first + _CHUNK] @ signs.T > 1 - 2 * (_NEAR_BITS + 0.5) / 64
        for row, column in zip(*np.nonzero(alike), strict=True):
            if telling[first + row] < telling[column]:
                parents[root(int(telling[column]))] = root(int(telling[first + row]))
    groups: dict[int, list[str]] = {}
    for i, name in enumerate(names):
        groups.setdefault(root(i), []).append(name)
    return tuple(sorted((tuple(group) for group in groups.values() if len(group) > 1), key=len, reverse=True))
