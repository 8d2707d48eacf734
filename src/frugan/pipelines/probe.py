"""What a run will need on this machine, from training throw-away copies of its parts for a few steps."""

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from frugan.config import PartName
from frugan.data.loader import Loader
from frugan.device import use_threads
from frugan.networks.base import count_parameters
from frugan.pipelines.prepare import Prepared, build_part
from frugan.training.loop import peak_memory_mb
from frugan.training.part import total_nimg

_STEPS, _WARM_UP_STEPS = 12, 4


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Parameters by network, speed, and what the part's whole schedule needs."""

    parameters: dict[str, int]
    images_per_second: float
    minutes: float
    peak_memory_mb: float


def probe_part(prepared: Prepared, name: PartName) -> Estimate:
    """Train a copy of one part for a moment; it is then thrown away."""
    config = prepared.config
    use_threads(config.threads)
    part = build_part(config, name, prepared.device)
    loader = Loader(prepared.dataset, seed=config.seed, mirror=config.data.mirror)
    batch, durations = part.schedule.batch, []
    for step in range(_STEPS):
        began = time.monotonic()
        part.step(*loader.batch(step * batch, batch), step * batch)
        if prepared.device.type == "cuda":
            torch.cuda.synchronize()
        durations.append(time.monotonic() - began)
    # The first steps pay for allocations; the median of the rest ignores what else the machine is doing.
    seconds_per_image = statistics.median(durations[_WARM_UP_STEPS:]) / batch
    return Estimate(
        parameters={network: count_parameters(module) for network, module in part.networks().items()},
        images_per_second=1 / seconds_per_image,
        minutes=seconds_per_image * total_nimg(part.schedule) / 60,
        peak_memory_mb=peak_memory_mb(),
    )


def fit_to_minutes(prepared: Prepared, report: Callable[[str], None]) -> Prepared:
    """On a machine where the parts would need more than `config.minutes`, shorten their schedules in proportion.

    Machines that are fast enough keep the schedule as written, so that the same seed gives the same pictures there.
    """
    config = prepared.config
    if config.minutes <= 0:
        return prepared
    changes: dict[str, Any] = {}
    for name, section in config.parts().items():
        needed = probe_part(prepared, name).minutes
        if needed > config.minutes:
            kimg = round(section.schedule.kimg * config.minutes / needed, 3)
            report(
                f"{name}: this machine would need {needed:.1f} minutes; "
                f"shortened to {kimg:g} kimg to fit {config.minutes:g}"
            )
            changes[name] = dataclasses.replace(section, schedule=dataclasses.replace(section.schedule, kimg=kimg))
    return dataclasses.replace(prepared, config=dataclasses.replace(config, **changes))
