"""One picture of a coordinate-based generator, at any size."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from frugan.model.latents import drawn_styles
from frugan.model.model import Model
from frugan.networks.creps import CREPSGenerator
from frugan.ops.view import View
from frugan.rendering.frame import view_of
from frugan.rendering.render import render_strips
from frugan.requests.drawing import Drawing
from frugan.requests.frame import Frame
from frugan.requests.rendering import Rendering, check_samples
from frugan.requests.watching import SILENT, Watcher
from frugan.system.cores import available_cores
from frugan.system.device import one_thread
from frugan.system.errors import ArgumentError
from frugan.use_cases.opened import opened
from frugan.writing.pictures import converter
from frugan.writing.provenance import Provenance
from frugan.writing.strips import check_ending, write_strips

_DRAWING, _FRAME, _RENDERING = Drawing([0]), Frame(), Rendering()


@dataclass(frozen=True)
class Rendered:
    """The file that was written, and its size in pixels."""

    file: Path
    width: int
    height: int


def render(
    model: Model | Path | str,
    out: Path | str,
    drawing: Drawing = _DRAWING,
    frame: Frame = _FRAME,
    rendering: Rendering = _RENDERING,
    *,
    fused: bool = False,
    metadata: bool = True,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> Rendered:
    """Render one picture of a CREPS or CIPS model, with memory for its lines and one strip of it.

    Args:
        model: A run folder, a model folder, or a loaded model.
        out: A file that ends in .png, .tif (BigTIFF where it must be), .dzi (Deep Zoom) or .npy.
        drawing: Which picture: its first seed, or its first latents.
        frame: What is seen of it, and how large.
        rendering: How it is computed; all cores work on it if its workers are 1.
        fused: Shade pixels by one CUDA kernel in bf16.
        metadata: Write into a PNG what it was drawn from, as `sample` does, unless that is latents or directions.
        device: For a folder's model: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of rows done.

    Raises:
        UserError: a generator that cannot do this, or a file that cannot be written so.
    """
    path = Path(out)
    check_ending(path)
    check_samples(frame, rendering)
    loaded = opened(model, device)
    view = view_of(loaded, frame)
    stored = converter(path, loaded.shape.channels, loaded.pixels)
    width, height = frame.size
    with one_thread(), _fused(loaded, view) if fused else nullcontext():
        w = drawn_styles(loaded, replace(drawing, seeds=[drawing.seed]))[:1]
        told = partial(watcher.on_stage, "rows")
        strips = render_strips(loaded.generator, w, view, on_all_cores(rendering, loaded), told)
        known = Provenance(loaded.fingerprint(), drawing.seed, drawing.truncation, loaded.label_of(drawing))
        text = known.to_text() if metadata and drawing.by_seeds else ""
        write_strips(path, (stored(strip[None])[0] for strip in strips), width, height, text=text)
    return Rendered(path, width, height)


def on_all_cores(rendering: Rendering, model: Model) -> Rendering:
    """Threads that shade tiles, each of which computes on one core."""
    cores = available_cores() if model.device.type == "cpu" else 1
    return replace(rendering, workers=cores) if rendering.workers == 1 else rendering


@contextmanager
def _fused(model: Model, view: View) -> Iterator[None]:
    """The fused kernel in the block, for this model alone.

    Raises:
        ArgumentError: no CUDA device, no triton, or another generator than CREPS.
    """
    generator = model.generator
    if not isinstance(generator, CREPSGenerator):
        raise ArgumentError("fused", f"only CREPS has such a kernel, not {type(generator).__name__}")
    chain = generator.chain
    if chain.modulated or not chain.decoders or generator.trunk.line_channels not in (16, 32, 64):
        raise ArgumentError(
            "fused", "the kernel knows plain decoders, and lines of 16, 32 or 64 channels; not this model's"
        )
    if view.axes() is None:
        raise ArgumentError("fused", "not for pictures that are turned or bent")
    if model.device.type != "cuda":
        raise ArgumentError("fused", f"needs a CUDA device; this is {model.device}")
    try:
        import triton  # noqa: F401
    except ImportError as error:
        raise ArgumentError("fused", "needs one more package: pip install 'frugan[triton]'") from error
    before, generator.kernel = generator.kernel, "fused bf16"
    try:
        yield
    finally:
        generator.kernel = before
