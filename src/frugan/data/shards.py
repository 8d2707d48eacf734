"""Images in shards, as training and judging take them: read by index, a few shards in memory, from anywhere."""

from pathlib import Path

import numpy as np

from frugan.config.schema import DataConfig
from frugan.config.shape import ImageShape, channels_text
from frugan.data.cache import default_cache_dir
from frugan.data.fit import Wanted
from frugan.data.hold_out import Side
from frugan.data.order import Lanes, Order
from frugan.data.packed import Skipped, summarise
from frugan.data.shard_index import ShardIndex, with_value_range
from frugan.data.shard_place import read_index, read_shard
from frugan.data.shard_reader import Decoded, ShardReader, decode_shard
from frugan.system.errors import ArgumentError

_SURVEYED = 65_536  # images on which codes are measured: more hardly widen their range, and all may be days of reading


class ShardedImages:
    """One side of a set of shards; see `TrainingImages`.

    The data set's order is that of the shards. They were filled in a random order, so the first images stand for all.

    Args:
        place: where they lie.
        index: what they hold.
        side: which of them.
        lanes: shards that a training reads side by side. About twice as many are in memory.
    """

    def __init__(self, place: str, index: ShardIndex, side: Side, lanes: int) -> None:
        self._place, self._index, self._side, self._lanes = place, index, index.side(side), lanes
        self._counts = np.array([shard.count for shard in self._side.shards], np.int64)
        self._ends = np.cumsum(self._counts)
        self.shape, self.pixels, self.class_names = index.image_shape, index.pixels, index.class_names
        self.fingerprint = index.fingerprint(side)
        self.subset = self.fingerprint if index.hold_out else ""
        self.skipped: tuple[Skipped, ...] = index.left_out
        self.reader = ShardReader(self._load, most=2 * lanes + 2)

    def __len__(self) -> int:
        return len(self._side)

    @property
    def folder(self) -> Path:
        """In the cache, for the shards may lie where nothing can be written."""
        return default_cache_dir().absolute() / f"shards-{self.fingerprint[:24]}"

    @property
    def surveyed(self) -> int:
        """All, up to a bound."""
        return min(len(self), _SURVEYED)

    @property
    def ahead(self) -> int:
        """Half a shard of each lane."""
        return int(self._counts.max()) // 2 * self._lanes

    def class_counts(self) -> dict[str, int]:
        """How many images each class has, in the order of their labels."""
        return dict(zip(self.class_names, self._side.class_counts, strict=True))

    def unlabelled(self) -> int:
        """How many have no class."""
        return self._side.unlabelled

    def skipped_summary(self) -> list[str]:
        """One sentence for each kind of image that was left out when they were packed."""
        return summarise(self.skipped, self.shape)

    def order(self, seed: int, batch: int) -> Order:
        """Shards in lanes."""
        return Lanes(self._counts, seed, self._lanes, batch)

    def typical(self, count: int) -> np.ndarray:
        """The first: they lie in a random order."""
        return np.arange(count)

    def read(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `TrainingImages`."""
        pixels = np.empty((len(index), *self.shape), self.pixels.dtype)
        labels = np.empty(len(index), np.int64)
        shards = np.searchsorted(self._ends, index, side="right")
        for shard in np.unique(shards).tolist():
            here = shards == shard
            decoded = self.reader.get(shard)
            within = index[here] - (self._ends[shard] - self._counts[shard])
            pixels[here], labels[here] = decoded.pixels[within], decoded.labels[within]
        return pixels, labels

    def expect(self, index: np.ndarray) -> None:
        """Their shards are fetched while others train."""
        for shard in np.unique(np.searchsorted(self._ends, index, side="right")).tolist():
            self.reader.expect(shard)

    def _load(self, number: int) -> Decoded:
        shard = self._side.shards[number]
        wanted = Wanted(self.shape, self.pixels)
        where = f"{self._place}: {shard.name}"
        return decode_shard(read_shard(self._place, shard), shard.count, wanted, len(self.class_names), where)


def open_shards(data: DataConfig, shape: ImageShape | None = None) -> tuple[ShardedImages, ShardedImages | None]:
    """The images to train on, and those that were held out when they were packed.

    Raises:
        UserError: they are not as the configuration wants them; it names the setting.
    """
    index = with_value_range(read_index(data.source), data.value_range)
    wanted = shape or data.shape
    if wanted.size != index.image_shape.size:
        advice = "Give this one, or pack them again"
        raise ArgumentError("resolution", f"the shards hold images of {index.image_shape.size_text}. {advice}")
    if wanted.channels != index.image_shape.channels or data.bits != index.bits:
        held = f"{channels_text(index.image_shape.channels)} of {index.bits} bits"
        raise ArgumentError("channels", f"the shards hold {held}. Give these `channels` and `bits`, or pack them again")
    if data.hold_out not in (None, index.hold_out):
        problem = (
            f"of the shards, {index.hold_out:g} was held out when they were packed. Leave it out, or pack them again"
        )
        raise ArgumentError("hold_out", problem, data.hold_out)
    training = ShardedImages(data.source, index, "training", data.lanes)
    if not index.hold_out:
        return training, None
    return training, ShardedImages(data.source, index, "held-out", data.lanes)


def packed_hold_out(source: str) -> float:
    """What part was held out when the shards were packed.

    Raises:
        UserError: there are none, or they are damaged.
    """
    return read_index(source).hold_out
