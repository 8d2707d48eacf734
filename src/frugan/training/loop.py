"""The loop that both parts share: batch, step, log, snapshot, checkpoint; stopped, killed and resumed without a trace.

What happens at which image is a function of the configuration alone, so an interrupted run and an uninterrupted one
write the same files. Only the "clock" entries of the log depend on the machine.
"""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from frugan.config.schema import ScheduleConfig
from frugan.requests.watching import Tick
from frugan.system.energy import EnergyMeter, energy_meter
from frugan.system.errors import DivergedError, RunError
from frugan.system.jsonl import JSON, JSONLines, is_count
from frugan.training.checkpoint import Checkpoint, load_checkpoint, load_newest_checkpoint, save_checkpoint
from frugan.training.part import Batches, Part, StepValues
from frugan.training.ranks import ALONE, Ranks

PERCENTILES = (5, 25, 50, 75, 95)  # of the discriminator's predictions: the bands of figure 3 of the NSS paper
_FINITE_CHECK_STEPS = 16  # each check waits for the device, so not every step; always before anything is written
_CHECKPOINT_SECONDS = 600.0
_POLL_SECONDS = 60.0


# Values of a line of the log: means of scalars, percentiles of vectors.
Logged = dict[str, float | list[float]]


@dataclass(frozen=True)
class Hooks:
    """What the caller wants to hear of; the loop knows nothing of pictures, metrics or terminals."""

    on_tick: Callable[[Tick], None] = lambda tick: None
    on_snapshot: Callable[[Part, int], None] = lambda part, nimg: None  # also at image 0
    on_event: Callable[[str, JSON], None] = lambda kind, details: None
    should_stop: Callable[[], bool] = lambda: False


@dataclass
class _Progress:
    nimg: int = 0
    since_log: list[StepValues] = field(default_factory=list)
    checked: int = 0  # how many of `since_log` are known to be finite


def run_loop(
    part: Part,
    loader: Batches,
    folder: Path,
    hooks: Hooks,
    watts: float = 0.0,
    ranks: Ranks = ALONE,
    identity: str = "",
) -> bool:
    """Train `part` from its newest checkpoint in `folder` (or from the beginning) to the end of its schedule.

    `watts`: power of the device, where it cannot be measured; 0 = unknown. `identity`: of the run, in its checkpoints.
    Of several `ranks`, which must all see the folder, only the first writes there, and calls hooks but `should_stop`.

    Returns True when the schedule is finished, False when `hooks.should_stop` asked to stop, after a checkpoint.

    Raises:
        DivergedError, RunError: a value became non-finite, or the disk is full; the newest checkpoint is still good.
    """
    schedule, total = part.schedule, part.schedule.total_nimg
    log = JSONLines(folder / "train.jsonl")
    held = part.held(schedule.batch).numpy()
    hooks = hooks if ranks.first else Hooks(should_stop=hooks.should_stop)
    part.begin()
    progress = _restore(part, folder, log, hooks, ranks, identity)
    clock = _Clock(progress.nimg, energy_meter(part.device, watts))
    if progress.nimg == 0:
        hooks.on_event("started", {"nimg": 0})
        hooks.on_snapshot(part, 0)
    while progress.nimg < total:
        if ranks.any(hooks.should_stop()):
            _save(part, progress, folder, ranks, identity)
            hooks.on_event("stopped", {"nimg": progress.nimg})
            return False

        # Draw the next batch and train on it.
        images, labels = loader.images(progress.nimg + held)
        progress.since_log.append(part.step(images, labels, progress.nimg))
        progress.nimg += schedule.batch
        clock.poll()
        due = _due_now(progress.nimg, schedule, clock)

        # Look for non-finite values before anything of this state is written.
        if due.log or due.checkpoint or len(progress.since_log) - progress.checked >= _FINITE_CHECK_STEPS:
            _check_finite(progress, schedule, folder)
        if due.log:
            logged = _write_line(log, progress, clock, ranks)
            hooks.on_tick(Tick(part.name, progress.nimg, total, clock.images_per_second, logged))
        if due.checkpoint:
            _check_weights(part, progress.nimg, folder)
        # Snapshot before checkpoint: killed between the two, a resumed run takes the snapshot again; none is missing.
        if due.snapshot:
            hooks.on_snapshot(part, progress.nimg)
            clock.resume(progress.nimg)
        if due.checkpoint:
            _save(part, progress, folder, ranks, identity)
            clock.checkpointed()
        if progress.nimg >= total:
            hooks.on_event("finished", {"nimg": progress.nimg})
    return True


