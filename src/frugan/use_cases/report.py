"""A run as one HTML page that opens from disk."""

from pathlib import Path

from frugan.model.folder import load
from frugan.reporting.page import write_report
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import open_dataset
from frugan.system.cores import available_cores
from frugan.system.device import use_threads


def report(run: Path | str) -> Path:
    """Write RUN/report.html anew, of a run that is finished or still training. Returns its path.

    Raises:
        UserError: no run there, or nothing that it has trained yet.
    """
    folder = RunFolder.open(Path(run))
    use_threads(available_cores())
    return write_report(folder, load(folder.path), open_dataset(folder.config()))
