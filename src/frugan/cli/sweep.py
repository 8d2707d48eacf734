"""`frugan sweep`: how truncation and rejection trade variety for fidelity."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from frugan.cli.flags import FINISHING, JUDGE, Device, JSONOutput, Packages, WithFinishing, WithJudge
from frugan.cli.number_lists import numbers
from frugan.cli.outcome import show_result
from frugan.cli.terminal import say
from frugan.cli.verb import run_verb
from frugan.requests.drawing import existing_folder
from frugan.requests.judging import RealImages, Sweeping


@dataclass(frozen=True)
class Flags:
    """Judge a model at several truncations, and at the best of them with pictures rejected that a classifier doubts.

    Args:
        run: Run folder, or a model folder together with --data.
        truncations: Truncations, separated by commas.
        rejections: Thresholds, for example .7,.8,.9,.95. A picture is kept if the classifier's probability exceeds it.
        reject_by: Look at the probability of any class, or of the class that was drawn (models of ImageNet's classes).
        data: Images to compare with. Default: the run's own images.
        samples: Pictures kept for each point.
        out: Write a page with the table and the curves here.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    truncations: Annotated[str, arg(name="trunc")] = "1,.8,.6,.4,.2,.1"
    rejections: Annotated[str, arg(name="reject")] = ""
    reject_by: Literal["any", "class"] = "any"
    data: str = ""
    samples: int = 2048
    out: Path | None = None
    finishing: WithFinishing = FINISHING
    judge: WithJudge = JUDGE
    device: Device = "auto"
    json_output: JSONOutput = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "sweep", arguments, _sweep)


def _sweep(flags: Flags) -> int:
    truncations, rejections = numbers("truncations", flags.truncations), numbers("rejections", flags.rejections)
    sweeping = Sweeping(truncations, rejections, flags.reject_by, flags.samples)
    finishing = flags.finishing.request()
    run = existing_folder("run", flags.run)
    from frugan import sweep

    result = sweep(
        run,
        sweeping,
        RealImages(flags.data),
        flags.judge.request(),
        finishing=finishing,
        page=flags.out,
        device=flags.device,
        on_point=lambda point: say(point.text()),
    )
    show_result(result, flags.json_output)
    if flags.out is not None:
        say(f"page: {flags.out}")
    return 0