@dataclass(frozen=True)
class _Due:
    log: bool
    snapshot: bool
    checkpoint: bool


def _due_now(nimg: int, schedule: ScheduleConfig, clock: "_Clock") -> _Due:
    """What is to be written at that image; at the last one everything, and a checkpoint with every snapshot."""
    last = nimg >= schedule.total_nimg
    snapshot = last or _due(nimg, schedule.batch, schedule.total_nimg / max(schedule.snapshots, 1))
    return _Due(
        log=last or _due(nimg, schedule.batch, schedule.log_every * 1000),
        snapshot=snapshot,
        checkpoint=snapshot or clock.since_checkpoint() > _CHECKPOINT_SECONDS,
    )


def _due(nimg: int, batch: int, every: float) -> bool:
    """Whether a multiple of `every` images was passed in the last batch."""
    return nimg // every > (nimg - batch) // every


def _restore(part: Part, folder: Path, log: JSONLines, hooks: Hooks, ranks: Ranks, identity: str) -> _Progress:
    checkpoint = _newest(folder / "checkpoints", hooks, ranks, identity)
    if checkpoint is None:
        if ranks.first:
            log.clear()
        return _Progress()
    try:
        part.load_tensors(checkpoint.tensors)
    except (RuntimeError, KeyError, IndexError, ValueError) as error:
        raise RunError(
            f"{folder / 'checkpoints'}: the checkpoint is of another network than config.yaml describes: {error}"
        ) from error
    # What was logged after the checkpoint will be logged again, identically.
    if ranks.first:
        log.keep(lambda line: is_count(line.get("nimg")) and line["nimg"] <= checkpoint.nimg)
    hooks.on_event("resumed", {"nimg": checkpoint.nimg})
    names = list(checkpoint.gathered)
    count = checkpoint.gathered[names[0]].shape[0] if names else 0
    since_log = [{name: checkpoint.gathered[name][i] for name in names} for i in range(count)]
    return _Progress(checkpoint.nimg, since_log, count)


def _newest(folder: Path, hooks: Hooks, ranks: Ranks, identity: str) -> Checkpoint | None:
    """The first rank looks for it; the others read the same one."""
    checkpoint = None
    if ranks.first:
        checkpoint, complaints = load_newest_checkpoint(folder, identity)
        for complaint in complaints:
            hooks.on_event("checkpoint-skipped", {"why": complaint})
    found = ranks.agree(-1 if checkpoint is None else checkpoint.nimg)
    return checkpoint if ranks.first or found < 0 else load_checkpoint(folder, found, identity)


def _save(part: Part, progress: _Progress, folder: Path, ranks: Ranks, identity: str) -> None:
    if not ranks.first:
        return
    gathered: dict[str, Tensor] = {}
    if progress.since_log:
        gathered = {name: _stacked(progress.since_log, name) for name in progress.since_log[0]}
    checkpoint = Checkpoint(progress.nimg, part.tensors(), gathered, identity)
    save_checkpoint(folder / "checkpoints", checkpoint, part.schedule.keep_checkpoints)


def _check_finite(progress: _Progress, schedule: ScheduleConfig, folder: Path) -> None:
    """Stop at the first step whose loss is NaN or infinite, before its weights are saved; never replace by zero."""
    fresh = progress.since_log[progress.checked :]
    for number, values in enumerate(fresh):
        for name, value in values.items():
            if not bool(torch.isfinite(value).all()):
                nimg = progress.nimg - (len(fresh) - number - 1) * schedule.batch
                step = nimg // schedule.batch
                raise DivergedError(
                    f"{name} became {_worst(value)} in step {step} (image {nimg}). {_what_is_left(folder)} It would "
                    "diverge again if it were resumed: begin anew, with a lower learning rate, a larger weight of the "
                    "penalty or another seed."
                )
    progress.checked = len(progress.since_log)


