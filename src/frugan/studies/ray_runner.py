"""Run the trials of a study on a Ray cluster (extra "ray") whose machines share the study's folder."""

from collections.abc import Callable, Sequence
from typing import Any

from frugan.config.yaml import parse
from frugan.studies.folder import Trial
from frugan.studies.runner import OnEnd
from frugan.studies.trial import check_end, log_file, trial_state
from frugan.system.bounds import CONFIGURATION
from frugan.system.errors import ArgumentError, RunError
from frugan.system.foreign_files import read_text
from frugan.system.packages import allow_package, allowed_packages
from frugan.system.worker import Worker

_POLL_SECONDS = 1.0


def run_on_ray(
    trials: Sequence[Trial], address: str, on_end: OnEnd, should_stop: Callable[[], bool] = lambda: False
) -> bool:
    """Start what is not finished, as many at a time as the cluster has room for. True when all have ended.

    Each trial takes the CPUs of its configuration's threads, and a GPU unless it asks for the CPU and the cluster has
    any. A trial whose worker or machine is lost is started again elsewhere and goes on from its last checkpoint.

    Raises:
        UserError: Ray is not installed, there is no cluster at that address, or a trial cannot begin.
        RunError: no machine of the cluster is large enough for a trial.
    """
    ray = _import_ray()
    try:
        ray.init(address=address, log_to_driver=False, ignore_reinit_error=True)
    except (ConnectionError, ValueError) as error:
        raise ArgumentError("ray", f"no cluster can be reached there ({error})", address) from error
    waiting = {}
    for trial in trials:
        if trial_state(trial.folder) in ("new", "begun"):
            needed = _resources(trial, ray.cluster_resources())
            _check_room(ray, needed)
            waiting[
                ray.remote(max_retries=3, retry_exceptions=False, **needed)(_run).remote(trial, allowed_packages())
            ] = trial
    while waiting:
        if should_stop():
            for task in waiting:
                ray.cancel(task, force=True)  # its trial then stops by itself, with a checkpoint
            return False
        done, _ = ray.wait(list(waiting), num_returns=1, timeout=_POLL_SECONDS)
        for task in done:
            trial = waiting.pop(task)
            try:
                code, seconds = ray.get(task)
            except ray.exceptions.RayError:
                code, seconds = 1, 0.0  # lost after its retries; the next call of the same study goes on with it
            on_end(trial, code, seconds)
            check_end(trial, code)
    return all(trial_state(trial.folder) in ("finished", "failed") for trial in trials)


def _run(trial: Trial, packages: tuple[str, ...]) -> tuple[int, float]:
    """In a worker of the cluster: the trial in a process of its own, that stops when the worker dies."""
    for package in packages:
        allow_package(package)
    arguments = [str(trial.config_file), str(trial.folder)]
    worker = Worker("frugan.studies.trial:work", arguments, log_file(trial.folder))
    worker.wait()
    return worker.exit_code() or 0, worker.seconds()


def _resources(trial: Trial, cluster: dict[str, float]) -> dict[str, float]:
    config = parse(read_text(trial.config_file, CONFIGURATION), str(trial.config_file))
    on_gpu = config.device != "cpu" and cluster.get("GPU", 0) >= 1
    return {"num_cpus": max(1, config.threads), "num_gpus": 1 if on_gpu else 0}


def _check_room(ray: Any, needed: dict[str, float]) -> None:
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(n.get("CPU", 0) >= needed["num_cpus"] and n.get("GPU", 0) >= needed["num_gpus"] for n in nodes):
        raise RunError(f"a trial needs {needed}, which no machine of the cluster has. Set fewer threads (threads=1).")


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ArgumentError("ray", "needs one more package: pip install 'frugan[ray]'") from error
    return ray
