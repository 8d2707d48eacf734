"""Directions among the latents of a model, and a page that shows them."""

from dataclasses import dataclass
from pathlib import Path

import torch

from frugan.config.records import SCHEMA, plain
from frugan.inverting.directions import find_directions
from frugan.model.latents import AboutDirections, Directions, write_directions
from frugan.model.model import Model
from frugan.reporting.directions import Strip, directions_page
from frugan.requests.drawing import DIRECTIONS_FILE
from frugan.requests.inverting import Exploring
from frugan.requests.watching import SILENT, Watcher
from frugan.system.atomic import write_file
from frugan.system.device import one_thread
from frugan.system.errors import ArgumentError
from frugan.system.jsonl import JSON
from frugan.use_cases.opened import opened
from frugan.writing.pictures import contact_sheet

_EXPLORING = Exploring()
_STEPS = 7  # of a strip: the picture itself stands in the middle


@dataclass(frozen=True)
class Explored:
    """Directions that were found, and the files that hold and show them.

    Attributes:
        file: what `Drawing.directions` takes.
        page: an HTML page.
        names: of the directions, the most effective first.
        method: how they were found.
    """

    file: Path
    page: Path
    names: tuple[str, ...]
    method: str

    def to_json(self) -> JSON:
        """For files and programs."""
        return {"schema": SCHEMA, **plain(self), "file": str(self.file), "page": str(self.page)}

    def text(self) -> str:
        """As lines for a terminal."""
        return f"{self.file}\n{len(self.names)} directions: {self.method}\npage: {self.page}"


def directions(
    model: Model | Path | str,
    out: Path | str | None = None,
    exploring: Exploring = _EXPLORING,
    *,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> Explored:
    """Find directions that change pictures most, without training, and show strips along each.

    Args:
        model: A run folder, a model folder, or a loaded model.
        out: The folder for directions.npz and index.html. None: the folder `directions` in the run or model folder,
            where `frugan sample --direction` looks for it.
        exploring: How many, of what, and their names.
        device: For a folder's model: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of strips drawn.

    Raises:
        UserError: no model there; no `out`, where the model is loaded, or lies in the package or on the hub; a name for
            a direction that there is not.
    """
    if out is None and isinstance(model, Model):
        raise ArgumentError("out", "a loaded model has no folder. Give one")
    if out is None and not isinstance(model, Model) and not Path(model).is_dir():
        raise ArgumentError("out", f"{model} is no folder here that could hold them. Give one")
    folder = Path(model) / DIRECTIONS_FILE.parent if out is None and not isinstance(model, Model) else Path(out or "")
    if folder.is_file():
        raise ArgumentError("out", "is a file; give a folder", folder)
    loaded = opened(model, device)
    with one_thread():
        vectors, method = find_directions(loaded, exploring)
        beyond = [number for number in exploring.names if number > len(vectors)]
        if beyond:
            raise ArgumentError("names", f"this model has {len(vectors)} directions", beyond[0])
        names = tuple(exploring.names.get(number, str(number)) for number in range(1, len(vectors) + 1))
        found = Directions(vectors, AboutDirections(loaded.fingerprint(), names, method))
        strips = []
        for number in range(len(names)):
            strips.append(_strip(loaded, found, number, exploring))
            watcher.on_stage("strips", number + 1, len(names))
    file, page = folder / DIRECTIONS_FILE.name, folder / "index.html"
    title = str(loaded.info.get("recipe", "")) or type(loaded.generator).__name__
    write_file(page, directions_page(title, strips, method).encode())
    write_directions(file, found)
    return Explored(file, page, names, method)


def _strip(model: Model, found: Directions, number: int, exploring: Exploring) -> Strip:
    """A row for each picture, a column for each amount."""
    amounts = [exploring.extent * (2 * step / (_STEPS - 1) - 1) for step in range(_STEPS)]
    styles = model.styles(range(exploring.seed, exploring.seed + exploring.pictures))
    moved = torch.stack([styles + amount * found.vectors[number] for amount in amounts], dim=1).flatten(0, 1)
    images = torch.cat(list(model.pictures_of(moved)))
    return Strip(found.about.names[number], amounts, contact_sheet(images, len(amounts)))
