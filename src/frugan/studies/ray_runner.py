"""Run the trials of a study on a Ray cluster (extra "ray") whose machines share the study's folder."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from frugan.errors import UserError
from frugan.studies.folder import Trial
from frugan.studies.trial import start_trial, trial_state


def run_on_ray(trials: Sequence[Trial], address: str, on_end: Callable[[Trial, int, float], None]) -> bool:
    """Start what is not finished, as many at a time as the cluster has room for. True when all have ended.

    Each trial takes the CPUs of its configuration's threads, and a GPU where it trains on one. A trial whose worker or
    machine is lost is started again elsewhere and goes on from its last checkpoint.

    Raises:
        UserError: Ray is not installed, or there is no cluster at that address.
    """
    ray = _import_ray()
    try:
        ray.init(address=None if address == "local" else address, log_to_driver=False, ignore_reinit_error=True)
    except (ConnectionError, ValueError) as error:
        raise UserError(f"--ray {address}: no cluster can be reached there ({error})") from error
    waiting = {}
    for trial in trials:
        if trial_state(trial.folder) in ("new", "begun"):
            resources = _resources(trial)
            remote = ray.remote(max_retries=3, retry_exceptions=False, **resources)(_run)
            waiting[remote.remote(trial)] = trial
    while waiting:
        done, _ = ray.wait(list(waiting), num_returns=1)
        trial = waiting.pop(done[0])
        try:
            code, seconds = ray.get(done[0])
        except ray.exceptions.RayError:
            code, seconds = 1, 0.0  # lost for good, after its retries; the next call of the same study begins it again
        on_end(trial, code, seconds)
    return all(trial_state(trial.folder) in ("finished", "failed") for trial in trials)


def _run(trial: Trial) -> tuple[int, float]:
    """In a worker of the cluster: the trial in a process of its own, that dies with the worker."""
    began = time.monotonic()
    code = start_trial(trial.config_file, trial.folder).wait()
    return code, time.monotonic() - began


def _resources(trial: Trial) -> dict[str, float]:
    from frugan.settings import parse

    config = parse(trial.config_file.read_text(), str(trial.config_file))
    return {"num_cpus": max(1, config.threads), "num_gpus": 1 if config.device.startswith("cuda") else 0}


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise UserError("--ray needs Ray: pip install 'frugan[ray]'") from error
    return ray
