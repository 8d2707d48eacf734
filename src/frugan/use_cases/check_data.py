"""What is in a data set, as numbers and as a page."""

from functools import partial
from pathlib import Path

from frugan.data import check
from frugan.data.check import DataReport
from frugan.data.overview import look_over
from frugan.data.source import open_source
from frugan.requests.watching import SILENT, Watcher
from frugan.system.atomic import write_file


def check_data(data: str | Path, *, page: Path | None = None, watcher: Watcher = SILENT) -> DataReport:
    """Decode every image of a folder, a zip or a named data set, and report.

    Args:
        data: The images.
        page: Write an HTML page here: sizes, a contact sheet, near duplicates, what fits.
        watcher: Hears of images looked at.

    Raises:
        UserError: there is nothing to check.
        RunError: a file cannot be read.
    """
    report = check.check_data(data, progress=partial(watcher.on_stage, "images"))
    if page is not None:
        from frugan.reporting.data_set import data_page

        told = partial(watcher.on_stage, "small pictures")
        write_file(page, data_page(report, look_over(open_source(data), told)).encode())
    return report
