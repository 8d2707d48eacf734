"""CPU time and peak memory of one thread, measured in the same way by every benchmark."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from frugan.system.device import memory_rise_mb

Task = Callable[[], object]


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch computes in a single thread, so that CPU seconds mean work and not waiting."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def cpu_seconds(task: Task) -> float:
    """Of this process, while the task runs once."""
    began = time.process_time()
    task()
    return time.process_time() - began


def paired_cpu_seconds(tasks: list[Task], rounds: int) -> list[float]:
    """A median for each task, over interleaved rounds after one that warms up."""
    seconds = [[cpu_seconds(task) for task in tasks] for _ in range(rounds + 1)]
    return [statistics.median(column) for column in zip(*seconds[1:], strict=True)]


def peak_memory_mb(task: Task) -> float:
    """How far the process's resident memory rises above where it stands, while the task runs. Linux only."""
    risen = memory_rise_mb(task, torch.device("cpu"))
    assert risen is not None, "this system does not tell a process's peak memory"
    return risen


def show(rows: Iterable[dict[str, Any]]) -> None:
    """Print rows with memory, each as soon as it is measured."""
    for row in rows:
        print(
            f"{row['name']}: {row['ours_s']:.2f} s, {row['peer']} {row['peer_s']:.2f} s, ratio {row['ratio']:.2f}, "
            f"{row['ours_mb']:.0f} MB against {row['peer_mb']:.0f} MB",
            flush=True,
        )


def in_own_process(module: str, call: str) -> dict[str, float]:
    """What a call returns in a fresh process, where nothing else has allocated or warmed anything."""
    program = f"import json, {module} as m; print(json.dumps(m.{call}))"
    output = subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.PIPE, text=True).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result
