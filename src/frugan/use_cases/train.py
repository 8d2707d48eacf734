"""Train a generator of images: from a plan to a trained, evaluated and reported run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frugan.config.schema import PartName, RunConfig
from frugan.requests.watching import SILENT, Watcher
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import Prepared, create_run, prepare
from frugan.runs.probe import Estimate, fit_to_minutes, probe_parts
from frugan.runs.trackers import TrackerName, check_trackers
from frugan.runs.transfer import trained_weights
from frugan.system.errors import ArgumentError
from frugan.use_cases.conduct import Trained, begin, refuse_sampler_of_autoencoder
from frugan.use_cases.plan import Plan


def train(
    plan: Plan | RunConfig,
    out: Path | str | None = None,
    *,
    replace: bool = False,
    trackers: Sequence[TrackerName] = (),
    watcher: Watcher = SILENT,
) -> Trained:
    """Train a sampler of small codes and a decoder that brings them to full size, then evaluate and report.

    Under torchrun, all its processes train one run; a job that torchrun began anew goes on with the run that it made.

    Args:
        plan: What to train; a complete configuration is taken as it is.
        out: The run folder; runs/DATA-RECIPE if left out. It must be empty or new.
        replace: Delete an earlier run in that folder.
        trackers: Programs that follow the logs, too: "tensorboard", "trackio", "wandb".
        watcher: Hears of progress; may ask to stop, which writes a checkpoint.

    Raises:
        UserError: a setting that cannot work, data that cannot be used, or a folder that holds something.
        RunError: training failed; `resume` goes on from the newest checkpoint.
    """
    check_trackers(trackers)  # now, not after the run was made
    request, config = _read(plan)
    path = Path(out) if out else Path(f"runs/{Path(config.data.source).stem}-{config.recipe}")
    start = None if request.start is None else Path(request.start)
    if start is not None and path.resolve() == start.resolve():
        raise ArgumentError("out", "would overwrite the run that `start` names; choose another", path)

    def create() -> None:
        RunFolder.check_free(path, replace=replace)  # now, not after the trial that fits the schedules
        initial = None if start is None else trained_weights(start)
        ready = _ready(request, config, watcher)
        create_run(ready, path, replace=replace, initial=initial)

    return begin(path, config, request.part, create, watcher, trackers)


@dataclass(frozen=True)
class Estimates:
    """What a training would be.

    Attributes:
        config: with everything resolved that depends on data and machine.
        device: where it would train.
        parts: by the part's name, what a short trial of it predicts.
    """

    config: RunConfig
    device: str
    parts: dict[PartName, Estimate]


def estimate(plan: Plan | RunConfig, *, watcher: Watcher = SILENT) -> Estimates:
    """Resolve a plan, and train throw-away copies of its parts for a moment. Only the packed images stay on disk.

    Raises:
        UserError: as `train`.
    """
    request, config = _read(plan)
    refuse_sampler_of_autoencoder(config, request.part)
    ready = _ready(request, config, watcher)
    watcher.say("measuring speed and memory with a few steps ...")
    parts = probe_parts(ready, _only(request))
    return Estimates(ready.config, str(ready.device), parts)


def _read(plan: Plan | RunConfig) -> tuple[Plan, RunConfig]:
    """What is asked for beside the configuration, and the configuration."""
    if isinstance(plan, RunConfig):
        return Plan(), plan
    if not isinstance(plan, Plan):
        raise TypeError(f"plan: expected a frugan.Plan, such as frugan.Plan({str(plan)!r}), got {plan!r}")
    return plan, plan.on_images()


def _only(request: Plan) -> PartName | None:
    return None if request.part == "all" else request.part


def _ready(request: Plan, config: RunConfig, watcher: Watcher) -> Prepared:
    start = None if request.start is None else Path(request.start)
    return prepared(config, watcher, lengthen=request.minutes is not None, only=_only(request), start=start)


def prepared(
    config: RunConfig,
    watcher: Watcher,
    *,
    lengthen: bool = False,
    only: PartName | None = None,
    start: Path | None = None,
) -> Prepared:
    """Pack the data and resolve the configuration; `lengthen` as in `fit_to_minutes`, others as in `prepare`."""
    ready = prepare(config, watcher.say, only=only, start=start)
    return fit_to_minutes(ready, watcher.say, lengthen=lengthen)
