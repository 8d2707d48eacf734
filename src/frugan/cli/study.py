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
    """Train every row of a study with several seeds, compare them, and write tables, plots and pictures as one page.

    Without NAME, list the studies. The same command resumes a study. Finished trials are never repeated, and trials
    or rows can be added.

    Args:
        study: Name of the study.
        data: Images: a folder, a zip or the name of a data set. Default: the study's data set.
        out: Folder of the study. Default: studies/NAME (studies/NAME-search for a search).
        trials: Number of seeds per row. Default: the study's.
        workers: Number of parallel trials. Default: one per core, or one on a GPU.
        rows: Rows to train, separated by commas. Default: all.
        against: Reference row of the significance tests. Default: the first row.
        search: Number of combinations of --grid for Optuna to try (pip install 'frugan[search]'). Default: all.
        ray: Address of a Ray cluster for the trials (pip install 'frugan[ray]'). "local" starts one on this machine.
        report_only: Do not train. Write the results of the finished trials.
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
