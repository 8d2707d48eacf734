"""Compare methods over seeds and settings, with error bars."""

from frugan.requests.study import StudyPlan
from frugan.requests.watching import SILENT, Watcher
from frugan.studies import STUDIES, find_study
from frugan.studies.base import StudyKind, StudyResult


def study(plan: StudyPlan | str, *, watcher: Watcher = SILENT) -> StudyResult:
    """Train every row of a study with several seeds, compare them, and write table, plots and pictures as one page.

    A study that was stopped or killed goes on where it was, and more trials or rows may be added to it: what has
    finished is never run again.

    Args:
        plan: Which study, and what differs from it; a name alone for nothing.
        watcher: Hears of each trial that ends; may ask to stop.

    Raises:
        UserError: no such study, a plan that it cannot follow, or a folder that holds something else.
    """
    asked = StudyPlan(plan) if isinstance(plan, str) else plan
    kind = find_study(asked.name)
    return kind.report(asked) if asked.report_only else kind.conduct(asked, watcher)


def list_studies() -> list[StudyKind]:
    """All that there are."""
    return [find_study(name) for name in STUDIES]
