"""What `frugan study` does, once it is known what is wanted."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from frugan.cli.flags import with_source
from frugan.cli.stop import StopRequest
from frugan.config.schema import RunConfig
from frugan.config.yaml import override
from frugan.studies import STUDIES, find_study
from frugan.studies.definition import Study, expand, parse_grid
from frugan.studies.folder import StudyFolder, Trial
from frugan.system.cores import available_cores

_METRIC = "frechet_distance"


def list_studies() -> int:
    """Names, sizes and questions."""
    from frugan.studies.hadamard import INITS, METHODS, QUESTION

    for name, build in STUDIES.items():
        study = build()
        print(f"{name:32} {len(study.rows):2} rows x {study.trials:2} trials  {study.question}")
    print(f"{'nss-hadamard':32} {len(METHODS) * len(INITS):2} rows x  5 trials  {QUESTION}")
    return 0


def define(name: str, data: str, trials: int | None, rows: str, settings: Sequence[str]) -> Study:
    """The study of that name with flags applied."""
    study = find_study(name)
    if rows:
        study = study.only([row.strip() for row in rows.split(",")])
    if data:
        study = study.with_settings(lambda config: with_source(config, data))
    study = study.with_settings(lambda config: override(config, settings))
    return dataclasses.replace(study, trials=trials or study.trials)


def expand_grid(study: Study, grid: Sequence[str]) -> Study:
    """Each row once for every combination of the grid's values."""
    return expand(study, parse_grid(grid))


def conduct(path: Path, study: Study, workers: int, against: str, ray: str) -> int:
    """Run what is left of a study, and write its results."""
    workers = _workers(workers, study)
    _open_data(study)
    folder = StudyFolder.create(path, with_threads(study, workers))
    if against:
        folder.read_study().row(against)
    with folder.locked(), StopRequest() as stop:
        trials = folder.trials([row.name for row in study.rows])
        if ray:
            from frugan.studies.ray_runner import run_on_ray

            done = run_on_ray(trials, ray, _tell, stop)
        else:
            from frugan.studies.runner import run_locally

            done = run_locally(trials, workers, _tell, stop)
    report(path, against)
    if not done:
        print(f"not finished; the same command goes on with it ({path})", file=sys.stderr)
    return 0 if done or stop() else 1


def report(path: Path, against: str) -> int:
    """Table, files and page of whatever has finished in a study's folder."""
    from frugan.studies.page import write_page
    from frugan.studies.results import format_table, read_outcomes, write_results

    folder = StudyFolder.open(path)
    outcomes = read_outcomes(folder.trials())
    write_results(folder, outcomes, against)
    write_page(folder, outcomes, against)
    print(format_table(outcomes, _METRIC, against))
    print(f"report: {folder.report_file}", file=sys.stderr)
    return 0


def search(path: Path, study: Study, grid: Sequence[str], count: int, workers: int) -> int:
    """Look for the best settings of every row within the grid."""
    from frugan.studies.search import search_settings

    workers = _workers(workers, study)
    _open_data(study)
    with StopRequest() as stop:
        found = search_settings(path, with_threads(study, workers), parse_grid(grid), count, workers, _tell, stop)
    if found is None:
        print(f"stopped; the same command goes on with it ({path})", file=sys.stderr)
        return 0
    for row, tried in found.items():
        for result in tried:
            distance = result["frechet_distance"]
            shown = "failed" if distance is None else f"{distance:.1f}"
            print(f"{row:16} {shown:>8}  " + " ".join(f"{key}={value}" for key, value in result["settings"].items()))
    print(f"configurations of the best: {path / 'best'}", file=sys.stderr)
    return 0


def hadamard(path: Path, trials: int | None) -> int:
    """The synthetic experiment of the paper's figures 4 and 5."""
    from frugan.studies.hadamard import conduct as conduct_hadamard

    with StopRequest() as stop:
        page = conduct_hadamard(path, trials or 5, lambda line: print(line, file=sys.stderr, flush=True), stop)
    print(page)
    return 0


def with_threads(study: Study, workers: int) -> Study:
    """Each trial its share of the cores: part of its configuration, because sums depend on it."""
    threads = max(1, available_cores() // workers)
    return study.with_settings(lambda config: dataclasses.replace(config, threads=config.threads or threads))


def _workers(workers: int, study: Study) -> int:
    """A trial a core on the CPU, one at a time on an accelerator, and no more than there are."""
    return min(workers or _default_workers(study.rows[0].config), study.trials * len(study.rows))


def _default_workers(config: RunConfig) -> int:
    from frugan.system.device import choose_device

    return available_cores() if choose_device(config.device).type == "cpu" else 1


def _open_data(study: Study) -> None:
    """Packed once here rather than by every worker at the same time; and a mistyped DATA is told at once."""
    from frugan.runs.prepare import open_dataset

    for config in {str(row.config.data): row.config for row in study.rows}.values():
        open_dataset(config)


def _tell(trial: Trial, code: int, seconds: float) -> None:
    from frugan.studies.results import read_outcomes

    (outcome,) = read_outcomes([trial])
    result = f"FD {outcome.values[_METRIC]:.1f}" if outcome.values else outcome.error or f"ended with code {code}"
    state = "not finished" if outcome.state == "begun" else outcome.state
    print(f"{trial.row}, seed {trial.seed}: {state} in {seconds:.0f} s: {result}", file=sys.stderr, flush=True)
