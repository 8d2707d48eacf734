"""`frugan data pack`: images as shards, for trainings on more of them than a disk holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import JSONOutput
from frugan.cli.outcome import show_result
from frugan.cli.parsing import parse_channels, parse_resolution
from frugan.cli.progress import SHOWN
from frugan.cli.verb import run_verb
from frugan.config.schema import Fit
from frugan.config.shape import Bits


@dataclass(frozen=True)
class Flags:
    """Write images as tar shards with an index, in random order (pip install 'frugan[shards]'). `frugan train` reads
    them from a folder, or from where you copied it: https://, gs://, or 'pipe:COMMAND {}'.

    Args:
        data: Images: a folder, a zip, or the name of a data set.
        out: Folder for the shards. It must be empty or new.
        shard_size: Number of images in a shard. Default: as many as have 64 MiB of pixels.
        resolution: Size of the images, in pixels: a side, or HEIGHTxWIDTH such as 96x160.
        channels: Channels of the images: rgb, grey, rgba or a number of bands.
        bits: Bits per channel: 8, 16, or 32 for floating point numbers.
        fit: Fit of images of another shape: crop the middle, stretch, or pad.
        upsample: Enlarge images below the resolution, instead of skipping them.
        hold_out: Fraction of the images to hold out from the training, such as 0.1, chosen by their content.
    """

    data: Annotated[Positional[str], arg(metavar="DATA")]
    out: Annotated[Path, arg(name="shards")]
    shard_size: int | None = None
    resolution: str = "128"
    channels: str = "rgb"
    bits: Bits = 8
    fit: Fit = "crop"
    upsample: bool = False
    hold_out: float = 0.0
    json_output: JSONOutput = False


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "data pack", arguments, _pack)


def _pack(flags: Flags) -> int:
    from frugan import pack_shards

    result = pack_shards(
        flags.data,
        flags.out,
        resolution=parse_resolution(flags.resolution) or 128,
        channels=parse_channels(flags.channels) or 3,
        bits=flags.bits,
        fit=flags.fit,
        upsample=flags.upsample,
        shard_size=flags.shard_size,
        hold_out=flags.hold_out,
        watcher=SHOWN,
    )
    show_result(result, flags.json_output)
    return 0
