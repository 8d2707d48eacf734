"""Which study is conducted, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frugan.system.errors import ArgumentError


@dataclass(frozen=True)
class StudyPlan:
    """A study, and what differs from it.

    Args:
        name: Name of the study.
        data: Images in place of the study's own: a folder, a zip or a data set by name.
        out: The study's folder; studies/NAME if None (studies/NAME-search for a search).
        trials: Seeds for each row; the study's own number if None.
        workers: Trials at the same time; 0 for one a core, or one on an accelerator.
        rows: Names of the rows to train now; all if empty.
        against: Name of the row that all others are tested against; "" for the first.
        space: Settings to vary, as "path=value,value": every row is trained with each combination.
        settings: Any setting of every row, as "path=value".
        search: Number of combinations of the space to try with Optuna; 0 for all of them, without it.
        ray: Address of a Ray cluster; "local" starts one here; "" for processes on this machine.
        report_only: Write the results of what has finished, and train nothing.

    Raises:
        ArgumentError: numbers out of range, or arguments that do nothing beside each other.
    """

    name: str
    data: str = ""
    out: Path | None = None
    trials: int | None = None
    workers: int = 0
    rows: Sequence[str] = ()
    against: str = ""
    space: Sequence[str] = ()
    settings: Sequence[str] = ()
    search: int = 0
    ray: str = ""
    report_only: bool = False

    def __post_init__(self) -> None:
        for argument, value, least in (
            ("trials", self.trials, 1),
            ("workers", self.workers, 0),
            ("search", self.search, 0),
        ):
            if value is not None and value < least:
                raise ArgumentError(argument, f"at least {least}", value)
        if self.report_only:
            defining = ("data", "rows", "space", "settings", "ray", "search", "trials", "workers")
            self.refuse(defining, "`report_only`")
        elif self.search:
            self.refuse(("ray", "against"), "`search`")

    @property
    def folder(self) -> Path:
        """Where it lives."""
        return Path(self.out or f"studies/{self.name}" + ("-search" if self.search else ""))

    def refuse(self, arguments: Sequence[str], beside: str) -> None:
        """An argument that would do nothing is a misunderstanding.

        Raises:
            ArgumentError: one of them was given.
        """
        for argument in arguments:
            if getattr(self, argument):
                raise ArgumentError(argument, f"does nothing beside {beside}")
