"""How a caller follows what takes long: sentences, progress, and a wish to stop."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Tick:
    """Where the training of one part stands.

    Attributes:
        part: "sampler" or "decoder".
        nimg: images shown so far, of `total`.
        values: losses since the last tick, by name.
    """

    part: str
    nimg: int
    total: int
    images_per_second: float
    values: Mapping[str, Any]

    @property
    def seconds_left(self) -> float:
        """At the present speed."""
        return (self.total - self.nimg) / max(self.images_per_second, 1e-9)


def never() -> bool:
    """Nobody asks to stop."""
    return False


@contextmanager
def _uninterrupted() -> Iterator[Callable[[], bool]]:
    yield never


@dataclass(frozen=True)
class Watcher:
    """What a caller wants to hear of. Nothing, if left out.

    Attributes:
        say: takes a sentence for a person.
        on_stage: takes a stage's name, and how much of it is done, of how much.
        on_ticks: takes where each part in training stands: the one in this process first.
        interruptible: makes a context in which training can be asked to stop, and yields the question whether it was.
    """

    say: Callable[[str], None] = lambda sentence: None
    on_stage: Callable[[str, int, int], None] = lambda stage, done, total: None
    on_ticks: Callable[[Sequence[Tick]], None] = lambda ticks: None
    interruptible: Callable[[], AbstractContextManager[Callable[[], bool]]] = _uninterrupted

    def silenced(self) -> "Watcher":
        """The same wish to stop, and nothing said: for all processes of a job but the first."""
        return replace(SILENT, interruptible=self.interruptible)


SILENT = Watcher()
