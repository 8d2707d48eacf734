"""Run the trials of a study in local processes, a few at a time; finished ones are never run again, none is lost."""

import time
from collections.abc import Callable, Sequence
from subprocess import Popen

from frugan.errors import RunError, UserError
from frugan.studies.folder import Trial
from frugan.studies.trial import STOPPED, read_log, start_trial, trial_state

_POLL_SECONDS = 0.2
_MOST_CRASHES = 2  # of one trial: killed for memory, say; a failure of its training is not repeated at all


def run_locally(
    trials: Sequence[Trial],
    workers: int,
    on_end: Callable[[Trial, int, float], None] = lambda trial, code, seconds: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Start what is not finished, `workers` at a time. `on_end(trial, exit code, seconds)` is told of each end.

    Returns:
        True when every trial has finished or failed, False when `should_stop` asked to stop; those that ran then have
        written a checkpoint.

    Raises:
        RunError: a trial's process was killed again and again.
        UserError: a trial's configuration or data cannot be used.
    """
    waiting = [trial for trial in trials if trial_state(trial.folder) in ("new", "begun")]
    running: dict[Trial, tuple[Popen[bytes], float]] = {}
    crashes: dict[Trial, int] = {}
    try:
        while waiting or running:
            if should_stop():
                return False
            while waiting and len(running) < workers:
                trial = waiting.pop(0)
                running[trial] = (start_trial(trial.config_file, trial.folder), time.monotonic())
            time.sleep(_POLL_SECONDS)
            for trial, (process, began) in list(running.items()):
                code = process.poll()
                if code is None:
                    continue
                del running[trial]
                on_end(trial, code, time.monotonic() - began)
                if trial_state(trial.folder) in ("new", "begun"):
                    crashes[trial] = crashes.get(trial, 0) + 1
                    _check_end(trial, code, crashes[trial])
                    waiting.insert(0, trial)
        return True
    finally:
        _stop([process for process, _ in running.values()])


def _check_end(trial: Trial, code: int, crashes: int) -> None:
    said = read_log(trial.folder)
    if code == UserError.exit_code:
        raise UserError(f"{trial.row}, seed {trial.seed}: {said}")
    if code not in (STOPPED, 0) and crashes > _MOST_CRASHES:
        raise RunError(f"{trial.folder}: ended {crashes} times with code {code}:\n{said}")


def _stop(processes: list["Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()
