"""A study whose rows are recipes: each is trained with several seeds, evaluated, and compared with the others."""

import dataclasses
from collections.abc import Callable

from frugan.config.schema import RunConfig
from frugan.config.yaml import override
from frugan.data.source import with_source
from frugan.metrics.table import MAIN
from frugan.requests.study import StudyPlan
from frugan.requests.watching import Watcher
from frugan.runs.prepare import open_dataset
from frugan.studies.base import StudyKind, StudyResult
from frugan.studies.blind import write_blind_sheet
from frugan.studies.definition import Study, expand, parse_space
from frugan.studies.folder import StudyFolder, Trial
from frugan.studies.page import write_page
from frugan.studies.ray_runner import run_on_ray
from frugan.studies.results import format_table, read_outcomes, write_results
from frugan.studies.runner import OnEnd, run_locally
from frugan.studies.search import search_settings
from frugan.system.cores import available_cores
from frugan.system.device import choose_device


class RecipeStudy(StudyKind):
    """Conducts a `Study`."""

    def __init__(self, study: Study) -> None:
        self.study, self.name, self.question = study, study.name, study.question
        self.num_rows, self.trials = len(study.rows), study.trials

    def conduct(self, plan: StudyPlan, watcher: Watcher) -> StudyResult:
        study = _as_planned(self.study, plan)
        on_end = _teller(watcher)
        if plan.search:
            return _search(study, plan, watcher, on_end)
        study = expand(study, parse_space(plan.space))
        workers = _workers(plan, study)
        _open_data(study)
        folder = StudyFolder.create(plan.folder, with_threads(study, workers))
        if plan.against:
            folder.read_study().row(plan.against)
        with folder.locked(), watcher.interruptible() as should_stop:
            trials = folder.trials([row.name for row in study.rows])
            if plan.ray:
                done = run_on_ray(trials, plan.ray, on_end, should_stop)
            else:
                done = run_locally(trials, workers, on_end, should_stop)
            stopped = should_stop()
        return dataclasses.replace(self.report(plan), finished=done, stopped=stopped)

    def report(self, plan: StudyPlan) -> StudyResult:
        folder = StudyFolder.open(plan.folder)
        outcomes = read_outcomes(folder.trials())
        write_results(folder, outcomes, plan.against)
        write_page(folder, outcomes, plan.against)
        write_blind_sheet(folder, outcomes)
        text = format_table(outcomes, MAIN, plan.against)
        return StudyResult(plan.folder, finished=True, report=folder.report_file, text=text)


def with_threads(study: Study, workers: int) -> Study:
    """Each trial its share of the cores: part of its configuration, because sums depend on it."""
    threads = max(1, available_cores() // workers)
    return study.with_settings(lambda config: dataclasses.replace(config, threads=config.threads or threads))


def _as_planned(study: Study, plan: StudyPlan) -> Study:
    """The study with its rows, images, settings and trials as asked for."""
    if plan.rows:
        study = study.only(plan.rows)
    changes: list[Callable[[RunConfig], RunConfig]] = [lambda config: override(config, plan.settings)]
    if plan.data:
        changes.insert(0, lambda config: with_source(config, plan.data))
    for change in changes:
        study = study.with_settings(change)
    return dataclasses.replace(study, trials=plan.trials or study.trials)


def _search(study: Study, plan: StudyPlan, watcher: Watcher, on_end: OnEnd) -> StudyResult:
    """Look for the best settings of every row within the space."""
    space, workers = parse_space(plan.space), _workers(plan, study)
    _open_data(study)
    with watcher.interruptible() as should_stop:
        planned = with_threads(study, workers)
        found = search_settings(plan.folder, planned, space, plan.search, workers, on_end, should_stop)
    return StudyResult(plan.folder, finished=found is not None, stopped=found is None, tried=found or {})


def _workers(plan: StudyPlan, study: Study) -> int:
    """A trial a core on the CPU, one at a time on an accelerator, and no more than there are."""
    config = study.rows[0].config
    default = available_cores() if choose_device(config.device).type == "cpu" else 1
    return min(plan.workers or default, study.trials * len(study.rows))


def _open_data(study: Study) -> None:
    """Packed once here rather than by every worker at the same time; and a mistyped name is told at once."""
    for config in {str(row.config.data): row.config for row in study.rows}.values():
        open_dataset(config)


def _teller(watcher: Watcher) -> OnEnd:
    def tell(trial: Trial, code: int, seconds: float) -> None:
        (outcome,) = read_outcomes([trial])
        value = outcome.values.get(MAIN)
        result = f"FD {value:.1f}" if value is not None else outcome.error or f"ended with code {code}"
        state = "not finished" if outcome.state == "begun" else outcome.state
        watcher.say(f"{trial.row}, seed {trial.seed}: {state} in {seconds:.0f} s: {result}")

    return tell
