"""What the logs of a part say, read once. Whatever is missing is empty here, never an error."""

import itertools
import statistics
from dataclasses import dataclass
from pathlib import Path

from frugan.config.schema import PartName
from frugan.runs.folder import PartFolder, RunFolder
from frugan.runs.logs import event_lines, metric_lines, train_lines
from frugan.system.errors import UserError
from frugan.system.jsonl import JSON, is_number

ENERGY_SOURCES = ("nvml", "rapl", "declared")


@dataclass(frozen=True)
class PartFacts:
    """One part's logs and how far it has come."""

    name: PartName
    network: str
    total_nimg: int
    log: list[JSON]
    metrics: list[JSON]
    events: list[JSON]
    sample_grids: dict[int, Path]  # by image count, in order
    snapshots: list[int]  # image counts, in order

    @property
    def nimg(self) -> int:
        """Images shown so far, as far as the logs tell."""
        return max([int(line["nimg"]) for line in self.log[-1:]] + self.snapshots[-1:], default=0)

    @property
    def finished(self) -> bool:
        return self.total_nimg in self.snapshots

    @property
    def seconds(self) -> float | None:
        """Time spent, evaluations at snapshots included."""
        return self._over_processes("seconds")

    @property
    def energy(self) -> tuple[str, float] | None:
        """Where the measurement comes from (nvml, rapl, declared), and joules."""
        for source in ENERGY_SOURCES:
            joules = self._over_processes(f"joules_{source}")
            if joules is not None:
                return source, joules
        return None

    def _over_processes(self, name: str) -> float | None:
        """Sum over the processes that trained, each of which counted from its own beginning; None if any did not."""
        resumed_at = [int(event["nimg"]) for event in self.events if event.get("event") == "resumed"]

        def process(line: JSON) -> int:
            return max((number for number, nimg in enumerate(resumed_at, 1) if nimg < int(line["nimg"])), default=0)

        last_clocks = [list(lines)[-1]["clock"] for _, lines in itertools.groupby(self.log, process)]
        if not last_clocks or not all(is_number(clock.get(name)) for clock in last_clocks):
            return None
        return float(sum(clock[name] for clock in last_clocks))

    @property
    def images_per_second(self) -> float | None:
        """The median over time: neither a warm-up nor a busy hour of the machine decides."""
        return statistics.median(line["clock"]["images_per_second"] for line in self.log) if self.log else None

    @property
    def peak_memory_mb(self) -> float | None:
        return max((float(line["clock"]["peak_memory_mb"]) for line in self.log), default=None)


def part_facts(run: RunFolder, name: PartName) -> PartFacts:
    """Everything in a part's folder, at whatever stage it is.

    Raises:
        UserError: the run has no such part.
    """
    config = run.config()
    if name not in config.parts():
        raise UserError(f"{run.path}: has no {name}")
    network = config.decoder.network if name == "decoder" and config.decoder else config.sampler.generator
    schedule = config.parts()[name].schedule
    folder = run.part(name)
    return PartFacts(
        name=name,
        network=network.target.__qualname__,
        total_nimg=schedule.total_nimg,
        log=train_lines(folder),
        metrics=metric_lines(folder),
        events=event_lines(folder),
        sample_grids=_sample_grids(folder),
        snapshots=folder.snapshot_counts(),
    )


def _sample_grids(folder: PartFolder) -> dict[int, Path]:
    return {int(path.stem): path for path in sorted(folder.samples.glob("*.png")) if path.stem.isdigit()}
