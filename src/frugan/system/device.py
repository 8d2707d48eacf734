"""Which device and how many CPU threads a process uses, and what machine that is."""

import ctypes
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from frugan.system.cores import available_cores
from frugan.system.errors import ArgumentError
from frugan.system.machine import Machine
from frugan.system.version import __version__

# Denormal numbers become zero: dying activations otherwise make a CPU crawl. Only threads that start after this call
# obey, so it is made before any work: else a fresh run and a resumed one would compute differently.
torch.set_flush_denormal(True)


def choose_device(name: str) -> torch.device:
    """ "auto" takes cuda, else mps, else cpu.

    Raises:
        ArgumentError: the named device does not exist here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if name.split(":")[0] not in ("cpu", "cuda", "mps"):
        raise ArgumentError("device", "one of auto, cpu, cuda, cuda:1, mps", name)
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ArgumentError("device", f"cannot be used here ({reason}); try `device` cpu", name) from error
    return torch.device(name)


def use_threads(threads: int) -> None:
    """CPU threads for torch. Part of a run's configuration, because the order of summation depends on it."""
    torch.set_num_threads(threads)


@contextmanager
def one_thread() -> Iterator[None]:
    """CPU threads for torch set to 1 in the block, for work that has threads of its own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def synchronize(device: torch.device) -> None:
    """Wait for all work on the device, so that a clock can be read."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def memory_rise_mb(task: Callable[[], object], device: torch.device) -> float | None:
    """How far memory rises above where it stands while the task runs: the accelerator's, or this process's resident
    memory. None where the system does not tell (a CPU without Linux's /proc)."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        task()
        return (torch.cuda.max_memory_allocated(device) - before) / 1e6
    _return_freed_memory()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew at the present size
    except OSError:
        return None
    before_mb = _process_status_mb("VmRSS")
    task()
    return _process_status_mb("VmHWM") - before_mb


def describe_machine(device: torch.device) -> Machine:
    """Versions and machine, for a run's env.json."""
    return Machine(
        frugan=__version__,
        python=sys.version.split()[0],
        torch=torch.__version__,
        numpy=np.__version__,
        platform=platform.platform(),
        processor=_processor(),
        cores=available_cores(),
        device=str(device),
        device_name=torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        return names[0] if names else platform.processor()
    except OSError:
        if sys.platform == "darwin":
            return subprocess.run(
                ["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True
            ).stdout.strip()
        return platform.processor()


def _return_freed_memory() -> None:
    """glibc keeps what was freed before; the task would use that first, and seem to need less than it does."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _process_status_mb(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1000
