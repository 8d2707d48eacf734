"""One thread that computes what is asked for, the newest first; what nobody waits for any more is left out.

A running computation of torch cannot be interrupted. So each piece of work is small, is told whether it is still
wanted, and who asked last is answered first: that is the part of a picture which a person is looking at now.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from frugan.rendering.tile import CancelledError
from frugan.system.device import use_threads
from frugan.system.errors import RunError

T = TypeVar("T")


class BusyError(RunError):
    """More is asked for than can ever be computed."""


@dataclass(frozen=True)
class Ticket(Generic[T]):
    """Work that waits or runs: its result, and a way to say that nobody wants it."""

    work: Callable[[Callable[[], bool]], T]
    result: "Future[T]" = field(default_factory=Future)
    dropped: threading.Event = field(default_factory=threading.Event)

    def drop(self) -> None:
        """Nobody waits for it."""
        self.dropped.set()

    def wanted(self) -> bool:
        return not self.dropped.is_set()


class LineUp:
    """The queue and its thread. `most` requests may wait; then the oldest is refused."""

    def __init__(self, most: int = 512) -> None:
        self._most = most
        self._waiting: deque[Ticket[object]] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self.computed = self.left_out = 0
        self._thread = threading.Thread(target=self._work, name="studio pictures", daemon=True)
        self._thread.start()

    def ask(self, work: Callable[[Callable[[], bool]], T]) -> Ticket[T]:
        """Line up at the front. `work` is told how to ask whether it is still wanted."""
        ticket: Ticket[T] = Ticket(work)
        with self._changed:
            self._waiting.append(ticket)  # type: ignore[arg-type]
            refused = self._waiting.popleft() if len(self._waiting) > self._most else None
            self._changed.notify()
        if refused is not None and refused.result.set_running_or_notify_cancel():
            refused.result.set_exception(BusyError("the studio: too many pictures are asked for. Try again later."))
        return ticket

    def end(self) -> None:
        """Stop after the work that runs."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(timeout=10)

    def _work(self) -> None:
        use_threads(1)  # pieces are too small to share, and a training wants the other cores
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._ended)
                if self._ended:
                    return
                ticket = self._waiting.pop()
            if not ticket.wanted() or not ticket.result.set_running_or_notify_cancel():
                self.left_out += 1
                ticket.result.cancel()
                continue
            try:
                result = ticket.work(ticket.wanted)
            except CancelledError as error:
                self.left_out += 1
                ticket.result.set_exception(error)
            except BaseException as error:
                ticket.result.set_exception(error)
            else:
                self.computed += 1
                ticket.result.set_result(result)
