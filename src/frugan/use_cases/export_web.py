"""A model as a folder that runs in the reader's browser, on any host of files, without a program behind it."""

from dataclasses import dataclass
from pathlib import Path

from frugan.config.records import SCHEMA, plain
from frugan.exporting.browser_runtime import browser_runtime
from frugan.exporting.comparing import compared
from frugan.exporting.description import describe
from frugan.exporting.files import open_onnx, write_onnx
from frugan.exporting.graph import graph_of
from frugan.exporting.web_page import check_shown, has_own_viewer, page_files
from frugan.model.folder import model_folder
from frugan.model.model import Model
from frugan.system.atomic import holds_something, write_folder
from frugan.system.bounds import MODEL_DESCRIPTION
from frugan.system.errors import ArgumentError
from frugan.system.foreign_files import read_text
from frugan.system.jsonl import JSON
from frugan.use_cases.opened import opened

_RUNTIME, _GRAPH = "ort", "model.onnx"  # as the page names them


@dataclass(frozen=True)
class ExportedPage:
    """The folder that was written.

    Attributes:
        folder: Open its index.html.
        viewer: "frugan" for our own, which pans and zooms pictures of coordinates; "onnxruntime-web" for all others.
        files: bytes of each, by name.
        difference: of the graph to the model, in levels of 8 bits; 0.0 where there is no graph. Either page compares
            itself with the model again when it opens.
    """

    folder: Path
    viewer: str
    files: dict[str, int]
    difference: float

    @property
    def needs_server(self) -> bool:
        """Whether browsers refuse to run it as a file from a disk."""
        return self.viewer != "frugan"

    def to_json(self) -> JSON:
        """For files and programs."""
        return {"schema": SCHEMA, **plain(self), "folder": str(self.folder), "needs_server": self.needs_server}

    def text(self) -> str:
        """As lines for a terminal."""
        width = max(map(len, self.files))
        how = (
            f"python -m http.server --directory {self.folder}, then open http://localhost:8000"
            if self.needs_server
            else f"open {self.folder / 'index.html'}"
        )
        return "\n".join(
            [
                f"{self.folder}  {sum(self.files.values()) / 1e6:.1f} MB, drawn by {self.viewer}",
                *(f"  {name:<{width}}  {size / 1e3:,.1f} kB" for name, size in self.files.items()),
                f"To look at it: {how}",
            ]
        )


def export_web(model: Model | Path | str, out: Path | str, ort: Path | str | None = None) -> ExportedPage:
    """Write a folder with a page that runs the model in a browser.

    CREPS without a codec gets our own viewer, which needs no other program and no server. All other models get
    onnxruntime-web.

    Args:
        model: A run folder, a model folder, or a loaded model on the CPU.
        out: The folder; it must not exist yet, or be empty.
        ort: `dist` of the unpacked npm package onnxruntime-web; None lets npm fetch it, if the model needs it.

    Raises:
        ArgumentError: `out` holds something, no such folder `ort`, or the model's pictures cannot be shown.
        UserError: no such model; a package is missing.
        RunError: npm failed, or the graph draws something else than the model; nothing is kept.
    """
    folder = Path(out)
    if folder.is_file() or holds_something(folder):
        raise ArgumentError("web", "holds something already. Give a folder that does not exist yet", folder)
    if ort is not None and not Path(ort).is_dir():
        raise ArgumentError("ort", "no such folder. Give `dist` of the unpacked npm package onnxruntime-web", ort)
    loaded = opened(model, "cpu")
    check_shown(loaded)
    contents = {name: text.encode() for name, text in page_files(loaded, _card_of(model)).items()}
    runtime = None if has_own_viewer(loaded) else browser_runtime(None if ort is None else Path(ort))
    found: list[float] = []

    def fill(temporary: Path) -> None:
        for name, content in contents.items():
            (temporary / name).write_bytes(content)
        if runtime is not None:
            (temporary / _RUNTIME).mkdir()
            for name, content in runtime.items():
                (temporary / _RUNTIME / name).write_bytes(content)
            found.append(_write_graph(loaded, temporary / _GRAPH))

    write_folder(folder, fill)
    files = {str(file.relative_to(folder)): file.stat().st_size for file in sorted(folder.rglob("*")) if file.is_file()}
    return ExportedPage(folder, "onnxruntime-web" if found else "frugan", files, max(found, default=0.0))


def _write_graph(model: Model, path: Path) -> float:
    """Returns the largest difference to the model, in levels of 8 bits."""
    graph = graph_of(model, "all", "uint8", own_size=True)
    write_onnx(graph.program(), graph.output[0], describe(graph).to_text(), path)
    difference, _ = compared(graph, open_onnx(path), path.name)
    return difference


def _card_of(model: Model | Path | str) -> str:
    """The card in a model's folder; "" if there is none, or no folder."""
    if isinstance(model, Model):
        return ""
    card = model_folder(Path(model)) / "README.md"
    return read_text(card, MODEL_DESCRIPTION) if card.is_file() else ""
