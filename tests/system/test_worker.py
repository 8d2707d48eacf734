"""Processes of their own: they end with whoever began them, and are begun again when they die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from frugan.system.worker import STOPPED, Job, Worker, run_jobs

MODULE = """
import os, sys, time
from pathlib import Path
from frugan.system.errors import RunError


def wait(folder, *, should_stop):
    Path(folder, "began").touch()
    while not should_stop():
        time.sleep(0.02)
    Path(folder, "saved").touch()
    return 3


def crash_twice(folder, *, should_stop):
    tries = Path(folder, "tries")
    count = len(tries.read_text()) if tries.exists() else 0
    tries.write_text("x" * (count + 1))
    if count < 2:
        os._exit(9)
    Path(folder, "done").touch()
    return 0


def complain(folder, *, should_stop):
    raise RunError("the oven is cold")
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "works.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return tmp_path


def wait_for(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_asked_to_stop_it_saves_and_says_so(place: Path) -> None:
    worker = Worker("works:wait", [str(place)], place / "log")
    wait_for((place / "began").exists)
    assert worker.exit_code() is None
    worker.ask_to_stop()
    worker.wait()
    assert worker.exit_code() == STOPPED
    assert not worker.failed()
    assert (place / "saved").exists()


def test_paused_it_does_not_hold_up_the_end(place: Path) -> None:
    worker = Worker("works:wait", [str(place)], place / "log")
    wait_for((place / "began").exists)
    os.kill(worker.process.pid, signal.SIGSTOP)
    worker.ask_to_stop()
    worker.wait(20)
    assert worker.exit_code() == STOPPED


def test_it_stops_when_the_process_that_began_it_is_killed(place: Path) -> None:
    program = f"""
import time
from pathlib import Path
from frugan.system.worker import Worker
Worker("works:wait", [{str(place)!r}], Path({str(place)!r}) / "log")
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", program])
    wait_for((place / "began").exists)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_for((place / "saved").exists)


def test_what_it_says_is_its_last_word(place: Path) -> None:
    worker = Worker("works:complain", [str(place)], place / "log")
    worker.wait()
    assert worker.exit_code() == 1
    assert worker.failed()
    assert worker.last_words() == "frugan: the oven is cold"


def test_jobs_that_die_are_begun_again_until_they_are_given_up(place: Path) -> None:
    job = Job("j", "works:crash_twice", (str(place),), place / "log", (place / "done").exists)
    ends: list[int | None] = []
    assert not run_jobs([job], 1, lambda job, worker: ends.append(worker.exit_code()), lambda: False, most_crashes=1)
    assert ends == [9]
    assert run_jobs([job], 1, lambda job, worker: ends.append(worker.exit_code()), lambda: False)
    assert ends == [9, 9, 0]
    assert run_jobs([job], 1, lambda job, worker: ends.append(worker.exit_code()), lambda: False)
    assert ends == [9, 9, 0]  # what is done is not done again


def test_jobs_in_work_are_asked_to_stop(place: Path) -> None:
    job = Job("j", "works:wait", (str(place),), place / "log", lambda: False)
    assert not run_jobs([job], 1, lambda job, worker: None, (place / "began").exists)
    assert (place / "saved").exists()
