"""How many CPU cores there are to use, and processes on them that end with the one that started them. Without torch."""

import os
import signal
import threading
import time

_GRACE_SECONDS = 3.0


def available_cores() -> int:
    """Cores that this process may run on: fewer than the machine has in a container, under taskset, or where
    OMP_NUM_THREADS says so. That of torchrun is not the user's: it sets 1 wherever nothing is said."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if "LOCAL_WORLD_SIZE" in os.environ or not wanted.isdecimal():
        return cores
    return max(1, min(cores, int(wanted)))


def processes_here() -> int:
    """How many processes of the job that this one belongs to share the machine: torchrun says so."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def let_peers_speak() -> None:
    """Wait a moment before this process fails: torchrun ends the others at once, and one may have the cause to tell."""
    time.sleep(_GRACE_SECONDS)


def end_with_parent(parent: int) -> None:
    """For a worker process: leave Ctrl-C to the parent, and end when it is gone, however it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
