"""Exported files against the model in torch: largest difference, time and size, for the models inside the package.

python -m benchmarks.exports [MODEL ...]

CPU seconds of one thread, medians of paired rounds of 16 pictures.
"""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import onnxruntime
import torch

import frugan
from benchmarks.timing import one_thread, paired_cpu_seconds
from frugan.exporting.graph import graph_of
from frugan.model.place import SHIPPED

_BATCH, _ROUNDS = 16, 9


@dataclass(frozen=True)
class Row:
    """One model as ONNX."""

    name: str
    megabytes: float
    difference: float
    torch_seconds: float
    onnx_seconds: float

    def text(self) -> str:
        """A row of the table."""
        times = f"{1000 * self.onnx_seconds / _BATCH:.1f} ms | {1000 * self.torch_seconds / _BATCH:.1f} ms"
        ratio = self.onnx_seconds / self.torch_seconds
        return f"| `{self.name}` | {self.megabytes:.1f} MB | {self.difference:.1e} | {times} | {ratio:.2f} |"


def measured(name: str, folder: Path) -> Row:
    """Export a model, and time it beside torch."""
    file = folder / "model.onnx"
    made = frugan.export(name, file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    graph = graph_of(frugan.load(name), "all", "float")
    inputs = graph.example(_BATCH)
    arrays = {key: value.numpy() for key, value in inputs.items()}

    @torch.no_grad()
    def ours() -> object:
        return graph.module(**inputs)

    with one_thread():
        torch_seconds, onnx_seconds = paired_cpu_seconds([ours, lambda: session.run(None, arrays)], _ROUNDS)
    return Row(name, made.size / 1e6, made.difference, torch_seconds, onnx_seconds)


def main() -> None:
    print("| model | ONNX | largest difference | onnxruntime, a picture | torch | ratio |\n|---|---|---|---|---|---|")
    for name in sys.argv[1:] or SHIPPED:
        with tempfile.TemporaryDirectory() as folder:
            print(measured(name, Path(folder)).text(), flush=True)


if __name__ == "__main__":
    main()
