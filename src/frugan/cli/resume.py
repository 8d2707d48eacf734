"""`frugan resume`: go on with a run that was stopped or killed, exactly where its last checkpoint was."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Part, parse
from frugan.runs.folder import RunFolder


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "resume", arguments)


def command(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    /,
    part: Part = "all",
    background: int = 0,
) -> int:
    """Go on with a run. On the same hardware the result is bit for bit that of a run that was never interrupted.

    Args:
        run: the run folder.
        part: train only the sampler or only the decoder.
        background: number of the process that started this one: no progress is shown, and training stops when that
            process is gone. `frugan train` trains the decoder so.
    """
    folder = RunFolder.open(run)
    from frugan.cli import training

    return training.go_on(folder, part, parent=background)
