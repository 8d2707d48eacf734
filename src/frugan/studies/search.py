"""Look for the best settings of each row with Optuna (extra "search"), within the grid that a study is given."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frugan.config.yaml import dump
from frugan.studies.definition import Row, Study, check_grid, grid_of, vary
from frugan.studies.folder import StudyFolder
from frugan.studies.results import read_outcomes
from frugan.studies.runner import OnEnd, run_locally
from frugan.system.atomic import write_file
from frugan.system.errors import UserError

# One combination that was tried: its settings, and the mean Frechet distance, or None where a trial diverged.
Tried = dict[str, Any]


def search_settings(
    path: Path,
    study: Study,
    grid: dict[str, list[str]],
    count: int,
    workers: int,
    on_end: OnEnd,
    should_stop: Callable[[], bool],
) -> dict[str, list[Tried]] | None:
    """Try `count` different combinations for each row (or all, if there are fewer), with `study.trials` seeds each.

    Optuna's sampler proposes by what it has seen; a combination is trained once, and a search that was stopped goes on.
    Writes PATH/search.json and, for each row, PATH/best/ROW.yaml for `frugan train --config`.

    Returns:
        For each row all combinations, best first; None if asked to stop.

    Raises:
        UserError: Optuna is not installed, or there is no grid, or it names a setting that no row has.
    """
    optuna = _import_optuna()
    if not grid:
        raise UserError("--search: say within what, e.g. --grid objective.lr=1e-4,2e-4,5e-4")
    check_grid(study, grid)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found: dict[str, list[Tried]] = {}
    for row in study.rows:
        tried = _search_row(optuna, path, study, row, grid_of(row, grid), count, workers, on_end, should_stop)
        if tried is None:
            return None
        found[row.name] = sorted(tried, key=lambda t: (t["frechet_distance"] is None, t["frechet_distance"] or 0.0))
        best = found[row.name][0]
        if best["frechet_distance"] is not None:
            write_file(path / "best" / f"{row.file_name}.yaml", dump(vary(row, best["settings"]).config).encode())
        write_file(path / "search.json", json.dumps(found, indent=1).encode())
    return found


def _search_row(
    optuna: Any,
    path: Path,
    study: Study,
    row: Row,
    space: dict[str, list[str]],
    count: int,
    workers: int,
    on_end: OnEnd,
    should_stop: Callable[[], bool],
) -> list[Tried] | None:
    search = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, constant_liar=True))
    combinations = len(list(itertools.product(*space.values())))
    tried: dict[str, Tried] = {}
    while len(tried) < min(count, combinations):
        # Ask until enough new combinations are proposed; what was tried before is told again, as the sampler expects.
        batch: dict[str, tuple[Any, dict[str, str]]] = {}
        while len(batch) < min(workers, min(count, combinations) - len(tried)):
            asked = search.ask()
            values = {name: asked.suggest_categorical(name, options) for name, options in space.items()}
            name = vary(row, values).name
            if name in tried:
                _tell(optuna, search, asked, tried[name])
            elif name in batch:
                search.tell(asked, state=optuna.trial.TrialState.FAIL)
            else:
                batch[name] = (asked, values)
        outcomes = _train(
            path, study, [vary(row, values) for _, values in batch.values()], workers, on_end, should_stop
        )
        if outcomes is None:
            return None
        for name, (asked, values) in batch.items():
            tried[name] = {"settings": values, "frechet_distance": outcomes[name]}
            _tell(optuna, search, asked, tried[name])
    return list(tried.values())


def _tell(optuna: Any, search: Any, asked: Any, result: Tried) -> None:
    if result["frechet_distance"] is None:
        search.tell(asked, state=optuna.trial.TrialState.FAIL)
    else:
        search.tell(asked, result["frechet_distance"])


def _train(
    path: Path, study: Study, rows: list[Row], workers: int, on_end: OnEnd, should_stop: Callable[[], bool]
) -> dict[str, float | None] | None:
    """The mean distance of each row by name, None for one of whose trials any failed; None if asked to stop."""
    folder = StudyFolder.create(path, Study(study.name, study.question, tuple(rows), study.trials))
    trials = folder.trials([row.name for row in rows])
    if not run_locally(trials, workers, on_end, should_stop) and should_stop():
        return None
    means: dict[str, float | None] = {}
    outcomes = read_outcomes(trials)
    for row in rows:
        values = [outcome.values.get("frechet_distance") for outcome in outcomes if outcome.row == row.name]
        known = [value for value in values if value is not None]
        means[row.name] = sum(known) / len(known) if len(known) == len(values) else None
    return means


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UserError("--search needs Optuna: pip install 'frugan[search]'") from error
    return optuna
