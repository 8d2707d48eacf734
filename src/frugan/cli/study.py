"""`frugan study`: recipes over seeds and settings, with error bars."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from frugan.cli.flags import Packages, Settings
from frugan.cli.outcome import show_study
from frugan.cli.progress import training_watcher
from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.requests.study import StudyPlan
from frugan.studies import check_study

Space = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        name="grid",
        metavar="PATH=V1,V2",
        help="Train every row with each value. objective.lr, .beta1 and .lambda are short names.",
    ),
]


@dataclass(frozen=True)
class Flags:
    """Train every row of a study with several seeds, compare them, and write table, plots and pictures as one page.

    Without NAME, list the studies. A study that was stopped or killed goes on where it was, and more trials or rows may
    be added to it: finished trials are never run again.

    Args:
        study: Name of the study.
        data: Images in place of the study's own: a folder, a zip or a data set by name.
        out: Folder of the study. Default: studies/NAME (studies/NAME-search for a search).
        trials: Number of seeds for each row.
        workers: Number of trials at the same time. Default: one a core, or one on a GPU.
        rows: Rows to train now, separated by commas. Default: all.
        against: Row that all others are tested against. Default: the first.
        search: Number of combinations of the grid to try with Optuna, instead of all of them (extra: search).
        ray: Address of a Ray cluster to run the trials on; "local" starts one here (extra: ray).
        report_only: Write the results of what has finished in the study's folder, and train nothing.
    """

    study: Annotated[Positional[str], arg(metavar="NAME")] = ""
    data: Annotated[Positional[str], arg(metavar="DATA")] = ""
    out: Path | None = None
    trials: int | None = None
    workers: int = 0
    rows: str = ""
    against: str = ""
    space: Space = ()
    settings: Settings = ()
    search: int = 0
    ray: str = ""
    report_only: bool = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "study", arguments, _study)


def _study(flags: Flags) -> int:
    if not flags.study:
        from frugan.use_cases.study import list_studies

        for kind in list_studies():
            show(f"{kind.name:32} {kind.num_rows:2} rows x {kind.trials:2} trials  {kind.question}")
        return 0
    names = [name for name in StudyPlan.__dataclass_fields__ if name not in ("name", "rows")]
    rows = [row.strip() for row in flags.rows.split(",") if row.strip()]
    plan = StudyPlan(check_study(flags.study), rows=rows, **{name: getattr(flags, name) for name in names})
    from frugan import study

    return show_study(study(plan, watcher=training_watcher()))
