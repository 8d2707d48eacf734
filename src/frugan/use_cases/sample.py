"""Seeds to picture files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from frugan.config.shape import ImageShape
from frugan.judging.timing import Timing, time_model
from frugan.model.latents import drawn_pictures
from frugan.model.model import Model
from frugan.requests.drawing import FILE_ENDINGS, SHEET_ENDINGS, Drawing, Finishing, check_target
from frugan.requests.watching import SILENT, Watcher
from frugan.system.errors import ArgumentError
from frugan.system.foreign_files import file_names
from frugan.use_cases.opened import opened
from frugan.writing.pictures import contact_sheet, converter, usual_ending, write_picture, write_sheet
from frugan.writing.provenance import Provenance, read_provenance
from frugan.writing.row_names import with_row_names

_DRAWING = Drawing()
_MOST_PIXELS = 2**28  # of a sheet, which is made in memory: 3 GiB while it is float


@dataclass(frozen=True)
class Sampled:
    """The files that were written: one a seed, or one sheet.

    Attributes:
        timing: time per picture, if that was asked for.
        label: name of the class that was drawn, if one was asked for.
    """

    files: tuple[Path, ...]
    timing: Timing | None = None
    label: str = ""


def sample(
    model: Model | Path | str,
    out: Path | str,
    drawing: Drawing = _DRAWING,
    *,
    sheet: bool = False,
    each_class: bool = False,
    finishing: Finishing | None = None,
    ending: str = "",
    timing: bool = False,
    from_png: Path | str | None = None,
    metadata: bool = True,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> Sampled:
    """Draw pictures into files. A seed gives the same picture, up to rounding, on every machine.

    Args:
        model: A run folder, a model folder, or a loaded model.
        out: The folder for one file a seed; with `sheet`, the PNG or JPEG file, or a folder for grid.png.
        drawing: Which pictures.
        sheet: Write all pictures into one.
        each_class: Draw every seed once for each class: a row of the sheet each, beside its name, or a folder each.
        finishing: What finishes the pictures of a folder's model.
        ending: Of files: ".png", ".tif" or ".npy". "": PNG, or .npy for what PNG cannot hold, such as bands.
        timing: Measure the time of sampler and decoder, a few more pictures.
        from_png: A PNG that this function wrote, instead of a drawing: the same picture again.
        metadata: Write into each PNG what it was drawn from: the model's fingerprint, seed, truncation, class, version;
            not of latents and directions, which this does not say.
        device: For a folder's model: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of pictures written.

    Raises:
        UserError: no model there; classes that it does not have; `out` is a file where a folder is needed.
    """
    path = Path(out)
    check_target(path, sheet=sheet)
    if ending and ending not in FILE_ENDINGS:
        raise ArgumentError("ending", f"one of {', '.join(FILE_ENDINGS)}", ending)
    loaded = opened(model, device, finishing)
    if from_png is not None and not drawing.by_seeds:
        raise ArgumentError("from_png", "does not go with latents and directions: it says what is drawn by itself")
    if from_png is not None:
        drawing = _again(loaded, Path(from_png))
    classes = _classes(loaded, drawing, each_class)
    timed = time_model(loaded) if timing else None
    if sheet:
        _check_room(drawing.count * len(classes), loaded.shape)
        file = path if path.suffix.lower() in SHEET_ENDINGS else path / "grid.png"
        images = [piece for number in classes.values() for piece in drawn_pictures(loaded, drawing, number)]
        drawn = contact_sheet(torch.cat(images), len(drawing.seeds) if each_class else 0)
        write_sheet(file, with_row_names(drawn, loaded.class_names) if each_class else drawn)
        return Sampled((file,), timed, _label_name(loaded, drawing))
    files, ending = [], ending or usual_ending(loaded.shape.channels, loaded.pixels)
    fingerprint = loaded.fingerprint() if metadata and drawing.by_seeds and ending == ".png" else ""
    for file in _written(loaded, path, drawing, classes, ending, fingerprint):
        files.append(file)
        watcher.on_stage("pictures", len(files), drawing.count * len(classes))
    return Sampled(tuple(files), timed, _label_name(loaded, drawing))


def _label_name(model: Model, drawing: Drawing) -> str:
    return "" if drawing.label is None else model.class_names[model.label_of(drawing) or 0]


def _check_room(count: int, shape: ImageShape) -> None:
    most = _MOST_PIXELS // (shape.height * shape.width)
    if count > most:
        raise ArgumentError(
            "seeds",
            f"a sheet holds at most {most} pictures of {shape.size_text}. Ask for fewer, or for one file each",
            count,
        )


def _again(model: Model, path: Path) -> Drawing:
    """
    Raises:
        UserError: another model drew it, or it does not say.
    """
    known = read_provenance(path)
    if known.model != model.fingerprint():
        problem = f"was drawn by another model, or another snapshot of it (fingerprint {known.model})"
        raise ArgumentError("from_png", f"{problem}. Give that one", path)
    return known.drawing()


def _written(
    model: Model, out: Path, drawing: Drawing, classes: dict[str, int | None], ending: str, fingerprint: str
) -> Iterator[Path]:
    stored = converter(Path(f"seed{ending}"), model.shape.channels, model.pixels)
    for folder, number in classes.items():
        seeds_left = iter(range(drawing.count) if drawing.latents else drawing.seeds)
        for images in drawn_pictures(model, drawing, number):
            for picture in stored(images):
                seed = next(seeds_left)
                file = out / folder / f"{'latents' if drawing.latents else 'seed'}{seed:04d}{ending}"
                known = Provenance(fingerprint, seed, drawing.truncation, number)
                write_picture(file, picture, known.to_text() if fingerprint else "")
                yield file


def _classes(model: Model, drawing: Drawing, each_class: bool) -> dict[str, int | None]:
    """Which to draw, by the folder that they go to: "" where there is one alone, None where each seed draws one."""
    if not each_class:
        return {"": model.label_of(drawing)}
    if drawing.label is not None:
        raise ArgumentError("each_class", "does not go with `label`: one or the other")
    if drawing.latents:
        raise ArgumentError("each_class", "does not go with `latents`: they belong to a class")
    if not model.class_names:
        raise ArgumentError("each_class", "this model is not class-conditional")
    return dict(zip(file_names(model.class_names), range(len(model.class_names)), strict=True))
