"""`frugan report`: a run as one HTML page that opens from disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import parse
from frugan.runs.folder import RunFolder


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "report", arguments)


def command(run: Annotated[Positional[Path], arg(metavar="RUN")], /) -> int:
    """Write RUN/report.html anew; also of a run that is still training.

    Args:
        run: the run folder.
    """
    print(write(RunFolder.open(run)))
    return 0


def write(run: RunFolder) -> Path:
    """Write the report of a run, finished or not. Returns its path."""
    from frugan.model.folder import load
    from frugan.reporting.page import write_report
    from frugan.runs.prepare import open_dataset
    from frugan.system.cores import available_cores
    from frugan.system.device import use_threads

    use_threads(available_cores())
    return write_report(run, load(run.path), open_dataset(run.config()))
