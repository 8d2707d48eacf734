"""A run as one HTML page that opens from disk."""

from functools import partial
from pathlib import Path

from frugan.model.folder import load
from frugan.reporting.page import write_report
from frugan.requests.watching import SILENT, Watcher
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import open_dataset
from frugan.system.cores import available_cores
from frugan.system.device import use_threads


def report(run: Path | str, *, watcher: Watcher = SILENT) -> Path:
    """Write RUN/report.html anew, of a run that is finished or still training. Returns its path.

    Args:
        run: A run folder.
        watcher: Hears of sections written.

    Raises:
        UserError: no run there, or nothing that it has trained yet.
    """
    folder = RunFolder.open(Path(run))
    use_threads(available_cores())
    told = partial(watcher.on_stage, "sections of the report")
    return write_report(folder, load(folder.path), open_dataset(folder.config()), told)
