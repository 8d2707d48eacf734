"""`frugan video`: zooms, and ways from one picture to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Device, Packages
from frugan.cli.number_lists import box, pair
from frugan.cli.parsing import parse_seeds, parse_size
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.requests.drawing import Drawing, existing_folder
from frugan.requests.frame import Film, Frame
from frugan.writing.endings import check_video


@dataclass(frozen=True)
class Flags:
    """Make a film of transitions between pictures, or of a zoom, from a CREPS or CIPS model.

    Args:
        run: Run folder or model folder.
        out: Output .mp4 file (pip install 'frugan[video]'), or a folder for PNG frames.
        seeds: Seeds of the pictures in their order, for example 0-3 or 5,9,5. A single seed gives a still picture.
        size: Width and height in pixels.
        seconds: Duration of each transition, in seconds.
        fps: Frames per second, from 1 to 1000.
        zoom: Magnification of the first and the last frame, for example 1:16.
        crop: Visible part: left, top, right and bottom, as fractions of the picture.
        rotate: Rotation in degrees, counter-clockwise.
        truncation: Truncation, 0 or more. Below 1, pictures are more typical.
        label: Class to draw, by name or number, for class-conditional models. If left out, each seed draws one.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    seeds: str = "0-3"
    size: str = "256x256"
    seconds: float = 2.0
    fps: int = 30
    zoom: str = "1:1"
    crop: str = "0,0,1,1"
    rotate: float = 0.0
    truncation: Annotated[float, arg(name="trunc")] = 1.0
    label: Annotated[str, arg(name="class")] = ""
    device: Device = "auto"
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "video", arguments, _video)


def _video(flags: Flags) -> int:
    run = existing_folder("run", flags.run)
    film = Film(flags.seconds, flags.fps, pair("zoom", flags.zoom, between=":"))
    frame = Frame(parse_size(flags.size), box("crop", flags.crop), rotate=flags.rotate)
    drawing = Drawing(parse_seeds(flags.seeds), flags.truncation, flags.label or None)
    check_video(flags.out, frame.size)
    from frugan import video

    made = video(run, flags.out, drawing, frame, film, device=flags.device, watcher=SHOWN)
    show(f"{made.file}  {made.frames} frames of {made.width} x {made.height}")
    return 0
