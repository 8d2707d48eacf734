"""`frugan video`: zooms, and ways from one picture to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Device, Packages
from frugan.cli.latent_flags import LATENTS, WithLatents
from frugan.cli.number_lists import box, numbers, pair
from frugan.cli.parsing import parse_seeds, parse_size
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.model.place import existing_model
from frugan.requests.drawing import Drawing
from frugan.requests.frame import Film, Frame
from frugan.system.errors import ArgumentError
from frugan.writing.endings import check_video


@dataclass(frozen=True)
class Flags:
    """Make a film of transitions between pictures. CREPS and CIPS models also zoom, and draw any size.

    Args:
        run: Run folder or model folder, noto-people or noto-people-any (inside the package), or hf://user/name.
        out: Output file: .mp4 (pip install 'frugan[video]'), .gif or .webp. Or a folder for PNG frames.
        seeds: Seeds of the pictures in their order, for example 0-3 or 5,9,5. A single seed gives a still picture.
        size: Width and height in pixels. Default: 256x256, or the size that the model draws.
        seconds: Duration of each transition, in seconds.
        fps: Frames per second, from 1 to 1000.
        zoom: Magnification of the first and the last frame, for example 1:16.
        crop: Visible part: left, top, right and bottom, as fractions of the picture.
        rotate: Rotation in degrees, counter-clockwise.
        truncation: Truncation, 0 or more. Below 1, pictures are more typical. 1:0.3: of the first and the last frame.
        loop: Lead back from the last picture to the first one, so that the film can repeat.
        label: Class to draw, by name or number, for class-conditional models. If left out, each seed draws one.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    seeds: str = "0-3"
    size: str = ""
    seconds: float = 2.0
    fps: int = 30
    zoom: str = "1:1"
    crop: str = "0,0,1,1"
    rotate: float = 0.0
    truncation: Annotated[str, arg(name="trunc")] = "1"
    loop: bool = False
    label: Annotated[str, arg(name="class")] = ""
    latents: WithLatents = LATENTS
    device: Device = "auto"
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "video", arguments, _video)


def _video(flags: Flags) -> int:
    run = existing_model("run", flags.run)
    first, *last = numbers("truncation", flags.truncation, between=":")
    if len(last) > 1:
        raise ArgumentError("truncation", "expected one number, or two as in 1:0.3", flags.truncation)
    zoom = pair("zoom", flags.zoom, between=":")
    film = Film(flags.seconds, flags.fps, zoom, truncation=last[0] if last else None, loop=flags.loop)
    frame = None
    if (flags.size, flags.crop, flags.rotate) != (Flags.size, Flags.crop, Flags.rotate):
        frame = Frame(parse_size(flags.size or "256x256"), box("crop", flags.crop), rotate=flags.rotate)
    drawing = Drawing(parse_seeds(flags.seeds), first, flags.label or None, **flags.latents.given(flags.run))
    check_video(flags.out, frame.size if frame else (2, 2))
    from frugan import video

    made = video(run, flags.out, drawing, frame, film, device=flags.device, watcher=SHOWN)
    show(f"{made.file}  {made.frames} frames of {made.width} x {made.height}")
    return 0
