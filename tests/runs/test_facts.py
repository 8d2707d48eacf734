"""What is computed from the logs: how far a part is, and what it has cost."""

from pathlib import Path
from typing import Any

import pytest

from frugan.reporting.facts import PartFacts


def part(
    log: list[dict[str, Any]], events: list[dict[str, Any]] | None = None, snapshots: tuple[int, ...] = ()
) -> PartFacts:
    return PartFacts(
        name="sampler",
        network="Generator",
        total_nimg=3000,
        log=log,
        metrics=[],
        events=events or [],
        sample_grids={0: Path("0000000000.png")},
        snapshots=list(snapshots),
    )


def line(nimg: int, seconds: float, speed: float = 100.0, memory: float = 500.0) -> dict[str, Any]:
    return {"nimg": nimg, "clock": {"seconds": seconds, "images_per_second": speed, "peak_memory_mb": memory}}


def test_nothing_is_known_of_a_part_without_logs() -> None:
    nothing = part([])
    assert (nothing.nimg, nothing.finished, nothing.seconds) == (0, False, None)
    assert (nothing.images_per_second, nothing.peak_memory_mb) == (None, None)


@pytest.mark.parametrize(
    ("resumed_at", "seconds"),
    [([], 35.0), ([1000], 45.0), ([1000, 1008], 45.0), ([2000], 55.0), ([2500, 1000], 45.0)],
)
def test_time_is_summed_over_the_processes_that_trained(resumed_at: list[int], seconds: float) -> None:
    """Each process counts its seconds from its own beginning; those before the event are of an earlier one."""
    log = [line(1000, 10), line(2000, 20), line(3000, 35)]
    assert part(log, [{"event": "resumed", "nimg": nimg} for nimg in resumed_at]).seconds == seconds


def test_energy_is_summed_like_time_and_says_where_it_comes_from() -> None:
    log = [line(1000, 10), line(2000, 20), line(3000, 35)]
    assert part(log).energy is None
    for entry in log:
        entry["clock"]["joules_rapl"] = 50 * entry["clock"]["seconds"]
    assert part(log).energy == ("rapl", 1750.0)
    assert part(log, [{"event": "resumed", "nimg": 1000}]).energy == ("rapl", 2250.0)
    del log[0]["clock"]["joules_rapl"]  # a process that could not read the counter
    assert part(log, [{"event": "resumed", "nimg": 1000}]).energy is None


def test_speed_is_a_median_and_memory_a_maximum() -> None:
    busy = part([line(1, 1, speed=3.0, memory=400), line(2, 2, speed=100.0, memory=700), line(3, 3, speed=120.0)])
    assert busy.images_per_second == 100.0
    assert busy.peak_memory_mb == 700


def test_the_last_snapshot_says_whether_it_is_finished() -> None:
    assert part([line(2992, 1)], snapshots=(0, 1504)).nimg == 2992
    assert not part([line(2992, 1)], snapshots=(0, 1504)).finished
    assert part([], snapshots=(0, 3000)).finished
