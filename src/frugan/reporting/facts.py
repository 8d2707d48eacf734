"""What a report says about a run, read from its folder once. Whatever is missing is empty here, never an error."""

import itertools
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frugan.config.schema import RunConfig, ScheduleConfig
from frugan.runs.folder import PartFolder, PartName, RunFolder
from frugan.training.part import total_nimg

Line = dict[str, Any]  # one line of a log
ENERGY_SOURCES = ("nvml", "rapl", "declared")


@dataclass(frozen=True)
class PartFacts:
    """One part's logs and how far it has come."""

    name: PartName
    network: str
    total_nimg: int
    log: list[Line]
    metrics: list[Line]
    events: list[Line]
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

        def process(line: Line) -> int:
            return max((number for number, nimg in enumerate(resumed_at, 1) if nimg < int(line["nimg"])), default=0)

        last_clocks = [list(lines)[-1]["clock"] for _, lines in itertools.groupby(self.log, process)]
        if not last_clocks or any(name not in clock for clock in last_clocks):
            return None
        return float(sum(clock[name] for clock in last_clocks))

    @property
    def images_per_second(self) -> float | None:
        """The median over time: neither a warm-up nor a busy hour of the machine decides."""
        return statistics.median(line["clock"]["images_per_second"] for line in self.log) if self.log else None

    @property
    def peak_memory_mb(self) -> float | None:
        return max((float(line["clock"]["peak_memory_mb"]) for line in self.log), default=None)


@dataclass(frozen=True)
class RunFacts:
    """All of a run but its pictures."""

    path: Path  # absolute
    config: RunConfig
    config_text: str
    env: dict[str, Any]
    evaluation: dict[str, Any] | None
    consistency: dict[str, Any] | None
    sampler: PartFacts
    decoder: PartFacts | None  # None where the recipe has none

    @property
    def parts(self) -> list[PartFacts]:
        return [part for part in (self.sampler, self.decoder) if part is not None]

    @property
    def finished(self) -> bool:
        return all(part.finished for part in self.parts)


def read_facts(run: RunFolder) -> RunFacts:
    """Everything in the folder that the report shows, at whatever stage the run is."""
    config = run.config()
    sampler, decoder = config.sampler, config.decoder
    return RunFacts(
        path=run.path.resolve(),
        config=config,
        config_text=run.config_file.read_text(),
        env=run.env() if run.env_file.exists() else {},
        evaluation=run.evaluation(),
        consistency=run.consistency(),
        sampler=_part(run, "sampler", sampler.generator.target.__qualname__, sampler.schedule),
        decoder=_part(run, "decoder", decoder.network.target.__qualname__, decoder.schedule) if decoder else None,
    )


def _part(run: RunFolder, name: PartName, network: str, schedule: ScheduleConfig) -> PartFacts:
    folder = run.part(name)
    return PartFacts(
        name=name,
        network=network,
        total_nimg=total_nimg(schedule),
        log=folder.train_log.read(),
        metrics=folder.metrics_log.read(),
        events=folder.events_log.read(),
        sample_grids=_sample_grids(folder),
        snapshots=folder.snapshot_counts(),
    )


def _sample_grids(folder: PartFolder) -> dict[int, Path]:
    return {int(path.stem): path for path in sorted(folder.samples.glob("*.png")) if path.stem.isdigit()}
