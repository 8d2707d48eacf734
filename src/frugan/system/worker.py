"""Functions in processes of their own, each of which stops, with whatever it saves, when the one that began it is gone.

    python -P -m frugan.system.worker MODULE:FUNCTION PARENT PACKAGES ARGUMENT ...

is how `Worker` starts one. The function takes its arguments as text, and the question whether it should stop; what it
returns is the exit code. The parts of a run and the trials of a study are trained by such processes.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from frugan.system.errors import RunError, UserError
from frugan.system.packages import allow_package, allowed_packages
from frugan.system.text import printable

STOPPED = 3  # exit code: asked to stop, and what was done is saved
_POLL_SECONDS = 0.2
_LAST_LINES = 5


class Worker:
    """A process that calls a function.

    Args:
        entry: "module:function"; it is called as function(*arguments, should_stop=...).
        arguments: Text.
        log: File to which all that it prints is added.
    """

    def __init__(self, entry: str, arguments: Iterable[str], log: Path) -> None:
        self.log, self.began = log, time.monotonic()
        log.parent.mkdir(parents=True, exist_ok=True)
        # -P: never import what happens to lie in the current folder.
        command = [sys.executable, "-P", "-m", "frugan.system.worker", entry, str(os.getpid())]
        command += [",".join(allowed_packages()), *arguments]
        with open(log, "ab") as output:
            # In a session of its own, so that Ctrl-C reaches only the parent, which then asks it to stop.
            self.process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self.asked = False

    def exit_code(self) -> int | None:
        """None while it works. A worker that was asked to stop before it could listen has STOPPED: it began nothing."""
        code = self.process.poll()
        return STOPPED if self.asked and code == -signal.SIGTERM else code

    def failed(self) -> bool:
        """Whether it has ended, and neither finished nor stopped as it was asked to."""
        return self.exit_code() not in (None, 0, STOPPED)

    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.began

    def ask_to_stop(self) -> None:
        """It ends after its present step."""
        self.asked = True
        with suppress(ProcessLookupError):
            self.process.terminate()
            if hasattr(signal, "SIGCONT"):
                self.process.send_signal(signal.SIGCONT)  # paused, it would hear of nothing, and be waited for

    def wait(self, seconds: float | None = None) -> None:
        """Until it has ended, or for so long."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def last_words(self) -> str:
        """The last lines that it printed."""
        return last_lines(self.log)


@dataclass(frozen=True)
class Job:
    """Work for a worker.

    Attributes:
        name: tells jobs apart.
        done: whether nothing is left to do, by what lies on disk.
    """

    name: str
    entry: str
    arguments: tuple[str, ...]
    log: Path
    done: Callable[[], bool]


def run_jobs(
    jobs: Iterable[Job],
    at_once: int,
    on_end: Callable[[Job, Worker], None],
    should_stop: Callable[[], bool],
    most_crashes: int = 3,
) -> bool:
    """Do what is not done, `at_once` jobs at a time. `on_end` is told of each end, and may raise.

    A job whose process dies is begun again, and given up after `most_crashes`; the others are done all the same.

    Returns:
        True when every job is done; False when one was given up, or when `should_stop` asked to stop: those that ran
        then have saved their state.
    """
    waiting = [job for job in jobs if not job.done()]
    running: dict[str, tuple[Job, Worker]] = {}
    crashes: dict[str, int] = {}
    try:
        while waiting or running:
            if should_stop():
                return False
            while waiting and len(running) < at_once:
                job = waiting.pop(0)
                running[job.name] = job, Worker(job.entry, job.arguments, job.log)
            time.sleep(_POLL_SECONDS)
            for job, worker in list(running.values()):
                code = worker.exit_code()
                if code is None:
                    continue
                del running[job.name]
                on_end(job, worker)
                if not job.done():
                    crashes[job.name] = crashes.get(job.name, 0) + (code != STOPPED)
                    waiting += [job] if crashes[job.name] < most_crashes else []
        return max(crashes.values(), default=0) < most_crashes
    finally:
        for _, worker in running.values():
            worker.ask_to_stop()
        for _, worker in running.values():
            worker.wait()


def last_lines(log: Path) -> str:
    """The end of a log, for a message."""
    if not log.exists():
        return "it printed nothing"
    return "\n".join(log.read_text(errors="replace").strip().splitlines()[-_LAST_LINES:])


def main() -> int:
    """In the new process."""
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: asked.append(number))
    entry, parent, packages, *arguments = sys.argv[1:]

    def should_stop() -> bool:
        return bool(asked) or os.getppid() != int(parent)

    try:
        for package in filter(None, packages.split(",")):
            allow_package(package)
        module, _, function = entry.partition(":")
        return int(getattr(import_module(module), function)(*arguments, should_stop=should_stop))
    except (UserError, RunError) as error:
        print(printable(f"frugan: {error}"), file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
