"""`frugan evaluate-decoder`: what survives of real images that go through a code and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import JUDGE, Device, JSONOutput, Packages, WithJudge
from frugan.cli.outcome import show_result
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import say
from frugan.cli.verb import run_verb
from frugan.requests.comparing import Comparing
from frugan.requests.judging import RealImages


@dataclass(frozen=True)
class Flags:
    """Judge the decoders of one or several runs, and what each has to beat: MSE, PSNR, SSIM, perceptual and Frechet
    distance, time, multiply-adds, parameters.

    Args:
        runs: Run or model folders with a trained decoder. RUN@48000 is a run's snapshot at 48,000 images.
        data: Images that were not trained on (a folder, zip or named set), judged beside the first run's own.
        samples: Largest number of images of each set.
        resolution: Side at which to judge, in pixels. Default: that of the first run. Decoders work at other sizes too.
        lpips: Use LPIPS instead of the offline perceptual distance (extra: lpips).
        curve: Judge every snapshot of the runs too: PSNR over training time.
        out: Write a page with tables and crops here.
        upsample: With --data, take smaller images too, enlarged.
    """

    runs: Annotated[Positional[tuple[str, ...]], arg(metavar="RUN...")]
    data: str = ""
    samples: int = 1000
    resolution: int = 0
    lpips: bool = False
    curve: bool = False
    out: Path | None = None
    upsample: bool = False
    judge: WithJudge = JUDGE
    device: Device = "auto"
    json_output: JSONOutput = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "evaluate-decoder", arguments, _compare)


def _compare(flags: Flags) -> int:
    comparing = Comparing(flags.runs, flags.samples, flags.resolution, flags.curve)
    images = RealImages(flags.data, flags.upsample)
    from frugan import compare_decoders

    result = compare_decoders(
        comparing,
        images,
        flags.judge.request(),
        lpips=flags.lpips,
        page=flags.out,
        device=flags.device,
        watcher=SHOWN,
    )
    show_result(result, flags.json_output)
    if flags.out is not None:
        say(f"page: {flags.out}")
    return 0