def _check_weights(part: Part, nimg: int, folder: Path) -> None:
    """A loss is computed before the update: weights that the last update ruined must not be saved either."""
    for name, tensor in part.tensors().items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise DivergedError(
                f"{name} became {_worst(tensor)} in the step that ended at image {nimg}; it was not saved. "
                f"{_what_is_left(folder)} Lower the learning rate and begin anew."
            )


def _what_is_left(folder: Path) -> str:
    kept = folder / "checkpoints"
    if any(kept.glob("[0-9]*")):
        return f"The newest good checkpoint is in {kept}."
    return "No checkpoint had been written before."


def _write_line(log: JSONLines, progress: _Progress, clock: "_Clock", ranks: Ranks) -> Logged:
    """Append what happened since the last line, and return it."""
    values = _summary(progress.since_log)
    progress.since_log, progress.checked = [], 0
    clock.tick(progress.nimg)
    entry = clock.entry(ranks)
    if ranks.first:
        log.append({"nimg": progress.nimg, **values, "clock": entry})
    return values


def _worst(value: Tensor) -> str:
    return "NaN" if bool(torch.isnan(value).any()) else "infinite"


def _summary(steps: list[StepValues]) -> Logged:
    """Means of scalars; percentiles of vectors over all steps since the last line."""
    summary: Logged = {}
    for name in steps[0]:
        values = _stacked(steps, name).double()
        if values.ndim == 1:
            summary[name] = values.mean().item()
        else:
            quantiles = torch.tensor(PERCENTILES, dtype=torch.float64) / 100
            summary[name] = torch.quantile(values.flatten(), quantiles).tolist()
    return summary


def _stacked(steps: list[StepValues], name: str) -> Tensor:
    """One value over several steps, on the CPU: those of a resumed run come from a file, and MPS has no float64."""
    return torch.stack([step[name].cpu() for step in steps])


class _Clock:
    """Wall-clock bookkeeping, kept apart from everything that must be reproducible."""

    def __init__(self, nimg: int, meter: EnergyMeter) -> None:
        self.meter = meter
        now = time.monotonic()
        self.began, self.last, self.saved, self.polled = now, now, now, now
        self.nimg = nimg
        self.images_per_second = 0.0

    def tick(self, nimg: int) -> None:
        now = time.monotonic()
        rate = (nimg - self.nimg) / max(now - self.last, 1e-9)
        self.images_per_second = rate if self.images_per_second == 0 else 0.7 * self.images_per_second + 0.3 * rate
        self.last, self.nimg = now, nimg

    def poll(self) -> None:
        """Read the energy counter now and then, also between lines of the log that are hours apart."""
        now = time.monotonic()
        if now - self.polled > _POLL_SECONDS:
            self.polled = now
            self.meter.joules()

    def resume(self, nimg: int) -> None:
        """Time spent in a snapshot is not training time."""
        self.last, self.nimg = time.monotonic(), nimg

    def checkpointed(self) -> None:
        self.saved = time.monotonic()

    def since_checkpoint(self) -> float:
        return time.monotonic() - self.saved

    def entry(self, ranks: Ranks) -> dict[str, float]:
        joules = self.meter.joules()
        if ranks.count > 1 and self.meter.source in ("nvml", "declared"):  # of one device each; RAPL's are a machine's
            joules = ranks.gather({"joules": torch.tensor([joules or 0.0])})["joules"].sum().item()
        return {
            "seconds": round(time.monotonic() - self.began, 3),
            "images_per_second": round(self.images_per_second, 2),
            "peak_memory_mb": round(peak_memory_mb(), 1),
            # The name tells where it comes from: nvml, rapl or declared.
            **({} if joules is None else {f"joules_{self.meter.source}": round(joules, 1)}),
        }


def peak_memory_mb() -> float:
    """Peak resident memory of this process, plus the accelerator's where there is one."""
    unit = 1e6 if sys.platform == "darwin" else 1e3  # ru_maxrss is in bytes on macOS, in KiB on Linux
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return resident + (torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else 0.0)
