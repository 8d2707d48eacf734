"""The Hadamard experiment as a study: every method from both initialisations, with several seeds."""

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from frugan.config.records import parse_record, plain, read_json
from frugan.requests.study import StudyPlan
from frugan.requests.watching import Watcher
from frugan.studies.base import StudyKind, StudyResult
from frugan.studies.hadamard import INITS, METHODS, STEPS_OF_BLUR, HadamardTrial, Training, train_one
from frugan.studies.hadamard_page import write_hadamard_page
from frugan.system.atomic import holds_something, write_file
from frugan.system.cores import available_cores
from frugan.system.errors import ArgumentError, RunError, did_you_mean
from frugan.system.worker import STOPPED, Job, Worker, run_jobs


class HadamardStudy(StudyKind):
    """Section 4.2 of the NSS paper, figures 4 and 5. Its settings are those of `Training`; its rows are the methods."""

    name = "nss-hadamard"
    question = "Does blur shrink the high frequencies of what is generated?"
    num_rows = len(METHODS) * len(INITS)
    trials = 5

    def conduct(self, plan: StudyPlan, watcher: Watcher) -> StudyResult:
        plan.refuse(("data", "space", "ray", "search", "against"), self.name)
        training, methods = _training(plan.settings), _methods(plan.rows)
        folder = plan.folder
        _claim(folder, training)
        wanted = itertools.product(methods, INITS, range(plan.trials or self.trials))
        jobs = [_job(folder, method, init, seed, training) for method, init, seed in wanted]

        def on_end(job: Job, worker: Worker) -> None:
            watcher.say(f"{job.name}: {'done' if job.done() else 'not finished'} in {worker.seconds():.0f} s")
            if not job.done() and worker.exit_code() != STOPPED:
                raise RunError(f"{job.name}: failed ({worker.log}):\n{worker.last_words()}")

        with watcher.interruptible() as should_stop:
            done = run_jobs(jobs, plan.workers or available_cores(), on_end, should_stop)
            stopped = should_stop()
        return _written(folder, finished=done, stopped=stopped)

    def report(self, plan: StudyPlan) -> StudyResult:
        if not (plan.folder / "hadamard.json").is_file():
            raise ArgumentError("out", "there is no such study", plan.folder)
        return _written(plan.folder, finished=True, stopped=False)


def run_trial(method: str, init: str, seed: str, training: str, file: str, *, should_stop: object) -> int:
    """One trial in a process of its own: what a `Worker` calls. By default it takes a minute, and is not stopped."""
    result = train_one(method, init, int(seed), Training(**json.loads(training)))
    write_file(Path(file), json.dumps(plain(result)).encode())
    return 0


def _training(settings: Sequence[str]) -> Training:
    """
    Raises:
        ArgumentError: not NAME=VALUE of `Training`.
    """
    known: dict[str, type[int] | type[float]] = {name: type(value) for name, value in plain(Training()).items()}
    values: dict[str, Any] = {}
    for text in settings:
        name, _, value = text.partition("=")
        if name not in known:
            raise ArgumentError("settings", f"this study has {', '.join(known)}{did_you_mean(name, known)}", text)
        try:
            values[name] = known[name](value)
        except ValueError as error:
            raise ArgumentError("settings", f"expected a number of type {known[name].__name__}", text) from error
    return Training(**values)


def _methods(rows: Sequence[str]) -> Sequence[str]:
    for row in rows:
        if row not in METHODS:
            raise ArgumentError("rows", f"this study has {', '.join(METHODS)}", row)
    return rows or METHODS


def _job(folder: Path, method: str, init: str, seed: int, training: Training) -> Job:
    file = folder / "trials" / f"{method}-{init}-{seed}.json"
    return Job(
        name=f"{method} from a {init} initialisation, seed {seed}",
        entry="frugan.studies.hadamard_study:run_trial",
        arguments=(method, init, str(seed), json.dumps(plain(training)), str(file)),
        log=folder / "trials" / f"{method}-{init}-{seed}.log",
        done=file.exists,
    )


def _written(folder: Path, *, finished: bool, stopped: bool) -> StudyResult:
    definition = read_json(folder / "hadamard.json")
    page = write_hadamard_page(folder, list(_results(folder)), parse_record(Training, definition, str(folder)))
    return StudyResult(folder, finished, stopped, page, text=str(page))


def _results(folder: Path) -> Iterable[HadamardTrial]:
    for file in sorted((folder / "trials").glob("*.json")):
        data = read_json(file)
        if data is not None:
            yield parse_record(HadamardTrial, data, str(file))


def _claim(folder: Path, training: Training) -> None:
    definition = {"study": "nss-hadamard", "t": STEPS_OF_BLUR, **plain(training)}
    file = folder / "hadamard.json"
    if not file.exists():
        if holds_something(folder):
            raise ArgumentError("out", "already exists and is not this study; choose another", folder)
        write_file(file, json.dumps(definition).encode())
    if read_json(file) != definition:
        raise ArgumentError("out", f"made with other settings ({file}); choose another", folder)
