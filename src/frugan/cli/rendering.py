"""What `frugan render` and `frugan video` do, once torch is loaded."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from frugan.cli.progress import show_stage
from frugan.model.folder import load
from frugan.model.model import Model
from frugan.networks.creps import CREPSGenerator
from frugan.ops.view import View, Warp, fisheye, sampled, wave
from frugan.rendering.film import film, frame_count
from frugan.rendering.render import Rendering, render_strips
from frugan.system.cores import available_cores
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import UserError
from frugan.writing.pictures import to_uint8
from frugan.writing.strips import check_ending, write_strips
from frugan.writing.video import check_video, write_video

_WARPS: dict[str, Warp] = {"fisheye": fisheye, "wave": wave}


def render_file(
    run: Path,
    out: Path,
    size: tuple[int, int],
    frame: dict[str, Any],
    warp: str,
    drawn: dict[str, Any],
    rendering: Rendering,
    fused: bool,
    device: str,
) -> int:
    """`size`: width, height; `frame`: settings of the view; `drawn`: seed, truncation and class."""
    check_ending(out)
    bend = _warp(warp)
    model = load(run, str(choose_device(device)))
    rendering = replace(rendering, workers=_workers(model))
    view = build_view(model, size, warp=bend, **frame)
    if fused:
        _fuse(model, view)
    label = model.class_label(drawn["label"]) if drawn["label"] else None
    w = model.styles([drawn["seed"]], drawn["truncation"], label)
    strips = render_strips(model.generator, w, view, rendering, partial(show_stage, "rows"))
    width, height = size
    write_strips(out, (to_uint8(strip[None])[0] for strip in strips), width, height)
    print(f"{out}  {width} x {height}")
    return 0


def film_file(
    run: Path,
    out: Path,
    size: tuple[int, int],
    frame: dict[str, Any],
    drawn: dict[str, Any],
    zoom: tuple[float, float],
    seconds: float,
    rate: int,
    device: str,
) -> int:
    """`drawn`: seeds, truncation and class; the rest as `render_file`'s and `film`'s."""
    check_video(out, size)
    model = load(run, str(choose_device(device)))
    rendering = Rendering(workers=_workers(model))
    view = build_view(model, size, **frame)
    label = model.class_label(drawn["label"]) if drawn["label"] else None
    styles = model.styles(drawn["seeds"], drawn["truncation"], label)
    total = frame_count(seconds, rate, len(drawn["seeds"]))
    frames = film(model.generator, styles, view, total, zoom, rendering)
    print(f"{out}  {write_video(out, _counted(frames, total), rate)} frames of {size[0]} x {size[1]}")
    return 0


def _counted(frames: Iterable[np.ndarray], total: int) -> Iterator[np.ndarray]:
    for done, picture in enumerate(frames, 1):
        yield picture
        show_stage("frames", done, total)


def build_view(model: Model, size: tuple[int, int], **frame: Any) -> View:
    """
    Raises:
        UserError: a model whose codes are not pictures, or settings that leave nothing to see.
    """
    if model.codec.reduces or model.enlargement is not None:
        raise UserError("this model's generator draws codes for a decoder, not pictures; use `frugan sample`")
    width, height = size
    try:
        return View(height, width, model.generator.code_shape[1:], **frame)
    except ValueError as error:
        raise UserError(f"--{error}") from error


def _workers(model: Model) -> int:
    """Threads that shade tiles, each of which computes on one core."""
    use_threads(1)
    return available_cores() if model.device.type == "cpu" else 1


def _fuse(model: Model, view: View) -> None:
    """
    Raises:
        UserError: no CUDA device, no triton, or another generator than CREPS.
    """
    if not isinstance(model.generator, CREPSGenerator):
        raise UserError(f"--fused: only CREPS has such a kernel, not {type(model.generator).__name__}")
    chain = model.generator.chain
    if chain.modulated or not chain.decoders or model.generator.trunk.line_channels not in (16, 32, 64):
        raise UserError(
            "--fused: the kernel knows plain decoders, and lines of 16, 32 or 64 channels; not this model's"
        )
    if view.axes() is None:
        raise UserError("--fused: not for pictures that are turned or bent")
    if model.device.type != "cuda":
        raise UserError(f"--fused: needs a CUDA device; this is {model.device}")
    try:
        import triton  # noqa: F401
    except ImportError as error:
        raise UserError("--fused: needs one more package: pip install triton") from error
    model.generator.kernel = "fused bf16"


def _warp(name: str) -> Warp | None:
    if not name:
        return None
    if name in _WARPS:
        return _WARPS[name]
    if not name.endswith(".npy"):
        raise UserError(f"--warp {name}: {', '.join(_WARPS)}, or a .npy file")
    try:
        field = np.load(name, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"--warp {name}: {error}") from error
    if field.ndim != 3 or field.shape[2] != 2 or min(field.shape) < 2 or not np.isfinite(field).all():
        raise UserError(f"--warp {name}: expected finite numbers (h, w, 2), got {field.dtype} {field.shape}")
    return sampled(torch.from_numpy(field.astype(np.float64)))
