"""What a study is to those who conduct it: `StudyKind`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frugan.requests.study import StudyPlan
from frugan.requests.watching import Watcher


@dataclass(frozen=True)
class Tried:
    """A combination of settings, and the mean Frechet distance of its trials; None where one of them failed."""

    settings: Mapping[str, str]
    frechet_distance: float | None


@dataclass(frozen=True)
class StudyResult:
    """What came of a study, or of a part of it.

    Attributes:
        folder: of the study.
        finished: whether nothing that was asked for is left to do.
        stopped: whether it was asked to stop before that.
        report: its page, once there is one.
        text: the table and the verdicts, as lines for a terminal.
        tried: of a search: for each row all combinations, best first.
    """

    folder: Path
    finished: bool
    stopped: bool = False
    report: Path | None = None
    text: str = ""
    tried: Mapping[str, Sequence[Tried]] = field(default_factory=dict)


class StudyKind(ABC):
    """A question with rows and trials.

    Attributes:
        name: as people type it.
        question: that it answers.
        num_rows: of its table.
        trials: of each row, if nobody asks for another number.
    """

    name: str
    question: str
    num_rows: int
    trials: int

    @abstractmethod
    def conduct(self, plan: StudyPlan, watcher: Watcher) -> StudyResult:
        """Do what is left of it, and write its results.

        Raises:
            UserError: a plan that this study cannot follow.
        """

    @abstractmethod
    def report(self, plan: StudyPlan) -> StudyResult:
        """Write the results of what has finished.

        Raises:
            UserError: there is no such study in the folder.
        """
