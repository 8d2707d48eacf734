"""A graph as a file, ONNX or torch's own, and what such a file draws."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.export import ExportedProgram

from frugan.exporting.description import KEY
from frugan.system.errors import RunError, UserError

Runner = Callable[[dict[str, Tensor]], Tensor]
OPSET = 20  # what torch 2.11 and later write without converting; read by onnxruntime from 1.17 on
_LARGEST = 2**31 - 2**20  # bytes of an ONNX file, which is one message


def write_onnx(program: ExportedProgram, output: str, described: str, path: Path) -> None:
    """
    Raises:
        UserError: the packages are missing.
        RunError: more weights than one file holds.
    """
    onnx = _package("onnx")
    _package("onnxscript")
    size = sum(tensor.numel() * tensor.element_size() for tensor in program.state_dict.values())
    if size > _LARGEST:
        raise RunError(f"{size / 2**30:.1f} GiB of weights are more than an ONNX file holds, 2 GiB. Export format pt2.")
    converted = torch.onnx.export(
        program, (), dynamo=True, opset_version=OPSET, output_names=[output], verbose=False, optimize=True
    )
    assert converted is not None
    model = converted.model_proto
    _forget_sources(model)
    model.producer_name = KEY
    onnx.helper.set_model_props(model, {KEY: described})
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


def write_pt2(program: ExportedProgram, output: str, described: str, path: Path) -> None:
    """What `torch.export.load` reads; `output` has no place in there."""
    with open(path, "wb") as file:
        torch.export.save(program, file, extra_files={KEY: described})


def open_onnx(path: Path) -> Runner:
    """One thread, on the CPU.

    Raises:
        UserError: the package is missing.
    """
    runtime = _package("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = runtime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])

    def run(inputs: dict[str, Tensor]) -> Tensor:
        (result,) = session.run(None, {name: np.ascontiguousarray(tensor) for name, tensor in inputs.items()})
        return torch.from_numpy(result)

    return run


def open_pt2(path: Path) -> Runner:
    """By torch."""
    with open(path, "rb") as file:
        module = torch.export.load(file).module()

    @torch.no_grad()
    def run(inputs: dict[str, Tensor]) -> Tensor:
        result: Tensor = module(**inputs)
        return result

    return run


def _forget_sources(model: Any) -> None:
    """Places in the source files of this machine are nobody's business, and many kilobytes."""
    graph = model.graph
    for holder in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        holder.ClearField("metadata_props")
        holder.ClearField("doc_string")
    for function in model.functions:
        for holder in (function, *function.node):
            holder.ClearField("metadata_props")
            holder.ClearField("doc_string")


def _package(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise UserError(f"an ONNX file needs the package {name}: pip install 'frugan[export]'.") from error
