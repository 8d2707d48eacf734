"""How many CPU cores there are to use. Apart from `device.py`, so that reading data needs no torch."""

import os


def available_cores() -> int:
    """Cores that this process may run on (fewer than the machine has, in a container or under taskset)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
