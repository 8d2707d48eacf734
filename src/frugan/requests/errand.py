"""Use cases that are sent out into processes of their own, and what these tell of themselves."""

from dataclasses import dataclass

KINDS = ("train", "resume", "estimate", "evaluate", "report", "check", "render", "enlarge")


@dataclass(frozen=True)
class Status:
    """Where an errand stands.

    Attributes:
        state: "running", "stopping", "finished", "stopped" or "failed".
        stage: what is being done, `done` of `total` of it.
        sentences: what it said, the newest last.
        seconds_left: of a training.
        result: path or sentence that it made.
        problem: why it failed, in a sentence.
    """

    state: str = "running"
    stage: str = ""
    done: int = 0
    total: int = 0
    sentences: tuple[str, ...] = ()
    seconds_left: float | None = None
    result: str = ""
    problem: str = ""
