"""What a set of shards says of itself: `index.json` beside tar files that any reader of WebDataset can open.

Names of shards are checked before they become a part of a path, an address or a command; of each shard, size and hash
are known before it is read.
"""

import dataclasses
import hashlib
import json
import math
import re
from dataclasses import dataclass

from frugan.config.records import parse_record, plain
from frugan.config.shape import Bits, ImageShape, PixelFormat
from frugan.data.hold_out import Side
from frugan.data.packed import Skipped, checksum
from frugan.system.bounds import HINT, SHARD, GiB
from frugan.system.errors import UserError
from frugan.system.jsonl import JSON

INDEX = "index.json"
FORMAT = 1
UNFINISHED = "unfinished"  # the name of an empty file, as long as shards are being written
_NAME = re.compile(r"(training|held-out)-[0-9]{6,}\.tar")


@dataclass(frozen=True)
class Shard:
    """One tar file: its name, how many images it holds, its size in bytes, its SHA-256."""

    name: str
    count: int
    size: int
    sha256: str


@dataclass(frozen=True)
class ShardSide:
    """Images to train on, or those that are held out.

    Attributes:
        class_counts: images of each class, in the order of the labels.
        unlabelled: images without one.
    """

    shards: tuple[Shard, ...]
    class_counts: tuple[int, ...]
    unlabelled: int

    def __len__(self) -> int:
        return sum(shard.count for shard in self.shards)


@dataclass(frozen=True)
class ShardIndex:
    """All of `index.json`."""

    origin: str
    shape: tuple[int, int, int]
    bits: Bits
    value_range: tuple[float, float]
    fit: str
    class_names: tuple[str, ...]
    hold_out: float
    training: ShardSide
    held_out: ShardSide
    skipped: tuple[tuple[str, str, str], ...]
    preparation: int
    shard_format: int = FORMAT

    def side(self, side: Side) -> ShardSide:
        return self.training if side == "training" else self.held_out

    @property
    def image_shape(self) -> ImageShape:
        return ImageShape(*self.shape)

    @property
    def pixels(self) -> PixelFormat:
        return PixelFormat(self.bits, *self.value_range)

    @property
    def left_out(self) -> tuple[Skipped, ...]:
        return tuple(Skipped(*entry) for entry in self.skipped)

    def fingerprint(self, side: Side) -> str:
        """Of the shards' content and order; equal wherever they lie."""
        hashes = json.dumps([[shard.sha256 for shard in half.shards] for half in (self.training, self.held_out)])
        whole = hashlib.sha256(hashes.encode()).hexdigest()
        return f"{whole}:{side}:{len(self.side(side))}" if self.hold_out else whole

    def encoded(self) -> bytes:
        """As it is written."""
        found: JSON = plain(self)
        found["sha256"] = checksum(json.loads(json.dumps(found)))
        return json.dumps(found).encode()


def is_shard_name(name: str) -> bool:
    """Whether a shard is called so."""
    return _NAME.fullmatch(name) is not None


def image_bytes(shape: ImageShape, bits: Bits) -> int:
    """Of one decoded image."""
    return math.prod(shape) * bits // 8


def holds_png(shape: ImageShape, pixels: PixelFormat) -> bool:
    """Whether such pictures lie in shards as PNG. Those of 4 channels do not: a PNG's colours are not premultiplied."""
    return pixels.bits == 8 and shape.channels in (1, 3)


def parse_index(content: bytes, where: str) -> ShardIndex:
    """
    Raises:
        UserError: it is damaged, or of another version.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not JSON: {error}. Copy it again.") from error
    if not isinstance(found, dict) or found.get("shard_format") != FORMAT or found.get("sha256") != checksum(found):
        raise UserError(f"{where}: damaged, or not an index of shards that `frugan data pack` wrote. Copy it again.")
    index = parse_record(ShardIndex, found, where)
    if not index.training.shards or min(index.shape) < 1 or not index.value_range[0] < index.value_range[1]:
        raise UserError(f"{where}: it has no images to train on.")
    for shard in (*index.training.shards, *index.held_out.shards):
        if not is_shard_name(shard.name) or shard.count < 1 or shard.size < 1:
            raise UserError(f"{where}: {shard.name!r} of {shard.count} images is no shard.")
        # Memory for all of its images is taken before they are decoded.
        if shard.count * image_bytes(index.image_shape, index.bits) > SHARD.now:
            raise UserError(
                f"{where}: {shard.name}: {shard.count} images of {index.image_shape} take more than "
                f"{SHARD.now / GiB:g} GiB, the bound for {SHARD.purpose}. {HINT}"
            )
    return index


def with_value_range(index: ShardIndex, value_range: tuple[float, float] | None) -> ShardIndex:
    """The values that become -1 and 1, if they are asked for."""
    return index if value_range is None else dataclasses.replace(index, value_range=value_range)
