"""A closer look at a data set for its page: sizes, small pictures, and which images look almost the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from frugan.config.shape import ImageShape
from frugan.data.decode import ImageError, decode_picture, decoded, fitted
from frugan.data.fit import Wanted
from frugan.data.items import Source
from frugan.data.parallel import map_ordered
from frugan.ops.projection import for_eyes

THUMBNAIL = 96  # side in pixels
_NEAR_BITS = 4  # of 64: hashes of one picture, saved again or scaled, differ in so many at most
_LEAST_BITS = 6  # a hash of fewer set or unset bits is of an even picture, which is near to all such
_CHUNK = 128
_SMALL = Wanted.square(THUMBNAIL, allow_upsampling=True)
_WITH_OPACITY = _SMALL._replace(shape=ImageShape.square(THUMBNAIL, 4))


@dataclass(frozen=True, eq=False)
class Overview:
    """Of the images that can be decoded, in the order of their names.

    Attributes:
        sizes: (N, 2), height and width, upright.
        near: groups of names whose pictures look almost the same; copies of the same bytes among them.
        thumbnail: draws one of them by its name, (3, 96, 96) uint8, over a checkerboard where it is transparent. They
            are not kept: there may be millions.
    """

    names: tuple[str, ...]
    sizes: np.ndarray
    near: tuple[tuple[str, ...], ...]
    thumbnail: Callable[[str], np.ndarray]


def look_over(source: Source, progress: Callable[[int, int], None] = lambda done, total: None) -> Overview:
    """Decode every image once, small.

    Raises:
        RunError: a file cannot be read.
    """
    places, sizes, hashes = {}, [], []
    for index, seen in enumerate(map_ordered(lambda i: _seen(source, i), len(source))):
        if seen is not None:
            places[source.items[index].name] = index
            sizes.append(seen[0])
            hashes.append(seen[1])
        progress(index + 1, len(source))
    names = tuple(places)
    near = near_groups(names, np.array(hashes, bool).reshape(-1, 64))
    return Overview(names, np.array(sizes).reshape(-1, 2), near, lambda name: _thumbnail(source, places[name]))


def _seen(source: Source, index: int) -> tuple[tuple[int, int], np.ndarray] | None:
    """Size and hash."""
    try:
        with source.reading(index) as data, decoded(data, shrink_to=_SMALL.shape.size) as picture:
            return picture.full_size, difference_hash(fitted(picture, _SMALL))
    except ImageError:
        return None


def _thumbnail(source: Source, index: int) -> np.ndarray:
    with source.reading(index) as data:
        drawn = torch.tensor(decode_picture(data, _WITH_OPACITY)).float() / 127.5 - 1
    board: np.ndarray = ((for_eyes(drawn[None])[0] + 1) * 127.5).round().byte().numpy()
    return board


def difference_hash(picture: np.ndarray) -> np.ndarray:
    """(3, H, W) uint8 -> 64 bits: whether brightness rises from each of 9 x 8 places to the next on its right."""
    grey = Image.fromarray(picture.transpose(1, 2, 0)).convert("L").resize((9, 8), Image.Resampling.BOX)
    levels = np.asarray(grey).astype(int)
    rises: np.ndarray = levels[:, 1:] > levels[:, :-1]
    return rises.flatten()


def near_groups(names: Sequence[str], hashes: np.ndarray) -> tuple[tuple[str, ...], ...]:
    """Names whose hashes (N, 64) differ in few bits, directly or through others, largest groups first."""
    # Series and copies have equal hashes: one of them stands for all.
    distinct, stands_for = np.unique(hashes, axis=0, return_inverse=True)
    pairs = _near_pairs(distinct)
    joined = coo_array((np.ones(len(pairs), bool), pairs.T), shape=(len(distinct), len(distinct)))
    group_of = connected_components(joined, directed=False)[1][stands_for.reshape(-1)]
    alone = ~_is_telling(hashes)
    group_of[alone] = len(distinct) + np.arange(alone.sum())
    groups: dict[int, list[str]] = {}
    for i, name in enumerate(names):
        groups.setdefault(int(group_of[i]), []).append(name)
    return tuple(sorted((tuple(group) for group in groups.values() if len(group) > 1), key=len, reverse=True))


def _is_telling(hashes: np.ndarray) -> np.ndarray:
    set_bits: np.ndarray = hashes.sum(axis=1)
    return (set_bits >= _LEAST_BITS) & (set_bits <= hashes.shape[1] - _LEAST_BITS)


def _near_pairs(hashes: np.ndarray) -> np.ndarray:
    """(K, 2) places of hashes that are near, directly or through others: enough pairs to join each group.

    Two hashes that differ in 4 bits agree in one of 5 parts of them at least: only those that do are compared.
    """
    telling = np.flatnonzero(_is_telling(hashes))
    signs = (2 * hashes[telling].astype(np.float32) - 1) / 8
    pairs = [np.zeros((0, 2), int)]
    for part in np.array_split(np.arange(64), _NEAR_BITS + 1):
        keys = hashes[telling][:, part] @ (1 << np.arange(len(part)))
        order = np.argsort(keys, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            for start in range(0, len(group) if len(group) > 1 else 0, _CHUNK):
                rows = group[start : start + _CHUNK]
                alike = signs[rows] @ signs[group].T > 1 - 2 * (_NEAR_BITS + 0.5) / 64
                # Of many alike, as few pairs as join them: all would not fit into memory.
                row, column = np.nonzero(alike)
                joined = coo_array((np.ones(len(row), bool), (start + row, column)), shape=(len(group), len(group)))
                _, first, part_of = np.unique(
                    connected_components(joined, directed=False)[1], return_index=True, return_inverse=True
                )
                pairs.append(telling[np.stack([group, group[first[part_of]]], axis=1)])
    return np.concatenate(pairs)
