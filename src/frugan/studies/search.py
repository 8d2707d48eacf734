"""Look for the best settings of each row with Optuna (extra "search"), within the grid that a study is given."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frugan.atomic import write_file
from frugan.errors import UserError
from frugan.settings import dump
from frugan.studies.definition import Row, Study, has_setting, with_values
from frugan.studies.folder import StudyFolder, Trial
from frugan.studies.results import Outcome, read_outcomes
from frugan.studies.runner import run_locally


def search_settings(
    path: Path,
    study: Study,
    grid: dict[str, list[str]],
    count: int,
    workers: int,
    on_end: Callable[[Trial, int, float], None],
    should_stop: Callable[[], bool],
) -> None:
    """Try `count` combinations for each row, each an ordinary study's row with `study.trials` seeds.

    Optuna's sampler proposes by what it has seen; a combination that was tried is not trained again, and a search that
    was stopped goes on. Writes PATH/search.json: for each row all combinations, best first, by mean Frechet distance;
    and PATH/best/ROW.yaml, configurations for `frugan train --config`.

    Raises:
        UserError: Optuna is not installed, or there is no grid.
    """
    optuna = _import_optuna()
    if not grid:
        raise UserError("--search: say within what, e.g. --grid objective.lr=1e-4,2e-4,5e-4")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in study.rows:
        space = {name: values for name, values in grid.items() if has_setting(row.config, name)}
        search = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, constant_liar=True))
        tried: dict[str, dict[str, Any]] = {}
        while len(search.trials) < count:
            asked = [search.ask() for _ in range(min(workers, count - len(search.trials)))]
            chosen = [
                {name: trial.suggest_categorical(name, values) for name, values in space.items()} for trial in asked
            ]
            outcomes = _train(path, study, row, chosen, workers, on_end, should_stop)
            if outcomes is None:
                return
            for trial, values in zip(asked, chosen, strict=True):
                mean = _mean(outcomes[_name(row, values)])
                search.tell(
                    trial,
                    mean if mean is not None else None,
                    state=None if mean is not None else optuna.trial.TrialState.FAIL,
                )
                tried[_name(row, values)] = {"settings": values, "frechet_distance": mean}
        found[row.name] = sorted(
            tried.values(), key=lambda entry: (entry["frechet_distance"] is None, entry["frechet_distance"])
        )
        best = with_values(row.config, found[row.name][0]["settings"])
        write_file(path / "best" / f"{row.name}.yaml", dump(best).encode())
        write_file(path / "search.json", json.dumps(found, indent=1).encode())


def _train(
    path: Path,
    study: Study,
    row: Row,
    chosen: list[dict[str, str]],
    workers: int,
    on_end: Callable[[Trial, int, float], None],
    should_stop: Callable[[], bool],
) -> dict[str, list[Outcome]] | None:
    """Outcomes of the trials of each combination, by name; None if asked to stop."""
    rows = {_name(row, values): Row(_name(row, values), with_values(row.config, values)) for values in chosen}
    folder = StudyFolder.create(path, Study(study.name, study.question, tuple(rows.values()), study.trials))
    trials = [trial for trial in folder.trials() if trial.row in rows]
    if not run_locally(trials, workers, on_end, should_stop):
        return None
    outcomes = read_outcomes(trials)
    return {name: [outcome for outcome in outcomes if outcome.row == name] for name in rows}


def _mean(outcomes: list[Outcome]) -> float | None:
    """None if any trial failed: settings that only sometimes train are no good."""
    values = [outcome.values.get("frechet_distance") for outcome in outcomes]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None


def _name(row: Row, values: dict[str, str]) -> str:
    return " ".join([row.name, *(f"{path.rpartition('.')[2]}={value}" for path, value in values.items())])


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise UserError("--search needs Optuna: pip install 'frugan[search]'") from error
    return optuna
