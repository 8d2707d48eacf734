"""Images into shards: prepared as for training, in a random order, a tar file after the other.

A picture of 8 bits and 1 or 3 channels is a PNG in there, any other the array that the loader reads (`.npy`); `.cls`
holds its label. Its name begins with the hash of the file that it was made of, by which some are held out.
"""

import hashlib
import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from frugan.config.shape import whole_range
from frugan.data.cache import PREPARATION, PreparedImage, prepare_image
from frugan.data.fit import Wanted
from frugan.data.hold_out import Side, is_held_out
from frugan.data.items import NO_CLASS, Source
from frugan.data.packed import Skipped, summarise
from frugan.data.parallel import map_ordered
from frugan.data.shard_index import (
    INDEX,
    UNFINISHED,
    Shard,
    ShardIndex,
    ShardSide,
    holds_png,
    image_bytes,
    is_shard_name,
)
from frugan.system.atomic import write_file
from frugan.system.bounds import SHARD, MiB
from frugan.system.errors import ArgumentError, UserError

_SHARD_BYTES = 64 * MiB  # of pixels: what object storage sends in about a second; a few must fit into memory


@dataclass
class _Writing:
    """A side while it is written."""

    folder: Path
    side: Side
    per_shard: int
    class_counts: list[int]
    shards: list[Shard] = field(default_factory=list)
    unlabelled: int = 0
    waiting: list[dict[str, str | bytes]] = field(default_factory=list)

    def add(self, sample: dict[str, str | bytes], label: int) -> None:
        if label == NO_CLASS:
            self.unlabelled += 1
        else:
            self.class_counts[label] += 1
        self.waiting.append(sample)
        if len(self.waiting) == self.per_shard:
            self.write()

    def write(self) -> None:
        """What waits, as a shard."""
        if not self.waiting:
            return
        from webdataset.writer import TarWriter  # late: it imports torch

        content = io.BytesIO()
        with TarWriter(content, encoder=False, mtime=0) as tar:
            for sample in self.waiting:
                tar.write(sample)
        name = f"{self.side}-{len(self.shards):06d}.tar"
        encoded = content.getvalue()
        write_file(self.folder / name, encoded)
        self.shards.append(Shard(name, len(self.waiting), len(encoded), hashlib.sha256(encoded).hexdigest()))
        self.waiting.clear()

    def done(self) -> ShardSide:
        self.write()
        return ShardSide(tuple(self.shards), tuple(self.class_counts), self.unlabelled)


def usual_shard_size(wanted: Wanted) -> int:
    """Images of a shard, where nobody says it."""
    return max(1, _SHARD_BYTES // image_bytes(wanted.shape, wanted.pixels.bits))


def write_shards(
    source: Source,
    wanted: Wanted,
    out: Path,
    *,
    per_shard: int,
    hold_out: float = 0.0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ShardIndex:
    """The source's images as they are wanted, `per_shard` a shard, about the part `hold_out` apart from the others.

    The same images give the same shards, byte by byte. `progress(done, total)` is called after every image. The index
    is written last: a folder that a killed packing left is written anew.

    Raises:
        ArgumentError: `out` holds something else, or shards would be too large to be read.
        UserError: no image can be used, or the package is missing.
    """
    most = SHARD.now // image_bytes(wanted.shape, wanted.pixels.bits)
    if per_shard > most:
        raise ArgumentError("shard_size", f"of {wanted.shape}, a shard holds {most} images at most", per_shard)
    _check_package()
    _begin(out)
    sides: dict[Side, _Writing] = {
        side: _Writing(out, side, per_shard, [0] * len(source.class_names)) for side in ("training", "held-out")
    }
    skipped: list[Skipped] = []
    low, high = math.inf, -math.inf
    # Readers mix the images of a few shards at a time: each shard has to be like all of them.
    order = np.random.RandomState(0).permutation(len(source)).tolist()
    outcomes = map_ordered(lambda place: _encoded(source, order[place], wanted), len(source))
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, Skipped):
            skipped.append(outcome)
        else:
            image, sample = outcome
            sample["__key__"] = f"{image.digest.hex()[:16]}-{place:09d}"
            if wanted.pixels.bits == 32:
                low, high = min(low, float(image.pixels.min())), max(high, float(image.pixels.max()))
            side: Side = "held-out" if is_held_out(image.digest.hex(), hold_out) else "training"
            sides[side].add(sample, source.items[order[place]].label)
        progress(place + 1, len(source))
    training, held_out = (sides[side].done() for side in sides)
    _check_sides(source, training, held_out, hold_out, skipped, wanted)
    index = ShardIndex(
        origin=source.origin,
        shape=(*wanted.shape,),
        bits=wanted.pixels.bits,
        value_range=whole_range(wanted.pixels.bits) or (low, high),
        fit=wanted.fit,
        class_names=source.class_names,
        hold_out=hold_out,
        training=training,
        held_out=held_out,
        skipped=tuple((entry.name, entry.kind, entry.reason) for entry in skipped),
        preparation=PREPARATION,
    )
    write_file(out / INDEX, index.encoded())
    (out / UNFINISHED).unlink()
    return index


def _encoded(source: Source, index: int, wanted: Wanted) -> tuple[PreparedImage, dict[str, str | bytes]] | Skipped:
    image = prepare_image(source, index, wanted)
    if isinstance(image, Skipped):
        return image
    content, label = io.BytesIO(), source.items[index].label
    if holds_png(wanted.shape, wanted.pixels):
        pixels = image.pixels[0] if len(image.pixels) == 1 else image.pixels.transpose(1, 2, 0)
        Image.fromarray(np.ascontiguousarray(pixels)).save(content, "PNG")
        sample: dict[str, str | bytes] = {"png": content.getvalue()}
    else:
        np.save(content, np.ascontiguousarray(image.pixels, wanted.pixels.dtype), allow_pickle=False)
        sample = {"npy": content.getvalue()}
    return image, sample | ({} if label == NO_CLASS else {"cls": str(label).encode()})


def _begin(out: Path) -> None:
    """An empty folder, with a note that it is not complete. Shards that a killed packing left are deleted."""
    if out.exists():
        found = {path.name for path in out.iterdir()} if out.is_dir() else {out.name}
        left = {name for name in found if is_shard_name(name) or name == INDEX} if UNFINISHED in found else set()
        if found - left - {UNFINISHED}:
            raise ArgumentError("out", "already exists, and holds something; choose another folder", out)
        for name in left:
            (out / name).unlink()
    write_file(out / UNFINISHED, b"")


def _check_package() -> None:
    try:
        import webdataset  # noqa: F401
    except ImportError as error:
        raise UserError("Writing shards needs a package: pip install 'frugan[shards]'.") from error


def _check_sides(
    source: Source,
    training: ShardSide,
    held_out: ShardSide,
    hold_out: float,
    skipped: list[Skipped],
    wanted: Wanted,
) -> None:
    if not len(training) + len(held_out):
        raise UserError(f"{source.origin}: no image can be used. {' '.join(summarise(skipped, wanted.shape))}")
    if not len(training) or (hold_out and not len(held_out)):
        raise ArgumentError("hold_out", "leaves no image on one side; give another fraction, or more images", hold_out)
