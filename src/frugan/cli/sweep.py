"""`frugan sweep`: how truncation and rejection trade variety for fidelity."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from frugan.cli.flags import FINISHING, Device, JSONOutput, Packages, WithFinishing
from frugan.cli.judge_flags import IMAGES, JUDGE, WithImages, WithJudge
from frugan.cli.number_lists import numbers
from frugan.cli.outcome import show_result
from frugan.cli.terminal import say
from frugan.cli.verb import run_verb
from frugan.model.place import existing_model
from frugan.requests.judging import Sweeping


@dataclass(frozen=True)
class Flags:
    """Evaluate a model at several truncations. At the best one, also reject pictures with low classifier confidence.

    Args:
        run: Run folder, or a model folder with --data.
        truncations: Truncations, separated by commas.
        rejections: Confidence thresholds, for example .7,.8,.9,.95. Pictures below a threshold are rejected.
        reject_by: Confidence in any class, or in the class that was drawn (only for models of ImageNet classes).
        samples: Number of pictures per point, after rejection.
        snapshot: Image count of an earlier snapshot to evaluate. The folder RUN/sampler/snapshots lists them.
        out: HTML file for the table and the curves.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    truncations: Annotated[str, arg(name="trunc")] = "1,.8,.6,.4,.2,.1"
    rejections: Annotated[str, arg(name="reject")] = ""
    reject_by: Literal["any", "class"] = "any"
    images: WithImages = IMAGES
    samples: int = 2048
    snapshot: int | None = None
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
    run = existing_model("run", flags.run)
    from frugan import sweep

    result = sweep(
        run,
        sweeping,
        flags.images.request(),
        flags.judge.request(),
        finishing=finishing,
        snapshot=flags.snapshot,
        page=flags.out,
        device=flags.device,
        on_point=lambda point: say(point.text()),
    )
    show_result(result, flags.json_output)
    if flags.out is not None:
        say(f"page: {flags.out}")
    return 0
