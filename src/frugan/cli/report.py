"""`frugan report`: a run as one HTML page that opens from disk."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import parse
from frugan.run_folder import RunFolder


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "report", arguments)


def command(run: Annotated[Positional[Path], arg(metavar="RUN")], /) -> int:
    """Write RUN/report.html anew; also of a run that is still training.

    Args:
        run: the run folder.
    """
    folder = RunFolder.open(run)
    from frugan.pipelines.finish import report_folder

    print(report_folder(folder))
    return 0
