"""`frugan export`: a model as one file for other runtimes, or as a folder for browsers."""

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
from frugan.system.errors import ArgumentError


@dataclass(frozen=True)
class Flags:
    """Write a model as one ONNX or pt2 file, from latents to finished images, or as a folder with a web page. The file
    is run and compared with the model. CREPS and the like take coordinates as inputs: one file draws every size.

    Args:
        run: Run folder or model folder, noto-people or noto-people-any (inside the package), or hf://user/name.
        out: Output file: .onnx (pip install 'frugan[export]') or .pt2 (torch.export).
        web: Output folder, instead of --out: a page that draws the model's pictures in a browser, offline, on any host.
        ort: Folder dist of the unpacked npm package onnxruntime-web, for --web. By default npm fetches it. CREPS needs
            none.
        part: Part to export: all, sampler (latents to codes) or decoder (codes of any size to images).
        pixels: Images in the file: float in [-1, 1] (N, C, H, W), or uint8 (N, H, W, C).
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path | None = None
    web: Path | None = None
    ort: Path | None = None
    part: Part = "all"
    pixels: Pixels = "float"
    json_output: JSONOutput = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "export", arguments, _export)


def _export(flags: Flags) -> int:
    run, exporting = existing_model("run", flags.run), Exporting(flags.part, flags.pixels)
    if (flags.out is None) == (flags.web is None):
        raise ArgumentError("out", "give either this, a file, or `web`, a folder")
    if flags.ort is not None and flags.web is None:
        raise ArgumentError("ort", "goes with `web`", flags.ort)
    if flags.web is not None and exporting != Exporting():
        raise ArgumentError("part", "this and `pixels` go with `out`. A page draws finished pictures")
    if flags.web is not None:
        from frugan import export_web

        show_result(export_web(run, flags.web, flags.ort), flags.json_output)
    elif flags.out is not None:
        from frugan import export

        show_result(export(run, flags.out, exporting), flags.json_output)
    return 0
