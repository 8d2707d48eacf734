"""`frugan resume`: go on with a run that was stopped or killed, exactly where its last checkpoint was."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Packages, Trackers
from frugan.cli.outcome import show_outcome
from frugan.cli.progress import training_watcher
from frugan.cli.verb import run_verb
from frugan.runs.folder import RunFolder
from frugan.use_cases.plan import PartChoice


@dataclass(frozen=True)
class Flags:
    """Resume a run from its newest checkpoint. On the same hardware, the result equals that of an uninterrupted run.

    Args:
        run: Run folder.
        part: Part to train now.
        data: New place of the run's images, if they were moved.
        kimg: Thousands of images to add to the sampler's training. With --part decoder: to the decoder's.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    part: PartChoice = "all"
    data: str = ""
    kimg: float = 0.0
    trackers: Trackers = ()
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "resume", arguments, _resume)


def _resume(flags: Flags) -> int:
    folder = RunFolder.open(flags.run)
    from frugan import resume

    watcher = training_watcher()
    done = resume(
        folder.path, part=flags.part, data=flags.data, kimg=flags.kimg, trackers=flags.trackers, watcher=watcher
    )
    return show_outcome(done)
