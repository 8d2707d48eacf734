"""What `frugan study` does, once it is known what is wanted."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from frugan.cli.stop import StopRequest
from frugan.config import RunConfig
from frugan.cores import available_cores
from frugan.data.source import NAMES
from frugan.settings import override
from frugan.studies import STUDIES, find_study
from frugan.studies.definition import Study, expand, parse_grid
from frugan.studies.folder import StudyFolder, Trial


def list_studies() -> int:
    """Names, sizes and questions."""
    for name, build in STUDIES.items():
        study = build()
        print(f"{name:32} {len(study.rows):2} rows x {study.trials:2} trials  {study.question}")
    print(f"{'nss-hadamard':32} {4:2} methods x  5 trials  Does blur shrink the high frequencies of what is generated?")
    return 0


def define(
    name: str,
    data: str,
    trials: int | None,
    rows: str,
    grid: Sequence[str],
    settings: Sequence[str],
    *,
    search: bool,
) -> Study:
    """The study of that name with flags applied; for a search the grid is left for later."""
    study = find_study(name)
    if rows:
        study = study.only([row.strip() for row in rows.split(",")])
    if data:
        source = str(Path(data).resolve()) if Path(data).exists() and data not in NAMES else data
        study = study.with_settings(lambda config: _with_source(config, source))
    study = study.with_settings(lambda config: override(config, settings))
    if not search:
        study = expand(study, parse_grid(grid))
    return dataclasses.replace(study, trials=trials or study.trials)


def conduct(folder: Path, study: Study, workers: int, against: str, ray: str, *, report_only: bool) -> int:
    """Run what is left of a study, and write its results."""
    from frugan.studies.page import write_page
    from frugan.studies.results import format_table, read_outcomes, write_results

    workers = workers or default_workers(study.rows[0].config)
    kept = StudyFolder.create(folder, with_threads(study, workers))
    trials = kept.trials()
    done = True
    if not report_only:
        done = _run(trials, study.rows[0].config, workers, ray)
    outcomes = read_outcomes(trials)
    write_results(kept, outcomes, against)
    write_page(kept, outcomes, against)
    print(format_table(outcomes, "frechet_distance", against))
    print(f"report: {kept.report_file}", file=sys.stderr)
    if not done:
        print(f"stopped; the same command goes on with it ({folder})", file=sys.stderr)
    return 1 if any(outcome.state == "failed" for outcome in outcomes) else 0


def search(folder: Path, study: Study, grid: Sequence[str], count: int, workers: int) -> int:
    """Look for the best settings of every row within the grid."""
    from frugan.studies.search import search_settings

    workers = workers or default_workers(study.rows[0].config)
    with StopRequest() as stop:
        search_settings(folder, with_threads(study, workers), parse_grid(grid), count, workers, _tell, stop)
    return 0


def hadamard(folder: Path, trials: int | None) -> int:
    """The synthetic experiment of the paper's figures 4 and 5."""
    from frugan.studies.hadamard import conduct as conduct_hadamard

    with StopRequest() as stop:
        report = conduct_hadamard(folder, trials or 5, lambda line: print(line, file=sys.stderr, flush=True), stop)
    print(report)
    return 0


def default_workers(config: RunConfig) -> int:
    """A trial a core on the CPU, one at a time on an accelerator."""
    from frugan.device import choose_device

    return available_cores() if choose_device(config.device).type == "cpu" else 1


def with_threads(study: Study, workers: int) -> Study:
    """Each trial its share of the cores: part of its configuration, because sums depend on it."""
    threads = max(1, available_cores() // workers)
    return study.with_settings(lambda config: dataclasses.replace(config, threads=config.threads or threads))


def _run(trials: Sequence[Trial], config: RunConfig, workers: int, ray: str) -> bool:
    from frugan.pipelines.prepare import open_dataset

    open_dataset(config)  # packed once here rather than by every worker at the same time
    if ray:
        from frugan.studies.ray_runner import run_on_ray

        return run_on_ray(trials, ray, _tell)
    from frugan.studies.runner import run_locally

    with StopRequest() as stop:
        return run_locally(trials, workers, _tell, stop)


def _tell(trial: Trial, code: int, seconds: float) -> None:
    from frugan.studies.results import read_outcomes

    (outcome,) = read_outcomes([trial])
    result = f"FD {outcome.values['frechet_distance']:.1f}" if outcome.values else outcome.error or f"exit code {code}"
    print(f"{trial.row}, seed {trial.seed}: {outcome.state} in {seconds:.0f} s: {result}", file=sys.stderr, flush=True)


def _with_source(config: RunConfig, source: str) -> RunConfig:
    return dataclasses.replace(config, data=dataclasses.replace(config.data, source=source))
