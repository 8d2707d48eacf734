"""Shards in memory: a few at a time, decoded by threads before they are needed."""

import io
import tarfile
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import NamedTuple

import numpy as np

from frugan.data.decode import ImageError, decode_picture
from frugan.data.fit import Wanted
from frugan.data.items import NO_CLASS
from frugan.data.shard_index import holds_png
from frugan.system.cores import available_cores
from frugan.system.errors import RunError

_MOST_THREADS = 4


class Decoded(NamedTuple):
    """The images of a shard (n, C, H, W), as stored numbers, and their labels (n,), int64."""

    pixels: np.ndarray
    labels: np.ndarray


class ShardReader:
    """The shards that were asked for last, at most `most` of them; decoded by threads of its own.

    Args:
        load: fetches and decodes one, by its number.
        most: shards held, or being fetched, at a time.
    """

    def __init__(self, load: Callable[[int], Decoded], most: int) -> None:
        self._load, self._most = load, most
        self._held: OrderedDict[int, Future[Decoded]] = OrderedDict()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(min(_MOST_THREADS, available_cores()), "shards")

    def get(self, shard: int) -> Decoded:
        """
        Raises:
            RunError: it cannot be had.
        """
        future = self._wanted(shard)
        try:
            return future.result()
        except Exception:
            with self._lock:
                self._held.pop(shard, None)  # asked for again, it is tried again
            raise

    def expect(self, shard: int) -> None:
        """Begin to fetch it, unless it is there."""
        self._wanted(shard)

    def held(self) -> int:
        """How many there are."""
        return len(self._held)

    def _wanted(self, shard: int) -> "Future[Decoded]":
        with self._lock:
            if shard not in self._held:
                while len(self._held) >= self._most:
                    self._held.popitem(last=False)[1].cancel()
                self._held[shard] = self._threads.submit(self._load, shard)
            self._held.move_to_end(shard)
            return self._held[shard]


def decode_shard(content: bytes, count: int, wanted: Wanted, num_classes: int, where: str) -> Decoded:
    """The bytes of a shard -> its images in the order in which they lie there.

    Raises:
        RunError: it does not hold `count` images of that shape, or labels beyond the classes.
    """
    ending = ".png" if holds_png(wanted.shape, wanted.pixels) else ".npy"
    pixels = np.empty((count, *wanted.shape), wanted.pixels.dtype)
    labels, found = np.full(count, NO_CLASS, np.int64), 0
    places: dict[str, int] = {}  # of samples, whose files share a name up to the first dot
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as tar:
            for member in tar:
                file = tar.extractfile(member)
                data = b"" if file is None else file.read()
                place = places.setdefault(member.name.partition(".")[0], len(places))
                if member.name.endswith(ending):
                    pixels[place] = decode_picture(data, wanted) if ending == ".png" else _array(data, wanted)
                    found += 1
                elif member.name.endswith(".cls"):
                    labels[place] = _label(data, num_classes)
    except (tarfile.TarError, ImageError, ValueError, IndexError, OSError) as error:
        raise RunError(f"{where} is damaged: {error}. Pack it again.") from error
    if found != count:
        raise RunError(f"{where} holds {found} images, not {count}. Pack it again.")
    return Decoded(pixels, labels)


def _array(data: bytes, wanted: Wanted) -> np.ndarray:
    """Of the one layout that is written; whatever else the header says is no such image."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("not the array of an image")
    shape, in_columns, dtype = np.lib.format.read_array_header_1_0(file)
    if shape != tuple(wanted.shape) or in_columns or dtype != np.dtype(wanted.pixels.dtype):
        raise ValueError(f"an array of {shape}, {dtype}")
    return np.frombuffer(data, dtype, offset=file.tell()).reshape(shape)


def _label(data: bytes, num_classes: int) -> int:
    label = int(data[:16])
    if not 0 <= label < num_classes:
        raise ValueError(f"label {label} of {num_classes} classes")
    return label
