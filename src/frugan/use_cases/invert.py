"""The latents of a given picture."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from frugan.config.records import SCHEMA, plain
from frugan.data.decode import ImageError, check_image, decode_picture
from frugan.data.deep import check_numbers, decode_deep, needs_deep
from frugan.data.fit import Wanted
from frugan.data.loader import to_float
from frugan.inverting.search import invert_picture
from frugan.metrics.image import psnr
from frugan.metrics.perceptual import load_distance
from frugan.model.latents import AboutLatents, write_latents
from frugan.model.model import Model
from frugan.requests.inverting import Fit, Inverting
from frugan.requests.watching import SILENT, Watcher
from frugan.system.bounds import IMAGE
from frugan.system.device import one_thread
from frugan.system.errors import ArgumentError, UserError
from frugan.system.foreign_files import read_bounded
from frugan.system.jsonl import JSON
from frugan.use_cases.opened import opened
from frugan.writing.pictures import contact_sheet, converter, usual_ending, write_picture, write_sheet

_INVERTING = Inverting()
_SHOWN = 8  # pictures of the course of a search


@dataclass(frozen=True)
class Inverted:
    """What was found, and the files that hold it.

    Attributes:
        latents: the `.npz` file that `Drawing.latents` takes.
        reconstruction: the picture that the model draws of them.
        compared: a sheet: the given picture, what the model's codec and decoder make of its code, the reconstruction.
        progress: a sheet: the best picture in the course of the search.
        distances: of the reconstruction to the given picture: "perceptual" (EfficientNet-Lite0, from 0 to 4) and "psnr"
            (dB).
        limits: the same of what codec and decoder make of the given picture's own code.
        label: name of the class that the latents belong to, if there are classes.
    """

    latents: Path
    reconstruction: Path
    compared: Path
    progress: Path
    distances: dict[str, float]
    limits: dict[str, float]
    label: str = ""

    def to_json(self) -> JSON:
        """For files and programs."""
        files = ("latents", "reconstruction", "compared", "progress")
        return {"schema": SCHEMA, **plain(self), **{name: str(getattr(self, name)) for name in files}}

    def text(self) -> str:
        """As lines for a terminal."""
        lines = [str(self.latents)]
        if self.label:
            lines.append(f"class: {self.label}")
        for name, found in (("reconstruction", self.distances), ("limit of codec and decoder", self.limits)):
            lines.append(f"{name}: perceptual distance {found['perceptual']:.4f}, PSNR {found['psnr']:.2f} dB")
        return "\n".join(lines)


def invert(
    model: Model | Path | str,
    picture: Path | str,
    out: Path | str,
    inverting: Inverting = _INVERTING,
    *,
    fit: Fit | None = None,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> Inverted:
    """Find the latents whose picture is most like the given one. Nothing is written of a picture that does not fit.

    Args:
        model: A run folder, a model folder, or a loaded model.
        picture: An image file.
        out: The folder for latents.npz, the reconstruction, and the sheets compared.png and progress.png, which is
            written again and again in the course of the search.
        inverting: How the search goes.
        fit: How a picture of another size is brought to the model's: "crop", "stretch" or "pad". None: it is refused.
        device: For a folder's model: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of steps done.

    Raises:
        UserError: no model or picture there, a damaged picture, one of another size without `fit`, no such class.
    """
    folder, path = Path(out), Path(picture)
    if folder.is_file():
        raise ArgumentError("out", "is a file; give a folder", folder)
    loaded = opened(model, device)
    target = read_target(path, loaded, fit)
    if inverting.label is not None:
        loaded.class_label(inverting.label)
    progress = _Progress(loaded, folder / "progress.png", inverting.steps, watcher)
    with one_thread():
        found = invert_picture(loaded, target, inverting, progress)
        (drawn,) = loaded.pictures_of(found.styles, 1)
        limit, _ = loaded.reconstruct(target)
    distance = load_distance(loaded.device)

    def distances(images: Tensor) -> dict[str, float]:
        return {"perceptual": float(distance(images, target)), "psnr": float(psnr(images, target))}

    shape, label = loaded.shape, "" if found.label is None else loaded.class_names[found.label]
    reconstruction = folder / f"reconstruction{usual_ending(shape.channels, loaded.pixels)}"
    result = Inverted(
        folder / "latents.npz",
        reconstruction,
        folder / "compared.png",
        progress.file,
        distances(drawn),
        distances(limit),
        label,
    )
    write_picture(reconstruction, converter(reconstruction, shape.channels, loaded.pixels)(drawn)[0])
    write_sheet(result.compared, contact_sheet(torch.cat([target, limit, drawn]), 3))
    about = AboutLatents(loaded.fingerprint(), found.label, result.distances)
    write_latents(result.latents, found.styles, about)
    return result


class _Progress:
    """Draws the best picture now and then, and keeps the sheet of them on disk."""

    def __init__(self, model: Model, file: Path, steps: int, watcher: Watcher) -> None:
        self.model, self.file, self.steps, self.watcher = model, file, steps, watcher
        self.drawn: list[Tensor] = []
        self.wanted = {round(part * steps / (_SHOWN - 1)) for part in range(_SHOWN)}

    def __call__(self, step: int, styles: Tensor) -> None:
        if step in self.wanted:
            self.drawn.extend(self.model.pictures_of(styles, 1))
            write_sheet(self.file, contact_sheet(torch.cat(self.drawn), len(self.drawn)))
        self.watcher.on_stage("steps", step, self.steps)


def read_target(path: Path, model: Model, fit: Fit | None) -> Tensor:
    """(1, C, H, W) in [-1, 1].

    Raises:
        UserError: it cannot be read, or has another size, and no fit was asked for.
    """
    if not path.is_file():
        raise ArgumentError("picture", "no such file", path)
    data = read_bounded(path, IMAGE)
    wanted = Wanted(model.shape, model.pixels, fit or "crop", allow_upsampling=True)
    try:
        header = check_numbers(data) or check_image(data)
        if fit is None and (header.height, header.width) != model.shape.size:
            problem = f"has {header.width} x {header.height} pixels, and the model draws {_size(model)}"
            raise ArgumentError("picture", f"{problem}. Choose how it is made to fit: `fit` crop, stretch or pad", path)
        pixels = decode_deep(data, wanted) if needs_deep(data, wanted) else decode_picture(data, wanted)
    except ImageError as error:
        raise UserError(f"{path}: {error}. Give a sound image file.") from error
    return to_float(pixels.copy(), model.pixels)[None]


def _size(model: Model) -> str:
    return f"{model.shape.width} x {model.shape.height}"
