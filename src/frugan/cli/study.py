"""`frugan study`: recipes over seeds and settings, with error bars."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from frugan.cli.flags import Settings, parse
from frugan.system.errors import UserError

Grid = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        name="grid", metavar="PATH=V1,V2", help="every row once for each value; objective.lr, .beta1, .lambda are short"
    ),
]


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "study", arguments)


def command(
    name: Annotated[Positional[str], arg(metavar="NAME")] = "",
    data: Annotated[Positional[str], arg(metavar="DATA")] = "",
    /,
    out: str = "",
    trials: int | None = None,
    workers: int = 0,
    rows: str = "",
    against: str = "",
    grid: Grid = (),
    settings: Settings = (),
    search: int = 0,
    ray: str = "",
    report_only: bool = False,
) -> int:
    """Train every row of a study with several seeds, compare them, and write table, plots and pictures as one page.

    Without NAME, list the studies. A study that was stopped or killed goes on where it was, and more trials or rows may
    be added to it: finished trials are never run again.

    Args:
        name: which study; nss-hadamard is a study of its own kind and takes --out and --trials only.
        data: a folder, a zip or a data set by name, rather than the study's own.
        out: the study's folder; studies/NAME if left out (studies/NAME-search for a search).
        trials: seeds for each row.
        workers: trials at the same time; as many as there are cores, at most, if 0 (one on a GPU).
        rows: train only these now, separated by commas.
        against: the row that all others are tested against; the first if left out.
        grid: settings to vary.
        settings: change any setting in every row.
        search: try this many combinations of the grid with Optuna rather than all (extra: search).
        ray: address of a Ray cluster to run the trials on; "local" starts one here (extra: ray).
        report_only: write the results of what has finished in the study's folder, and train nothing.
    """
    for flag, value, least in (("--trials", trials, 1), ("--workers", workers, 0), ("--search", search, 0)):
        if value is not None and value < least:
            raise UserError(f"{flag} {value}: at least {least}")
    folder = Path(out or f"studies/{name}" + ("-search" if search else ""))
    definition = {"DATA": data, "--rows": rows, "--grid": grid, "--set": settings, "--ray": ray, "--search": search}
    if name == "nss-hadamard":
        _refuse(definition | {"--workers": workers, "--against": against, "--report-only": report_only}, name)
    elif report_only:
        _refuse(definition | {"--trials": trials, "--workers": workers}, "--report-only")
    elif search:
        _refuse({"--ray": ray, "--against": against}, "--search")
    from frugan.cli import studying

    if not name:
        return studying.list_studies()
    if name == "nss-hadamard":
        return studying.hadamard(folder, trials)
    if report_only:
        return studying.report(folder, against)
    study = studying.define(name, data, trials, rows, settings)
    if search:
        return studying.search(folder, study, grid, search, workers)
    return studying.conduct(folder, studying.expand_grid(study, grid), workers, against, ray)


def _refuse(flags: dict[str, object], beside: str) -> None:
    """A flag that would do nothing is a misunderstanding."""
    for flag, value in flags.items():
        if value:
            raise UserError(f"{flag}: does nothing beside {beside}")
