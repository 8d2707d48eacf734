"""A model as one file that other runtimes read: ONNX, or torch's own format without Python classes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from frugan.config.records import SCHEMA, plain
from frugan.exporting.description import describe
from frugan.exporting.files import Runner, open_onnx, open_pt2, write_onnx, write_pt2
from frugan.exporting.graph import Graph, graph_of
from frugan.model.model import Model
from frugan.requests.exporting import Exporting
from frugan.system.atomic import replacing
from frugan.system.errors import ArgumentError, RunError
from frugan.system.jsonl import JSON
from frugan.use_cases.opened import opened

_EXPORTING = Exporting()
_MOST_DIFFERENCE = 1e-3  # in [-1, 1]: an eighth of a level of 8 bits
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
        difference, shapes = _compared(graph, open_file(temporary))
        most = 1 if exporting.pixels == "uint8" else _MOST_DIFFERENCE  # halves may be rounded up or down
        if not difference <= most:
            problem = f"{path.name} differs from the model by {difference:.1e}, more than {most:g}"
            raise RunError(f"{problem}. It is not kept. Please report it with the model's config.json.")
        size = temporary.stat().st_size
    return Exported(path, graph.inputs, f"{graph.output[0]}  {graph.output[1]}", difference, tuple(shapes), size)


def _compared(graph: Graph, run: Runner) -> tuple[float, list[tuple[int, ...]]]:
    largest, shapes = 0.0, []
    for batch, size in _sizes(graph):
        inputs = graph.example(batch, size)
        expected, found = graph(inputs), run(inputs)
        shapes.append(tuple(found.shape))
        if found.shape != expected.shape:
            raise RunError(
                f"the exported file draws {tuple(found.shape)} where the model draws {tuple(expected.shape)}"
            )
        # Not a number is no small difference.
        largest = max(largest, float((found.double() - expected.double()).abs().nan_to_num(float("inf")).max()))
    return largest, shapes


def _sizes(graph: Graph) -> Iterator[tuple[int, tuple[int, int] | None]]:
    """Batches, and sizes where they are free: other ones than the graph was traced with."""
    if not graph.any_size:
        yield from ((1, None), (3, None), (5, None))
        return
    units = ((3, 4), (8, 8), (13, 9)) if graph.part == "decoder" or graph.unit > 1 else ((8, 8), (33, 100), (70, 65))
    for batch, (down, right) in zip((1, 2, 3), units, strict=True):
        yield batch, (down * graph.unit, right * graph.unit)
