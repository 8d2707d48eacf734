"""Look for the best settings of each row with Optuna (extra "search"), within the grid that a study is given."""

import itertools
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from frugan.config.yaml import dump
from frugan.studies.base import Tried
from frugan.studies.definition import Row, Space, Study, check_space, space_of, vary
from frugan.studies.folder import StudyFolder
from frugan.studies.results import read_outcomes
from frugan.studies.runner import OnEnd, run_locally
from frugan.system.atomic import write_file
from frugan.system.errors import ArgumentError


def search_settings(
    path: Path,
    study: Study,
    space: Space,
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
        ArgumentError: Optuna is not installed, or there is no space, or it names a setting that no row has.
    """
    optuna = _import_optuna()
    if not space:
        raise ArgumentError("search", "a search needs values to try, for example `space` objective.lr=1e-4,2e-4,5e-4")
    check_space(study, space)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found: dict[str, list[Tried]] = {}
    for row in study.rows:
        tried = _search_row(optuna, path, study, row, space_of(row, space), count, workers, on_end, should_stop)
        if tried is None:
            return None
        found[row.name] = sorted(tried, key=lambda t: (t.frechet_distance is None, t.frechet_distance or 0.0))
        best = found[row.name][0]
        if best.frechet_distance is not None:
            write_file(path / "best" / f"{row.file_name}.yaml", dump(vary(row, dict(best.settings)).config).encode())
        write_file(
            path / "search.json",
            json.dumps({name: [asdict(each) for each in tried] for name, tried in found.items()}, indent=1).encode(),
        )
    return found


def _search_row(
    optuna: Any,
    path: Path,
    study: Study,
    row: Row,
    space: Space,
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
            if should_stop():
                return None
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
            tried[name] = Tried(values, outcomes[name])
            _tell(optuna, search, asked, tried[name])
    return list(tried.values())


def _tell(optuna: Any, search: Any, asked: Any, result: Tried) -> None:
    if result.frechet_distance is None:
        search.tell(asked, state=optuna.trial.TrialState.FAIL)
    else:
        search.tell(asked, result.frechet_distance)


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
        raise ArgumentError("search", "needs one more package: pip install 'frugan[search]'") from error
    return optuna
