"""Use cases in processes of their own: what a program that must stay answerable, such as the studio, sends out.

A `Worker` calls `run`. The request is text; what happens is told in a file, which always holds one whole status.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from frugan.requests.drawing import Drawing
from frugan.requests.errand import Status
from frugan.requests.frame import Frame
from frugan.requests.watching import Tick, Watcher
from frugan.system.atomic import write_file
from frugan.system.errors import RunError, UserError
from frugan.system.worker import STOPPED
from frugan.use_cases.plan import Plan

_EVERY_SECONDS = 0.5


class _StopError(Exception):
    """Asked to stop, in the middle of something that is not kept."""


class _Teller:
    """Writes the status file, not too often."""

    def __init__(self, file: Path, should_stop: Callable[[], bool]) -> None:
        self.file, self.should_stop, self.status, self.written = file, should_stop, Status(), 0.0
        self.training = False

    def tell(self, *, now: bool = False, **changes: Any) -> None:
        self.status = replace(self.status, **changes)
        if now or time.monotonic() - self.written > _EVERY_SECONDS:
            self.written = time.monotonic()
            write_file(self.file, json.dumps(asdict(self.status)).encode())

    def say(self, sentence: str) -> None:
        self.tell(sentences=(*self.status.sentences, sentence)[-50:])
        self._end_if_asked()

    def on_stage(self, stage: str, done: int, total: int) -> None:
        self.tell(stage=stage, done=done, total=total, seconds_left=None)
        self._end_if_asked()

    def on_ticks(self, ticks: Sequence[Tick]) -> None:
        slowest = max(ticks, key=lambda tick: tick.seconds_left)
        self.tell(stage=slowest.part, done=slowest.nimg, total=slowest.total, seconds_left=slowest.seconds_left)

    def _end_if_asked(self) -> None:
        """A training ends by itself, with a checkpoint."""
        if self.should_stop() and not self.training:
            raise _StopError

    @contextmanager
    def interruptible(self) -> Iterator[Callable[[], bool]]:
        self.training = True
        yield self.should_stop
        self.training = False

    def watcher(self) -> Watcher:
        return Watcher(self.say, self.on_stage, self.on_ticks, self.interruptible)


def run(kind: str, request: str, status: str, *, should_stop: Callable[[], bool]) -> int:
    """One errand, of `requests.errand.KINDS`; `request` has its arguments as JSON, `status` the file to tell it in.

    Returns:
        The exit code.
    """
    teller = _Teller(Path(status), should_stop)
    teller.tell(now=True)
    try:
        result = ERRANDS[kind](json.loads(request), teller.watcher())
    except _StopError:
        teller.tell(now=True, state="stopped")
        return STOPPED
    except (UserError, RunError) as error:
        teller.tell(now=True, state="failed", problem=str(error))
        return error.exit_code
    except OSError as error:
        teller.tell(
            now=True, state="failed", problem=f"{error.filename or kind}: {error.strerror or error}. Try again."
        )
        return RunError.exit_code
    except MemoryError:
        teller.tell(now=True, state="failed", problem=f"{kind}: not enough memory. Choose a smaller size.")
        return RunError.exit_code
    stopped = result is None
    teller.tell(now=True, state="stopped" if stopped else "finished", result=result or "")
    return STOPPED if stopped else 0


Arguments = Mapping[str, Any]


def _train(asked: Arguments, watcher: Watcher) -> str | None:
    from frugan.use_cases.train import train

    trained = train(Plan(**asked["plan"]), Path(asked["out"]), watcher=watcher)
    return str(trained.run) if trained.finished else None


def _resume(asked: Arguments, watcher: Watcher) -> str | None:
    from frugan.use_cases.resume import resume

    trained = resume(Path(asked["run"]), kimg=asked.get("kimg", 0.0), watcher=watcher)
    return str(trained.run) if trained.finished else None


def _estimate(asked: Arguments, watcher: Watcher) -> str:
    from frugan.use_cases.train import estimate

    found = estimate(Plan(**asked["plan"]), watcher=watcher)
    parts = [
        f"{name}: {part.minutes:.1f} minutes, {part.images_per_second:.0f} images a second, "
        f"about {part.peak_memory_mb:.0f} MB of memory"
        for name, part in found.parts.items()
    ]
    return "; ".join(parts) + f"; on {found.device}"


def _evaluate(asked: Arguments, watcher: Watcher) -> str:
    from frugan.use_cases.evaluate import evaluate

    return evaluate(Path(asked["run"]), watcher=watcher).verdict()


def _report(asked: Arguments, watcher: Watcher) -> str:
    from frugan.use_cases.report import report

    return str(report(Path(asked["run"]), watcher=watcher))


def _check(asked: Arguments, watcher: Watcher) -> str:
    from frugan.use_cases.check_data import check_data

    check_data(asked["data"], page=Path(asked["page"]), watcher=watcher)
    return str(asked["page"])


def _render(asked: Arguments, watcher: Watcher) -> str:
    from frugan.use_cases.render import render

    drawing, frame = Drawing(**asked["drawing"]), _framed(asked["frame"])
    return str(render(Path(asked["model"]), Path(asked["out"]), drawing, frame, device="cpu", watcher=watcher).file)


def _framed(asked: Arguments) -> Frame:
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()}
    return Frame(**given)


def _enlarge(asked: Arguments, watcher: Watcher) -> str:
    from frugan.use_cases.upscale import upscale

    made = upscale([Path(asked["image"])], Path(asked["decoder"]), Path(asked["out"]), device="cpu", watcher=watcher)
    if made.unreadable:
        raise UserError(made.unreadable[0])
    return str(made.pictures[0].file)


ERRANDS: Mapping[str, Callable[[Arguments, Watcher], str | None]] = {
    "train": _train,
    "resume": _resume,
    "estimate": _estimate,
    "evaluate": _evaluate,
    "report": _report,
    "check": _check,
    "render": _render,
    "enlarge": _enlarge,
}
