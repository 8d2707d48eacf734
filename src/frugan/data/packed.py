"""Images that lie packed in one array on disk, in a folder that `cache` built: opened, and checked for damage.

`index.json` is under a SHA-256 of itself, and names the size, time and CRC-32 of `images.npy`. The CRC is computed only
if size or time differ, so that a start stays fast; what a disk alters without a write is not seen.
"""

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import NamedTuple

import numpy as np

from frugan.config.shape import ImageShape, PixelFormat
from frugan.data.decode import SmallImageError
from frugan.data.order import Bucketed, Order, Shuffled
from frugan.system.bounds import CACHE_INDEX
from frugan.system.errors import RunError
from frugan.system.foreign_files import read_bounded
from frugan.system.jsonl import JSON


class Skipped(NamedTuple):
    """An image that was left out."""

    name: str
    kind: str  # the `kind` of the ImageError: corrupt, unsupported, too small
    reason: str


class Rows:
    """Some rows of an array on disk, indexed by rows as an array is: nothing is read before."""

    def __init__(self, images: "np.ndarray | Rows", rows: np.ndarray) -> None:
        self._images, self._rows = images, rows
        self.shape: tuple[int, ...] = (len(rows), *images.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: np.ndarray | slice | int) -> np.ndarray:
        return np.asarray(self._images[self._rows[index]])


@dataclass(frozen=True, eq=False)
class PackedDataset:
    """Images of one shape, ready to be indexed. Everything is in the order of the names."""

    images: np.ndarray | Rows  # (N, C, H, W) of uint8, uint16 or float32, memory-mapped, read-only
    pixels: PixelFormat  # what its numbers stand for
    sides: np.ndarray  # int64 (N,): H, or the own side of a smaller photo, which lies in the top left corner
    labels: np.ndarray  # int64 (N,): index into class_names, -1 = no class
    names: tuple[str, ...]
    digests: tuple[str, ...]  # SHA-256 of each image's encoded bytes
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    # SHA-256 of the names and encoded bytes of the images in use: equal on every machine, for a folder and its zip, and
    # for every resolution that leaves out the same images.
    fingerprint: str
    folder: Path  # of the cache
    mended: str = ""  # what was wrong with the cache, if it had to be packed again
    subset: str = ""  # what tells these images from all of the folder; "" for all
    aspects: np.ndarray | None = None  # float64 (N,): width over height that each was stretched from, if any was

    def __len__(self) -> int:
        return len(self.images)

    @property
    def shape(self) -> ImageShape:
        """Of each image."""
        return ImageShape(*self.images.shape[1:])

    @property
    def surveyed(self) -> int:
        """All of them: they lie on this disk."""
        return len(self)

    @property
    def ahead(self) -> int:
        """Nothing has to be fetched."""
        return 0

    def class_counts(self) -> dict[str, int]:
        """How many images each class has, in the order of their labels."""
        return {name: int((self.labels == label).sum()) for label, name in enumerate(self.class_names)}

    def unlabelled(self) -> int:
        """How many have no class."""
        return int((self.labels < 0).sum())

    def order(self, seed: int, batch: int) -> Order:
        """One permutation an epoch, and the batch makes no difference; or batches of images of one aspect each."""
        return Shuffled(len(self), seed) if self.aspects is None else Bucketed(self.aspects, seed, batch)

    def aspect_counts(self) -> dict[float, int]:
        """How many images were stretched from each width over height; none where all are of one shape."""
        if self.aspects is None:
            return {}
        found, counts = np.unique(self.aspects, return_counts=True)
        return dict(zip(found.tolist(), counts.tolist(), strict=True))

    def typical(self, count: int) -> np.ndarray:
        """Evenly spread: images are in the order of their names, classes one after the other."""
        return np.arange(count) * len(self) // count

    def read(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `TrainingImages`."""
        # A memory map is indexed more slowly than the plain array that it is.
        images = np.asarray(self.images) if isinstance(self.images, np.ndarray) else self.images
        return images[index], self.labels[index]

    def expect(self, index: np.ndarray) -> None:
        """Nothing to do."""

    def skipped_summary(self) -> list[str]:
        """One sentence for each kind of image left out, and one about a cache that was packed again, for people."""
        mended = [f"The packed images were damaged ({self.mended}) and have been packed again."] if self.mended else []
        return mended + summarise(self.skipped, self.shape)


class DamagedError(ValueError):
    """A cache folder that is not what was written."""


def open_packed(folder: Path) -> PackedDataset:
    """
    Raises:
        DamagedError: it is not what was written.
        RunError: it cannot be read.
    """
    try:
        index = json.loads(read_bounded(folder / "index.json", CACHE_INDEX))
        if not isinstance(index, dict) or index.get("sha256") != checksum(index):
            raise DamagedError("index.json was altered")
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        _check_pixels(folder / "images.npy", images, index)
        return PackedDataset(
            images=images,
            pixels=PixelFormat(index["bits"], *index["value_range"]),
            aspects=np.array(index["aspects"], np.float64) if "aspects" in index else None,
            sides=np.array(index.get("sides", [images.shape[2]] * len(images)), np.int64),
            labels=np.array(index["labels"], np.int64),
            names=tuple(index["names"]),
            digests=tuple(index["digests"]),
            class_names=tuple(index["class_names"]),
            skipped=tuple(Skipped(*entry) for entry in index["skipped"]),
            fingerprint=index["fingerprint"],
            folder=folder,
        )
    except PermissionError as error:
        raise RunError(f"The cache folder {folder} cannot be read: {error.strerror}. Check its permissions.") from error
    except (
        OSError,
        ValueError,
        EOFError,
        OverflowError,
        MemoryError,
        RecursionError,
        SyntaxError,
        TokenError,
    ) as error:  # numpy's header is Python
        raise DamagedError(str(error)) from error


def _check_pixels(file: Path, images: np.ndarray, index: JSON) -> None:
    expected, dtype = index["pixels"], PixelFormat(index["bits"]).dtype
    shape = (len(index["names"]), *index["shape"])
    if images.shape != shape or images.dtype != dtype or not images.flags.c_contiguous:
        raise DamagedError("images.npy has another layout")
    found = stamp(file)
    if found["bytes"] != expected["bytes"]:
        raise DamagedError("images.npy has another size")
    if found != {name: expected[name] for name in found}:  # written to, or only copied: its content decides
        crc = 0
        for image in images:
            crc = zlib.crc32(image, crc)
        if crc != expected["crc32"]:
            raise DamagedError("images.npy was altered")


def stamp(file: Path) -> dict[str, int]:
    """What tells that a file was written to."""
    found = file.stat()
    return {"bytes": found.st_size, "mtime_ns": found.st_mtime_ns}


def checksum(index: JSON) -> str:
    """Of all of an index but itself."""
    covered = {name: value for name, value in index.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()


def summarise(skipped: Sequence[Skipped], shape: ImageShape) -> list[str]:
    """One sentence for each kind of image left out of those of that shape."""
    counts = Counter(entry.kind for entry in skipped)
    sentences = []
    for kind, count in sorted(counts.items()):
        images = "1 image is" if count == 1 else f"{count} images are"
        if kind == SmallImageError.kind:
            size = str(shape.height) if shape.height == shape.width else shape.size_text
            sentences.append(f"{images} smaller than {size}: skipped; set upsample, or a smaller resolution.")
        else:
            example = next(entry for entry in skipped if entry.kind == kind)
            sentences.append(f"{images} {kind}: skipped, such as {example.name} ({example.reason}).")
    return sentences
