"""`frugan upscale`: enlarge photos with a trained decoder, of any size, in tiles without seams."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import parse
from frugan.system.errors import UserError

_SMALLEST_TILE = 64  # smaller ones are mostly margin, and take forever


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "upscale", arguments)


def command(
    images: Annotated[Positional[tuple[Path, ...]], arg(metavar="IMAGE...")],
    /,
    decoder: Path,
    out: Path = Path("upscaled"),
    tile: int = 512,
    device: str = "auto",
) -> int:
    """Enlarge images with the decoder of a run, or with the official ESRGAN's weights. Results are PNGs.

    Args:
        images: files; their names are kept.
        decoder: a run or model folder, or a weight file of ESRGAN (RRDB_ESRGAN_x4.pth, or safetensors).
        out: the folder for the results.
        tile: side of the tiles, in pixels of the result; smaller ones need less memory, 0 takes the whole picture.
        device: auto, cpu, cuda, mps.
    """
    if tile and tile < _SMALLEST_TILE:
        raise UserError(f"--tile {tile}: a side from {_SMALLEST_TILE}, or 0 for the whole picture at once")
    if not images:
        raise UserError("upscale: give at least one image")
    missing = [path for path in images if not path.is_file()]
    if missing:
        raise UserError(f"{missing[0]}: no such file")
    stems = [path.stem for path in images]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice is not None:
        raise UserError(f"upscale: several images would become {out / twice}.png; in turn, with another --out each")
    from frugan.cli import upscaling

    return upscaling.upscale_files(images, decoder, out, tile, device)
