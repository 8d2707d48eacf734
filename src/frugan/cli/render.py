"""`frugan render`: one picture of a coordinate-based generator, at any size."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from frugan.cli.flags import check_truncation, numbers, parse, parse_size
from frugan.system.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "render", arguments)


def command(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    /,
    out: Path,
    size: str = "1024x1024",
    seed: int = 0,
    trunc: float = 1.0,
    label: Annotated[str, arg(name="class")] = "",
    crop: str = "0,0,1,1",
    fit: Literal["crop", "stretch", "extend"] = "crop",
    zoom: float = 1.0,
    shift: str = "0,0",
    rotate: float = 0.0,
    warp: str = "",
    outside: Literal["extrapolate", "clamp", "mirror", "mask"] = "extrapolate",
    supersample: int = 1,
    grid: Literal["ends", "centres"] = "ends",
    tile: int = 64,
    exact: bool = False,
    fused: bool = False,
    device: str = "auto",
) -> int:
    """Render one picture of a CREPS or CIPS run at any size, with memory for its lines and one strip of it.

    Args:
        run: a run folder or a model folder.
        out: a file that ends in .png, .tif (or BigTIFF where it must be) or .dzi (Deep Zoom, for viewers on the web).
        size: width and height in pixels, such as 6144x4096.
        seed: which picture.
        trunc: truncation; below 1, more typical.
        label: class to draw, by name or number, for class-conditional models; if left out, the seed draws one.
        crop: left, top, right and bottom of what is seen, in parts of the picture.
        fit: what becomes of a crop of another shape than the output: a part of it, stretched, or more than it.
        zoom: above 1, less is seen, larger.
        shift: right and down, in parts of the picture.
        rotate: degrees counter-clockwise.
        warp: fisheye, wave, or a .npy file (h, w, 2) of where to look, y before x, in parts of the frame.
        outside: beyond the picture's edges: what the generator draws there, the edge, a mirrored picture, or black.
        supersample: k x k samples a pixel, for pictures smaller than the trained size or strongly bent.
        grid: ends, as CREPS is trained; centres, to lie exactly over resized copies.
        tile: side of the tiles, in samples, from 32; of turned and bent ones, the rows drawn at once.
        exact: turned and bent pictures without the table of lines, much more slowly.
        fused: shade pixels by one CUDA kernel in bf16 (extra: triton); with large tiles, such as --tile 2048.
        device: auto, cpu, cuda, mps.
    """
    check_truncation(trunc)
    _check(run, seed, tile, supersample)
    place = {"crop": tuple(numbers("--crop", crop, 4)), "shift": tuple(numbers("--shift", shift, 2)), "fit": fit}
    look = {
        "zoom": zoom,
        "rotate": rotate,
        "outside": outside,
        "supersample": supersample,
        "centres": grid == "centres",
    }
    drawn = {"seed": seed, "truncation": trunc, "label": label}
    from frugan.cli.rendering import render_file
    from frugan.rendering.render import Rendering

    return render_file(run, out, parse_size(size), place | look, warp, drawn, Rendering(tile, exact), fused, device)


def _check(run: Path, seed: int, tile: int, supersample: int) -> None:
    if not run.exists():
        raise UserError(f"{run}: no such folder")
    if not 0 <= seed < 2**32:
        raise UserError(f"--seed {seed}: from 0 to {2**32 - 1}")
    if tile < 32:
        raise UserError(f"--tile {tile}: tiles have a side from 32")
    if not 1 <= supersample <= tile:
        raise UserError(f"--supersample {supersample}: from 1 to the side of a tile, {tile}")
