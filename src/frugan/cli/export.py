"""`frugan export`: a model as one file for other runtimes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import JSONOutput, Packages
from frugan.cli.outcome import show_result
from frugan.cli.verb import run_verb
from frugan.model.place import existing_model
from frugan.requests.exporting import Exporting, Part, Pixels


@dataclass(frozen=True)
class Flags:
    """Write a model as one ONNX or pt2 file, from latents to finished images. The file is run and compared with the
    model. CREPS and the like take coordinates as inputs: one file draws every size.

    Args:
        run: Run folder or model folder, noto-people (a model inside the package), or hf://user/name.
        out: Output file: .onnx (pip install 'frugan[export]') or .pt2 (torch.export).
        part: Part to export: all, sampler (latents to codes) or decoder (codes of any size to images).
        pixels: Images in the file: float in [-1, 1] (N, C, H, W), or uint8 (N, H, W, C).
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    part: Part = "all"
    pixels: Pixels = "float"
    json_output: JSONOutput = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "export", arguments, _export)


def _export(flags: Flags) -> int:
    run = existing_model("run", flags.run)
    from frugan import export

    show_result(export(run, flags.out, Exporting(flags.part, flags.pixels)), flags.json_output)
    return 0
