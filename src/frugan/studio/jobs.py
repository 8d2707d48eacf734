"""Trainings and long renders, each in a process of its own that ends, with what it saves, when the studio is gone.

FOLDER/.studio/jobs/NUMBER/   request.json what was asked for, status.json where it stands, log.txt what it printed

The folder tells everything: a page that is loaded again, or a studio that is started again, shows the same jobs.
"""

import json
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from frugan.config.records import parse_record, read_json
from frugan.requests.errand import KINDS, Status
from frugan.system.atomic import write_file
from frugan.system.errors import RunError, UserError
from frugan.system.jsonl import JSON
from frugan.system.worker import STOPPED, Worker

ENTRY = "frugan.use_cases.errands:run"
_MOST_AT_ONCE = 8
_MOST_KEPT = 200
_ENDED = ("finished", "stopped", "failed")
_GONE = "the studio or the computer ended while it worked. Begin it again; a training goes on with Resume."


@dataclass(frozen=True)
class Request:
    """What was asked for.

    Attributes:
        title: what it does, in words.
        place: of the run or the file that it is about.
        began: seconds since 1970.
    """

    number: int
    kind: str
    title: str
    place: str
    began: float


@dataclass(frozen=True)
class Job:
    """One job."""

    request: Request
    status: Status

    def shown(self) -> JSON:
        """As the page has it: all in one object."""
        return {**asdict(self.request), **asdict(self.status)}


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
            request = Request(number, kind, title, place, time.time())
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
        self.job(number)  # there is one
        worker = self._workers.get(number)
        if worker is not None and worker.exit_code() is None:
            worker.ask_to_stop()
        return self.job(number)

    def job(self, number: int) -> Job:
        """
        Raises:
            UserError: no such job.
        """
        found = read_json(self._file(number, "request.json")) if 0 < number < 10**9 else None
        if found is None:
            raise UserError(f"job {number}: there is no such job. It may have been removed.")
        request = parse_record(Request, found, str(self._file(number, "request.json")))
        file = self._file(number, "status.json")
        told = parse_record(Status, read_json(file) or {}, str(file))
        return Job(request, self._now(number, told))

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
        file = self._file(self.job(number).request.number, "log.txt")
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

    def _now(self, number: int, told: Status) -> Status:
        """What the process itself says, unless it is gone without a word."""
        worker = self._workers.get(number)
        if worker is not None and worker.exit_code() is None:
            return replace(told, state="stopping" if worker.asked else "running")
        if told.state in _ENDED:
            return told
        if worker is None:
            return replace(told, state="stopped", problem=_GONE)
        if worker.exit_code() == STOPPED:
            return replace(told, state="stopped")
        problem = f"it ended without a word of its own. It printed: {worker.last_words()}"
        return replace(told, state="failed", problem=problem)

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
