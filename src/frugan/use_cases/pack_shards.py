"""Write a data set as shards, for trainings on more pictures than a disk holds."""

import shlex
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from frugan.config.records import SCHEMA, plain
from frugan.config.schema import Fit
from frugan.config.shape import Bits, ImageShape, PixelFormat
from frugan.data.fit import Wanted
from frugan.data.packed import summarise
from frugan.data.shard_writer import usual_shard_size, write_shards
from frugan.data.source import open_source
from frugan.requests.watching import SILENT, Watcher
from frugan.system.errors import ArgumentError
from frugan.system.jsonl import JSON


@dataclass(frozen=True)
class PackedShards:
    """What was written.

    Attributes:
        folder: that holds the shards and their index.
        images: to train on, in `shards`.
        held_out: images that are kept for judging, in `held_out_shards`.
        size: of all shards, in bytes.
        skipped: sentences about images that were left out.
    """

    folder: Path
    shape: ImageShape
    images: int
    shards: int
    held_out: int
    held_out_shards: int
    size: int
    fingerprint: str
    skipped: tuple[str, ...]

    def to_json(self) -> JSON:
        """For files and programs."""
        return {"schema": SCHEMA, **plain(self), "folder": str(self.folder)}

    def text(self) -> str:
        """As lines for a terminal."""
        kept = f", and {self.held_out:,} held out in {self.held_out_shards:,}" if self.held_out else ""
        shards = "1 shard" if self.shards == 1 else f"{self.shards:,} shards"
        return "\n".join(
            [
                f"{self.folder}: {self.images:,} images of {self.shape} in {shards}{kept}; {self.size / 1e6:,.1f} MB",
                *self.skipped,
                f"train on them: {shlex.join(['frugan', 'train', str(self.folder)])} --out runs/NAME",
            ]
        )


def pack_shards(
    data: str,
    out: Path | str,
    *,
    resolution: int | tuple[int, int] = 128,
    channels: int = 3,
    bits: Bits = 8,
    fit: Fit = "crop",
    upsample: bool = False,
    shard_size: int | None = None,
    hold_out: float = 0.0,
    watcher: Watcher = SILENT,
) -> PackedShards:
    """Write the images of `data` as tar shards that any reader of WebDataset opens, with an index (extra: shards).

    Args:
        data: Images, as `Plan` takes them.
        out: The folder to write; empty, new, or one that a packing left unfinished.
        resolution: Size of the images, in pixels: a side, or height and width.
        channels: As in `Plan`.
        bits: As in `Plan`.
        fit: As in `Plan`.
        upsample: Take images smaller than the resolution too, enlarged.
        shard_size: Images of a shard; as many as have 64 MiB of pixels, if None.
        hold_out: Part of the images that is kept apart, by their content, for judging.
        watcher: Hears of images done.

    Raises:
        UserError: no images, a folder that holds something, or no package to write with.
    """
    if shard_size is not None and shard_size < 1:
        raise ArgumentError("shard_size", "images of a shard: at least 1", shard_size)
    if not 0 <= hold_out < 1:
        raise ArgumentError("hold_out", "a part of all images, from 0 to below 1", hold_out)
    if fit == "aspect-buckets":
        raise ArgumentError("fit", "shards hold images of one shape. Choose crop, stretch or pad", fit)
    height, width = (resolution, resolution) if isinstance(resolution, int) else resolution
    wanted = Wanted(ImageShape(channels, height, width), PixelFormat(bits), fit, upsample)
    folder = Path(out)
    index = write_shards(
        open_source(data),
        wanted,
        folder,
        per_shard=shard_size or usual_shard_size(wanted),
        hold_out=hold_out,
        progress=partial(watcher.on_stage, "images packed"),
    )
    return PackedShards(
        folder=folder,
        shape=wanted.shape,
        images=len(index.training),
        shards=len(index.training.shards),
        held_out=len(index.held_out),
        held_out_shards=len(index.held_out.shards),
        size=sum(shard.size for side in (index.training, index.held_out) for shard in side.shards),
        fingerprint=index.fingerprint("training"),
        skipped=tuple(summarise(index.left_out, wanted.shape)),
    )
