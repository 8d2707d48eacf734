"""`frugan evaluate-decoder`: what survives of real images that go through a code and back."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from frugan.cli.flags import parse
from frugan.system.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "evaluate-decoder", arguments)


def command(
    runs: Annotated[Positional[tuple[str, ...]], arg(metavar="RUN...")],
    /,
    data: str = "",
    samples: int = 1000,
    resolution: int = 0,
    features: Literal["efficientnet-lite0", "inception"] = "efficientnet-lite0",
    lpips: bool = False,
    curve: bool = False,
    out: Path | None = None,
    upsample: bool = False,
    device: str = "auto",
    json_output: Annotated[bool, arg(name="json")] = False,
) -> int:
    """Judge the decoders of one or several runs, and what each has to beat: MSE, PSNR, SSIM, perceptual and Frechet
    distance, time, multiply-adds, parameters.

    Args:
        runs: run or model folders with a trained decoder; RUN@48000 for a run's snapshot at 48,000 images.
        data: images that were not trained on (a folder, zip or named set); judged beside the first run's own.
        samples: at most so many images of each set.
        resolution: size at which to judge; that of the first run if 0. Decoders work at sizes they never saw.
        features: for the Frechet distance; inception makes it FID.
        lpips: LPIPS instead of the offline perceptual distance (extra: lpips).
        curve: judge every snapshot of the runs as well: PSNR over training time.
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
    chosen = [_run_and_snapshot(run) for run in runs]
    from frugan.cli import evaluating_decoder

    return evaluating_decoder.evaluate_decoders(
        chosen, data, samples, resolution, features, lpips, curve, out, upsample, device, json_output
    )


def _run_and_snapshot(text: str) -> tuple[Path, int | None]:
    """
    Raises:
        UserError: there is no such folder.
    """
    if Path(text).exists():
        return Path(text), None
    path, _, nimg = text.rpartition("@")
    if path and nimg.isdigit() and Path(path).exists():
        return Path(path), int(nimg)
    raise UserError(f"{text}: no such folder")
