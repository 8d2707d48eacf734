"""`frugan evaluate-decoder`: what survives of real images that go through a code and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Device, JSONOutput, Packages
from frugan.cli.judge_flags import JUDGE, WithJudge
from frugan.cli.outcome import show_result
from frugan.cli.parsing import parse_resolution
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import say
from frugan.cli.verb import run_verb
from frugan.requests.comparing import Comparing
from frugan.requests.judging import RealImages


@dataclass(frozen=True)
class Flags:
    """Compare decoders with each other and with plain interpolation: MSE, PSNR, SSIM, perceptual and Frechet distance,
    time, multiply-adds, parameters.

    Args:
        runs: Run or model folders with a trained decoder, at least one. RUN@48000 is the snapshot at 48 kimg.
        data: Held-out images: a folder, a zip or a named data set. They are used in addition to the training images.
        samples: Largest number of images per data set.
        resolution: Size of the images, in pixels: a side, or HEIGHTxWIDTH. Default: that of the first run.
        lpips: Use LPIPS, not the offline perceptual distance (pip install 'frugan[lpips]').
        curve: Evaluate every snapshot too, for a curve of PSNR over training time.
        out: HTML file for tables and crops.
        upsample: With --data: enlarge images below the resolution, instead of skipping them.
    """

    runs: Annotated[Positional[tuple[str, ...]], arg(metavar="RUN...")]
    data: str = ""
    samples: int = 1000
    resolution: str = ""
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
    comparing = Comparing(flags.runs, flags.samples, parse_resolution(flags.resolution) or 0, flags.curve)
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
