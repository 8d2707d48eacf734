"""What a person is told: what a training would be, and what became of a training or a study."""

import json
import shlex
from typing import TYPE_CHECKING, Protocol

from frugan.cli.terminal import say, show
from frugan.config.yaml import dump
from frugan.system.jsonl import JSON

if TYPE_CHECKING:
    from frugan.studies.base import StudyResult
    from frugan.use_cases.conduct import Trained
    from frugan.use_cases.train import Estimates


class Result(Protocol):
    """What a use case returns that has numbers."""

    def to_json(self) -> JSON: ...

    def text(self) -> str: ...


def show_result(result: Result, as_json: bool) -> None:
    """For a person, or for a program."""
    show(json.dumps(result.to_json(), indent=1) if as_json else result.text())


def show_estimates(estimates: "Estimates") -> None:
    """What a short trial predicts, then the resolved configuration."""
    for name, part in estimates.parts.items():
        networks = ", ".join(f"{network} {count / 1e6:.2f} M parameters" for network, count in part.parameters.items())
        show(
            f"# {name}: {networks}; {part.images_per_second:.0f} images/s on {estimates.device} with "
            f"{estimates.config.threads} thread(s), {part.minutes:.1f} minutes in all, "
            f"about {part.peak_memory_mb:.0f} MB"
        )
    show(dump(estimates.config))


def show_outcome(trained: "Trained") -> int:
    """How far it came, how good it is, and what to type next. Returns the exit code."""
    run = trained.run
    if not trained.anew:
        say(f"{run} is finished and evaluated; again: frugan evaluate {run}, frugan report {run}")
    elif trained.evaluation is not None:
        say(trained.evaluation.text())
        say(trained.evaluation.verdict())
        say(f"report: {trained.report}")
        say(f"pictures: frugan sample {shlex.quote(str(run))} --seeds 0-63 --out pictures")
        say(f"more typical ones, in one file: frugan sample {shlex.quote(str(run))} --trunc 0.7 --grid --out grid.png")
        say("other images: frugan train FOLDER --out runs/NAME")
    elif not trained.ended:
        say(f"stopped; go on with: frugan resume {run}")
    elif trained.part == "all":
        say(f"a part was stopped; go on with: frugan resume {run}")
    elif trained.part == "decoder":
        say(f"the decoder is finished: frugan evaluate-decoder {run}, frugan upscale IMAGE --decoder {run}")
        say(f"the sampler, too: frugan resume {run}")
    else:
        say(f"the sampler is finished: frugan sample {run} --out pictures")
        say(f"the decoder, too: frugan resume {run}")
    return 0


def show_study(result: "StudyResult") -> int:
    """The table, or what a search tried, and where the rest is. Returns the exit code."""
    for row, tried in result.tried.items():
        for each in tried:
            shown = "failed" if each.frechet_distance is None else f"{each.frechet_distance:.1f}"
            show(f"{row:16} {shown:>8}  " + " ".join(f"{key}={value}" for key, value in each.settings.items()))
    if result.text:
        show(result.text)
    written = result.folder / "best" if result.tried else result.report
    if written is not None:
        say(f"{'configurations of the best' if result.tried else 'report'}: {written}")
    if not result.finished:
        say(f"not finished; the same command goes on with it ({result.folder})")
    return 0 if result.finished or result.stopped else 1
