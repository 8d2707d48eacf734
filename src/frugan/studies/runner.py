"""Run the trials of a study in local processes, a few at a time; finished ones are never run again, none is lost."""

from collections.abc import Callable, Sequence

from frugan.requests.watching import never
from frugan.studies.folder import Trial
from frugan.studies.trial import check_end, log_file, trial_state
from frugan.system.worker import Job, Worker, run_jobs

OnEnd = Callable[[Trial, int, float], None]  # the trial, its exit code, how long it ran in seconds


def run_locally(
    trials: Sequence[Trial],
    workers: int,
    on_end: OnEnd = lambda trial, code, seconds: None,
    should_stop: Callable[[], bool] = never,
) -> bool:
    """Start what is not finished, `workers` at a time. `on_end` is told of each end.

    A trial whose process dies is started again, and given up after a few times; the others are run all the same.

    Returns:
        True when every trial has finished or failed in training; False when one was given up, or when `should_stop`
        asked to stop: those that ran then have written a checkpoint.

    Raises:
        UserError: a trial's configuration or data cannot be used.
    """
    by_name = {str(trial.folder): trial for trial in trials}

    def told(job: Job, worker: Worker) -> None:
        trial, code = by_name[job.name], worker.exit_code()
        assert code is not None
        on_end(trial, code, worker.seconds())
        if not job.done():
            check_end(trial, code)

    return run_jobs([_job(trial) for trial in trials], workers, told, should_stop)


def _job(trial: Trial) -> Job:
    arguments = (str(trial.config_file), str(trial.folder))
    log = log_file(trial.folder)
    return Job(
        str(trial.folder),
        "frugan.studies.trial:work",
        arguments,
        log,
        lambda: trial_state(trial.folder) in ("finished", "failed"),
    )
