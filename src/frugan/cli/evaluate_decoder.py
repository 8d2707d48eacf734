"""`frugan evaluate-decoder`: what survives of real images that go through a code and back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from frugan.cli.flags import parse
from frugan.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "evaluate-decoder", arguments)


def command(
    runs: Annotated[Positional[tuple[Path, ...]], arg(metavar="RUN...")],
    /,
    data: str = "",
    samples: int = 1000,
    resolution: int = 0,
    features: Literal["efficientnet-lite0", "inception"] = "efficientnet-lite0",
    lpips: bool = False,
    out: Path | None = None,
    upsample: bool = False,
    device: str = "auto",
    json_output: Annotated[bool, arg(name="json")] = False,
) -> int:
    """Judge the decoders of one or several runs, and what each has to beat: MSE, PSNR, SSIM, perceptual and Frechet
    distance, time, multiply-adds, parameters.

    Args:
        runs: run or model folders with a trained decoder.
        data: images that were not trained on (a folder, zip or named set); judged beside the first run's own.
        samples: at most so many images of each set.
        resolution: size at which to judge; that of the first run if 0. Decoders work at sizes they never saw.
        features: for the Frechet distance; inception makes it FID.
        lpips: LPIPS instead of the offline perceptual distance (extra: lpips).
        out: write a page with tables and crops here.
        upsample: with --data, take smaller images as well, enlarged.
        device: auto, cpu, cuda, mps.
        json_output: print the result as JSON.
    """
    if not runs:
        raise UserError("evaluate-decoder: give at least one run")
    if samples < 2:
        raise UserError(f"--samples {samples}: at least 2 are needed")
    if 0 < resolution < 16:
        raise UserError(f"--resolution {resolution}: at least 16 is needed")
    if upsample and not data:
        raise UserError("--upsample: only with --data; a run's own images are taken as they were trained on")
    missing = [path for path in runs if not path.exists()]
    if missing:
        raise UserError(f"{missing[0]}: no such folder")
    from frugan.cli import evaluating_decoder

    return evaluating_decoder.evaluate_decoders(
        runs, data, samples, resolution, features, lpips, out, upsample, device, json_output
    )
