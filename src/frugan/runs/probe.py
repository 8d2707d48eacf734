"""What a run will need on this machine, from training throw-away copies of its parts for a few steps."""

import dataclasses
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Barrier
from typing import Any

import torch

from frugan.config.schema import PartName, RunConfig
from frugan.data.loader import Loader
from frugan.networks.base import count_parameters
from frugan.runs.clusters import in_any_clusters
from frugan.runs.prepare import Prepared, build_part, measured_images, open_dataset
from frugan.system.cores import end_with_parent
from frugan.system.device import synchronize, use_threads
from frugan.system.errors import ArgumentError, RunError
from frugan.system.packages import allow_package, allowed_packages
from frugan.training.loop import peak_memory_mb

# The first steps pay for allocations. The timed ones are a multiple of the longest usual interval of a lazy penalty, so
# that their mean holds its share of such steps, and go on long enough for the parts to be timed beside each other.
# Where a step takes longer than all of them should, one has to do.
_WARM_UP_STEPS, _TIMED_STEPS, _TIMED_SECONDS, _MOST_SECONDS = 4, 16, 3.0, 30.0


@dataclasses.dataclass(frozen=True)
class Estimate:
    """Parameters by network, speed, and what the part's whole schedule needs."""

    parameters: dict[str, int]
    images_per_second: float
    minutes: float
    peak_memory_mb: float


def probe_parts(prepared: Prepared, only: PartName | None = None) -> dict[PartName, Estimate]:
    """Train a copy of every part for a moment, at the same time and each in a process of its own, as the run will.

    Raises:
        UserError: there is no such part.
    """
    names = list(prepared.config.parts()) if only is None else [only]
    if only is not None and only not in prepared.config.parts():
        raise ArgumentError("part", "this configuration has none", only)
    # Spawned, not forked: torch's threads and CUDA do not survive a fork.
    context = multiprocessing.get_context("spawn")
    together = context.Barrier(len(names))
    with ProcessPoolExecutor(len(names), context, _begin, (together, os.getpid(), allowed_packages())) as pool:
        try:
            estimates = list(pool.map(_probe, [prepared.config] * len(names), names))
        except KeyboardInterrupt:
            for process in multiprocessing.active_children():
                process.terminate()  # the pool would wait for them to finish their trial
            raise
        except BrokenProcessPool as error:
            raise RunError(
                "a short trial of the training was killed, most likely for want of memory: try a smaller batch or "
                "resolution, or set sampler.schedule.accumulate=2"
            ) from error
    return dict(zip(names, estimates, strict=True))


def fit_to_minutes(prepared: Prepared, report: Callable[[str], None], *, lengthen: bool = False) -> Prepared:
    """Fit the schedule of each part to `config.minutes`, in proportion to its measured time.

    Without `lengthen`, a fast machine keeps the schedule as written, so that the same seed gives the same pictures
    there, and only a slow machine shortens it.
    """
    config = prepared.config
    if config.minutes <= 0:
        return prepared
    changes: dict[str, Any] = {}
    for name, estimate in probe_parts(prepared).items():
        if lengthen or estimate.minutes > config.minutes:
            schedule = config.parts()[name].schedule
            kimg = max(round(schedule.kimg * config.minutes / estimate.minutes, 3), schedule.batch / 1000)
            report(
                f"{name}: {schedule.kimg:g} kimg would take {estimate.minutes:.1f} minutes on this machine; "
                f"{kimg:g} kimg (thousand images) fit into {config.minutes:g} minutes"
            )
            changes[name] = dataclasses.replace(config.parts()[name], schedule=dataclasses.replace(schedule, kimg=kimg))
    return dataclasses.replace(prepared, config=dataclasses.replace(config, **changes))


def _begin(together: Barrier, parent: int, packages: tuple[str, ...]) -> None:
    """In every process, once torch is loaded there: wait for the others."""
    end_with_parent(parent)
    for package in packages:
        allow_package(package)
    together.wait()


def _probe(config: RunConfig, name: PartName) -> Estimate:
    use_threads(config.threads)
    device = torch.device(config.device)
    dataset = open_dataset(config)
    if config.data.clusters:
        # A step takes the same time whichever they are. Networks know as many as were found, at most those asked for.
        generator = config.sampler.generator
        inner = generator.arguments.get("generator", generator)  # of sampler and decoder as one, the sampler
        dataset = in_any_clusters(dataset, inner.arguments["classes"])
    part = build_part(config, name, device, dataset=dataset)
    part.measure(measured_images(dataset))
    batch = part.schedule.batch
    loader = Loader(dataset, seed=config.seed, mirror=config.data.mirror, batch=batch)

    def train(steps: int, nimg: int, seconds: float) -> int:
        """So many steps, or fewer if they take longer; at least one."""
        end = time.monotonic() + seconds
        for _ in range(steps):
            part.step(*loader.batch(nimg, batch), nimg)
            nimg += batch
            synchronize(device)
            if time.monotonic() > end:
                break
        return nimg

    total, seconds = part.schedule.total_nimg, 0.0
    starts = [start for start in part.phases() if start < total]
    for start, end in zip(starts, [*starts[1:], total], strict=True):
        warm = nimg = train(_WARM_UP_STEPS, start, _MOST_SECONDS / 2)
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < _TIMED_SECONDS:
            nimg = train(_TIMED_STEPS, nimg, _MOST_SECONDS)
        seconds += elapsed / (nimg - warm) * (end - start)
    return Estimate(
        parameters={network: count_parameters(module) for network, module in part.networks().items()},
        images_per_second=total / seconds,
        minutes=seconds / 60,
        peak_memory_mb=peak_memory_mb(),
    )
