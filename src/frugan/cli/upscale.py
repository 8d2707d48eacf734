"""`frugan upscale`: enlarge photos with a trained decoder, of any size, in tiles without seams."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Device, Packages
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import say, show
from frugan.cli.verb import run_verb
from frugan.requests.upscaling import Enlarging


@dataclass(frozen=True)
class Flags:
    """Enlarge images with a trained decoder or with the official ESRGAN weights. The results are PNG files. They keep
    transparency and colour profile.

    Args:
        images: Image files, or folders of them; at least one.
        decoder: Run folder, model folder, or ESRGAN weight file (RRDB_ESRGAN_x4.pth or safetensors).
        out: Folder for the results. File names stay the same. For one image: a folder or a file (.png, .tif, .npy).
        tile: Side of a tile, in pixels of the result. Smaller tiles need less memory. 0: no tiles.
    """

    images: Annotated[Positional[tuple[Path, ...]], arg(metavar="IMAGE...")]
    decoder: Path
    out: Path = Path("upscaled")
    tile: int = 512
    device: Device = "auto"
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "upscale", arguments, _upscale)


def _upscale(flags: Flags) -> int:
    enlarging = Enlarging(flags.images, flags.out, flags.tile)
    from frugan import upscale

    result = upscale(enlarging, flags.decoder, device=flags.device, watcher=SHOWN)
    for picture in result.pictures:
        (width, height), (large_width, large_height) = picture.before, picture.after
        show(f"{picture.file}  {width} x {height} -> {large_width} x {large_height}")
    for sentence in result.unreadable:
        say(f"frugan: {sentence}")
    return 1 if result.unreadable else 0
