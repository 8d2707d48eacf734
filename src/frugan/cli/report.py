"""`frugan report`: a run as one HTML page that opens from disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Packages
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.runs.folder import RunFolder


@dataclass(frozen=True)
class Flags:
    """Write RUN/report.html again. This also works while the run is training.

    Args:
        run: Run folder.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "report", arguments, _report)


def _report(flags: Flags) -> int:
    folder = RunFolder.open(flags.run)
    from frugan import report

    show(str(report(folder.path, watcher=SHOWN)))
    return 0
