"""Run the trials of a study in local processes, a few at a time; finished ones are never run again, none is lost."""

import time
from collections.abc import Callable, Sequence
from subprocess import Popen

from frugan.studies.folder import Trial
from frugan.studies.trial import STOPPED, read_log, start_trial, trial_state
from frugan.system.errors import UserError

_POLL_SECONDS = 0.2
_MOST_CRASHES = 3  # of one trial: killed for memory, say

OnEnd = Callable[[Trial, int, float], None]  # the trial, its exit code, how long it ran in seconds


def run_locally(
    trials: Sequence[Trial],
    workers: int,
    on_end: OnEnd = lambda trial, code, seconds: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Start what is not finished, `workers` at a time. `on_end` is told of each end.

    A trial whose process dies is started again, and given up after a few times; the others are run all the same.

    Returns:
        True when every trial has finished or failed in training; False when one was given up, or when `should_stop`
        asked to stop: those that ran then have written a checkpoint.

    Raises:
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
                    check_end(trial, code)
                    crashes[trial] = crashes.get(trial, 0) + (code != STOPPED)
                    waiting += [trial] if crashes[trial] < _MOST_CRASHES else []
        return max(crashes.values(), default=0) < _MOST_CRASHES
    finally:
        _stop([process for process, _ in running.values()])


def check_end(trial: Trial, code: int) -> None:
    """
    Raises:
        UserError: it ended because its configuration or data cannot be used.
    """
    if code == UserError.exit_code:
        raise UserError(f"{trial.row}, seed {trial.seed}: {read_log(trial.folder)}")


def _stop(processes: list["Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()
