"""A model as one file that other runtimes read: ONNX, or torch's own format without Python classes."""

from dataclasses import dataclass
from pathlib import Path

from frugan.config.records import SCHEMA, plain
from frugan.exporting.comparing import compared
from frugan.exporting.description import describe
from frugan.exporting.files import open_onnx, open_pt2, write_onnx, write_pt2
from frugan.exporting.graph import graph_of
from frugan.model.model import Model
from frugan.requests.exporting import Exporting
from frugan.system.atomic import replacing
from frugan.system.errors import ArgumentError
from frugan.system.jsonl import JSON
from frugan.use_cases.opened import opened

_EXPORTING = Exporting()
_FORMATS = {".onnx": (write_onnx, open_onnx), ".pt2": (write_pt2, open_pt2)}


@dataclass(frozen=True)
class Exported:
    """The file that was written, and what was found when it was run.

    Attributes:
        inputs: what each is, by name.
        output: what comes out.
        difference: the largest one to the model itself, in [-1, 1]; of uint8, in levels.
        checked: shapes of what was drawn to find it.
        size: of the file, in bytes.
    """

    file: Path
    inputs: dict[str, str]
    output: str
    difference: float
    checked: tuple[tuple[int, ...], ...]
    size: int

    def to_json(self) -> JSON:
        """For files and programs."""
        return {"schema": SCHEMA, **plain(self), "file": str(self.file)}

    def text(self) -> str:
        """As lines for a terminal."""
        width = max(len(name) for name in self.inputs)
        shapes = ", ".join(" x ".join(map(str, shape)) for shape in self.checked)
        return "\n".join(
            [
                f"{self.file}  {self.size / 1e6:.1f} MB",
                *(f"  in   {name:<{width}}  {what}" for name, what in self.inputs.items()),
                f"  out  {self.output}",
                f"largest difference to the model: {self.difference:.1e} (of {shapes})",
            ]
        )


def export(model: Model | Path | str, out: Path | str, exporting: Exporting = _EXPORTING) -> Exported:
    """Write the model to `out`, run that file at three sizes, and compare it with the model.

    Args:
        model: A run folder, a model folder, or a loaded model on the CPU.
        out: A file that ends in .onnx (extra: export) or .pt2.
        exporting: Which part, and how pictures are stored.

    Raises:
        UserError: another ending, no such part, or a package is missing.
        RunError: the file draws something else than the model; it is not kept.
    """
    path = Path(out)
    if path.suffix.lower() not in _FORMATS:
        raise ArgumentError("out", "must end in .onnx or .pt2", path)
    if path.is_dir():
        raise ArgumentError("out", "is a folder; give a file", path)
    write, open_file = _FORMATS[path.suffix.lower()]
    graph = graph_of(opened(model, "cpu"), exporting.part, exporting.pixels)
    program = graph.program()
    with replacing(path) as temporary:
        write(program, graph.output[0], describe(graph).to_text(), temporary)
        difference, shapes = compared(graph, open_file(temporary), path.name)
        size = temporary.stat().st_size
    return Exported(path, graph.inputs, f"{graph.output[0]}  {graph.output[1]}", difference, shapes, size)
