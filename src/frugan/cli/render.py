"""`frugan render`: one picture of a coordinate-based generator, at any size."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

import frugan
from frugan.cli.flags import Device, Packages
from frugan.cli.frame_flags import FRAME, WithFrame
from frugan.cli.latent_flags import LATENTS, WithLatents
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.model.place import existing_model
from frugan.requests.drawing import Drawing
from frugan.requests.rendering import Rendering, check_samples
from frugan.writing.endings import check_ending


@dataclass(frozen=True)
class Flags:
    """Render one picture of a CREPS or CIPS model at any size. Memory holds only one strip of it.

    Args:
        run: Run folder or model folder, noto-people-any (inside the package), or hf://user/name.
        out: Output file: .png, .tif (BigTIFF above 4 GB) or .dzi (Deep Zoom, for web viewers) or .npy.
        seed: Seed of the picture.
        truncation: Truncation, 0 or more. Below 1, the picture is more typical.
        label: Class to draw, by name or number, for class-conditional models. If left out, the seed draws one.
        tile: Side of a tile, in samples, at least 32. For rotated and warped pictures: number of rows per strip.
        exact: Compute every line of a rotated or warped picture, without interpolation. Much slower.
        no_metadata: Leave out of a PNG what it was drawn from (model, seed, truncation, class, version).
        fused: Compute pixels with one CUDA kernel in bf16 (pip install 'frugan[triton]'). Best with --tile 2048.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    frame: WithFrame = FRAME
    seed: int = 0
    truncation: Annotated[float, arg(name="trunc")] = 1.0
    label: Annotated[str, arg(name="class")] = ""
    latents: WithLatents = LATENTS
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
    check_ending(flags.out)
    frame = flags.frame.request()
    check_samples(frame, rendering)
    drawing = Drawing([flags.seed], flags.truncation, flags.label or None, **flags.latents.given(flags.run))
    draw = partial(frugan.render, run, flags.out, drawing, frame, rendering, device=flags.device, watcher=SHOWN)
    made = draw(fused=flags.fused, metadata=not flags.no_metadata)
    show(f"{made.file}  {made.width} x {made.height}")
    return 0
