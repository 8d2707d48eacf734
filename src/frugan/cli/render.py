"""`frugan render`: one picture of a coordinate-based generator, at any size."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

import frugan
from frugan.cli.flags import Device, Packages
from frugan.cli.number_lists import box, pair
from frugan.cli.parsing import parse_size
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.model.place import existing_model
from frugan.requests.drawing import Drawing
from frugan.requests.frame import Fit, Frame, Outside
from frugan.requests.rendering import Rendering, check_samples


@dataclass(frozen=True)
class Flags:
    """Render one picture of a CREPS or CIPS model at any size. Memory holds only one strip of it.

    Args:
        run: Run folder or model folder, noto-people (a model inside the package), or hf://user/name.
        out: Output file: .png, .tif (BigTIFF above 4 GB) or .dzi (Deep Zoom, for web viewers) or .npy.
        size: Width and height in pixels, for example 6144x4096.
        seed: Seed of the picture.
        truncation: Truncation, 0 or more. Below 1, the picture is more typical.
        label: Class to draw, by name or number, for class-conditional models. If left out, the seed draws one.
        crop: Visible part: left, top, right and bottom, as fractions of the picture.
        fit: If --crop and --size differ in shape: show less (crop), distort (stretch) or show more (extend).
        zoom: Magnification. 2 shows half of the width and height, twice as large.
        shift: Shift of the view to the right and down, as fractions of the picture.
        rotate: Rotation in degrees, counter-clockwise.
        warp: Distortion: fisheye, wave, or a .npy file (h, w, 2) with the source (y, x) of each point, as fractions.
        outside: Content beyond the edges: extrapolate (the generator draws it), clamp, mirror or mask (black).
        supersample: Samples along each side of a pixel. Above 1 for sizes below the trained one, and for strong warps.
        grid: Sample points: from edge to edge (ends, as in training) or at the pixel centres (centres).
        tile: Side of a tile, in samples, at least 32. For rotated and warped pictures: number of rows per strip.
        exact: Compute every line of a rotated or warped picture, without interpolation. Much slower.
        no_metadata: Leave out of a PNG what it was drawn from (model, seed, truncation, class, version).
        fused: Compute pixels with one CUDA kernel in bf16 (pip install 'frugan[triton]'). Best with --tile 2048.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    size: str = "1024x1024"
    seed: int = 0
    truncation: Annotated[float, arg(name="trunc")] = 1.0
    label: Annotated[str, arg(name="class")] = ""
    crop: str = "0,0,1,1"
    fit: Fit = "crop"
    zoom: float = 1.0
    shift: str = "0,0"
    rotate: float = 0.0
    warp: str = ""
    outside: Outside = "extrapolate"
    supersample: int = 1
    grid: Literal["ends", "centres"] = "ends"
    tile: int = 64
    exact: bool = False
    no_metadata: bool = False
    fused: bool = False
    device: Device = "auto"
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "render", arguments, _render)


def _render(flags: Flags) -> int:
    run, rendering = existing_model("run", flags.run), Rendering(flags.tile, flags.exact)
    same = {name: getattr(flags, name) for name in ("fit", "zoom", "rotate", "warp", "outside", "supersample")}
    crop, shift = box("crop", flags.crop), pair("shift", flags.shift)
    frame = Frame(parse_size(flags.size), crop, shift=shift, centres=flags.grid == "centres", **same)
    check_samples(frame, rendering)
    drawing = Drawing([flags.seed], flags.truncation, flags.label or None)
    draw = partial(frugan.render, run, flags.out, drawing, frame, rendering, device=flags.device, watcher=SHOWN)
    made = draw(fused=flags.fused, metadata=not flags.no_metadata)
    show(f"{made.file}  {made.width} x {made.height}")
    return 0
