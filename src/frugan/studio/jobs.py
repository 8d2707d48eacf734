"""Trainings and long renders, each in a process of its own that ends, with what it saves, when the studio is gone.

FOLDER/.studio/jobs/NUMBER/   request.json what was asked for, status.json where it stands, log.txt what it printed

The folder tells everything: a page that is loaded again, or a studio that is started again, shows the same jobs.
"""

import json
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from frugan.config.records import parse_record, read_json
from frugan.system.atomic import write_file
from frugan.system.errors import RunError, UserError
from frugan.system.worker import STOPPED, Worker

ENTRY = "frugan.use_cases.errands:run"
KINDS = ("train", "resume", "estimate", "evaluate", "report", "check", "render", "enlarge")
_MOST_AT_ONCE = 8
_MOST_KEPT = 200
_ENDED = ("finished", "stopped", "failed")
_GONE = "the studio or the computer ended while it worked. Begin it again; a training goes on with Resume."


@dataclass(frozen=True)
class Job:
    """One job, as the page shows it.

    Attributes:
        title: what it does, in words.
        place: of the run or the file that it is about.
        state: "running", "stopping", "finished", "stopped" or "failed".
        stage: what is being done, `done` of `total` of it.
        result: path or sentence that it made.
        problem: why it failed, in a sentence.
        began: seconds since 1970.
    """

    number: int
    kind: str
    title: str
    place: str
    began: float
    state: str = "running"
    stage: str = ""
    done: int = 0
    total: int = 0
    sentences: tuple[str, ...] = ()
    seconds_left: float | None = None
    result: str = ""
    problem: str = ""


@dataclass(frozen=True)
class _Request:
    number: int
    kind: str
    title: str
    place: str
    began: float


class Jobs:
    """The jobs of a studio. Methods may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._workers: dict[int, Worker] = {}
        self._lock = threading.Lock()

    def begin(self, kind: str, title: str, place: str, arguments: Mapping[str, object]) -> Job:
        """
        Raises:
            RunError: too many run.
        """
        assert kind in KINDS
        with self._lock:
            if sum(worker.exit_code() is None for worker in self._workers.values()) >= _MOST_AT_ONCE:
                raise RunError(f"jobs: {_MOST_AT_ONCE} run already. Wait for one, or stop one.")
            number = max(self._numbers(), default=0) + 1
            request = _Request(number, kind, title, place, time.time())
            write_file(self._file(number, "request.json"), json.dumps(asdict(request)).encode())
            status, log = self._file(number, "status.json"), self._file(number, "log.txt")
            self._workers[number] = Worker(ENTRY, (kind, json.dumps(arguments), str(status)), log)
            self._forget_old()
        return self.job(number)

    def stop(self, number: int) -> Job:
        """Ask it to end; a training writes a checkpoint first.

        Raises:
            UserError: no such job.
        """
        job = self.job(number)
        worker = self._workers.get(number)
        if worker is not None and worker.exit_code() is None:
            worker.ask_to_stop()
        return self.job(job.number)

    def job(self, number: int) -> Job:
        """
        Raises:
            UserError: no such job.
        """
        found = read_json(self._file(number, "request.json")) if 0 < number < 10**9 else None
        if found is None:
            raise UserError(f"job {number}: there is no such job. It may have been removed.")
        request = parse_record(_Request, found, str(self._file(number, "request.json")))
        told = read_json(self._file(number, "status.json")) or {}
        return parse_record(Job, {**told, **asdict(request), **self._state(number, told)}, "status.json")

    def all(self) -> list[Job]:
        """The newest first. What is damaged is left out."""
        found = []
        for number in sorted(self._numbers(), reverse=True):
            try:
                found.append(self.job(number))
            except UserError:
                continue
        return found

    def log(self, number: int, most: int = 20_000) -> str:
        """The end of what a job printed."""
        file = self._file(self.job(number).number, "log.txt")
        if not file.exists():
            return ""
        with open(file, "rb") as opened:
            opened.seek(max(0, file.stat().st_size - most))
            return opened.read(most).decode(errors="replace")

    def end(self, seconds: float = 60.0) -> None:
        """Ask all to stop, and wait until trainings have written their checkpoints."""
        for worker in self._workers.values():
            if worker.exit_code() is None:
                worker.ask_to_stop()
        for worker in self._workers.values():
            worker.wait(seconds)

    def _state(self, number: int, told: Mapping[str, object]) -> dict[str, str]:
        """What the process itself says, unless it is gone without a word."""
        worker = self._workers.get(number)
        if worker is not None and worker.exit_code() is None:
            return {"state": "stopping" if worker.asked else "running"}
        if told.get("state") in _ENDED:
            return {}
        if worker is None:
            return {"state": "stopped", "problem": _GONE}
        if worker.exit_code() == STOPPED:
            return {"state": "stopped"}
        said = worker.last_words()
        return {"state": "failed", "problem": f"it ended without a word of its own. It printed: {said}"}

    def _file(self, number: int, name: str) -> Path:
        return self.folder / str(number) / name

    def _numbers(self) -> list[int]:
        if not self.folder.is_dir():
            return []
        return [int(path.name) for path in self.folder.iterdir() if path.name.isascii() and path.name.isdigit()]

    def _forget_old(self) -> None:
        for number in sorted(self._numbers())[:-_MOST_KEPT]:
            worker = self._workers.get(number)
            if worker is None or worker.exit_code() is not None:
                shutil.rmtree(self.folder / str(number), ignore_errors=True)
                self._workers.pop(number, None)
