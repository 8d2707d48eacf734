"""`frugan video`: zooms, and ways from one picture to the next."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import check_truncation, numbers, parse, parse_seeds, parse_size
from frugan.system.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "video", arguments)


def command(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    /,
    out: Path,
    seeds: str = "0-3",
    size: str = "256x256",
    seconds: float = 2.0,
    fps: int = 30,
    zoom: str = "1:1",
    crop: str = "0,0,1,1",
    rotate: float = 0.0,
    trunc: float = 1.0,
    label: Annotated[str, arg(name="class")] = "",
    device: str = "auto",
) -> int:
    """Film the way from one picture to the next, or a zoom, of a CREPS or CIPS run.

    Args:
        run: a run folder or a model folder.
        out: an .mp4 file (extra: video), or a folder for numbered PNG frames.
        seeds: pictures to pass, in order, such as 0-3 or 5,9,5; one alone stands still.
        size: width and height in pixels.
        seconds: from each picture to the next.
        fps: frames a second.
        zoom: of the first and of the last frame, such as 1:16.
        crop: left, top, right and bottom of what is seen, in parts of the picture.
        rotate: degrees counter-clockwise.
        trunc: truncation; below 1, more typical.
        label: class to draw, by name or number, for class-conditional models; if left out, each seed draws one.
        device: auto, cpu, cuda, mps.
    """
    if not run.exists():
        raise UserError(f"{run}: no such folder")
    first, last = numbers("--zoom", zoom, 2, between=":")
    check_truncation(trunc)
    if min(first, last) <= 0:
        raise UserError(f"--zoom {zoom}: both must be above 0")
    if not 0 < seconds < 1e6:
        raise UserError(f"--seconds {seconds:g}: above 0, and below a million")
    if not 1 <= fps <= 1000:
        raise UserError(f"--fps {fps}: from 1 to 1000")
    frame = {"crop": tuple(numbers("--crop", crop, 4)), "rotate": rotate}
    from frugan.cli.rendering import film_file

    drawn = {"seeds": parse_seeds(seeds), "truncation": trunc, "label": label}
    return film_file(run, out, parse_size(size), frame, drawn, (first, last), seconds, fps, device)
