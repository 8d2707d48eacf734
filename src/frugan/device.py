"""Which device and how many CPU threads a process uses, and what machine that is."""

import platform
import subprocess
import sys
from typing import Any

import numpy as np
import torch

from frugan import __version__
from frugan.cores import available_cores
from frugan.errors import UserError

# Denormal numbers become zero: dying activations otherwise make a CPU crawl. Only threads that start after this call
# obey, so it is made before any work: else a fresh run and a resumed one would compute differently.
torch.set_flush_denormal(True)


def choose_device(name: str) -> torch.device:
    """ "auto" takes cuda, else mps, else cpu.

    Raises:
        UserError: the named device does not exist here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"--device {name}: cannot be used here ({reason}); try --device cpu") from error
    return torch.device(name)


def use_threads(threads: int) -> None:
    """CPU threads for torch. Part of a run's configuration, because the order of summation depends on it."""
    torch.set_num_threads(threads)


def describe_environment(device: torch.device) -> dict[str, Any]:
    """Versions and machine, for a run's env.json."""
    return {
        "frugan": __version__,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": available_cores(),
        "device": str(device),
        "device_name": torch.cuda.get_device_name(device) if device.type == "cuda" else _processor(),
    }


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
