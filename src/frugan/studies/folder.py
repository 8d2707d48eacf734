"""A study on disk: its definition, its trials, its results. Opened again with the same definition it goes on.

study.json                name, question, number of trials, and the complete configuration of each row
trials/ROW/seed-0/        an ordinary run folder each; seed-0.yaml its configuration, seed-0.log what it printed,
                          seed-0.failed.json why its training failed
results.json results.csv report.html
blind.png blind-key.json  pictures of all finished trials without their names, and which is whose
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from frugan.config.published import Published, fid
from frugan.config.records import parse_record, read_json
from frugan.config.schema import RunConfig
from frugan.config.spec import to_plain
from frugan.config.yaml import dump, from_plain
from frugan.studies.definition import Row, Study
from frugan.system.atomic import holds_something, write_file
from frugan.system.errors import ArgumentError, UserError
from frugan.system.lock import exclusive


class Trial(NamedTuple):
    """A row with one seed."""

    row: str
    seed: int
    config_file: Path
    folder: Path


class StudyFolder:
    """Where a study lives; make or reopen one with `create`, read one with `open`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.definition_file = path / "study.json"
        self.results_file = path / "results.json"
        self.table_file = path / "results.csv"
        self.report_file = path / "report.html"
        self.blind_sheet = path / "blind.png"
        self.blind_key = path / "blind-key.json"

    @classmethod
    def create(cls, path: Path, study: Study) -> "StudyFolder":
        """Write the definition. On a folder that holds one already: rows and trials are added, nothing is taken away.

        Rows keep their order, so the first stays the one that others are tested against. CPU threads, which follow from
        the machine and the number of workers, stay as the study began with.

        Raises:
            UserError: the folder holds something else, or a row of that name with other settings.
        """
        folder = cls(path)
        if holds_something(path) and not folder.definition_file.exists():
            raise ArgumentError("out", "already exists and is not a study; choose another", path)
        if folder.definition_file.exists():
            study = _merged(folder.read_study(), study, path)
        rows = [
            {"name": row.name, "paper": [dataclasses.asdict(n) for n in row.paper], "config": to_plain(row.config)}
            for row in study.rows
        ]
        definition = {"name": study.name, "question": study.question, "trials": study.trials, "rows": rows}
        write_file(folder.definition_file, json.dumps(definition, indent=1).encode())
        return folder

    @classmethod
    def open(cls, path: Path) -> "StudyFolder":
        """
        Raises:
            UserError: there is no study in that folder.
        """
        folder = cls(path)
        if not folder.definition_file.is_file():
            raise UserError(f"{path}: not a study (it has no {folder.definition_file.name})")
        return folder

    def read_study(self) -> Study:
        """The definition, as it was written.

        Raises:
            UserError: it is gone or damaged.
        """
        where = str(self.definition_file)
        written = parse_record(_Written, read_json(self.definition_file), where)
        rows = tuple(Row(row.name, from_plain(RunConfig, row.config), row.published()) for row in written.rows)
        return Study(written.name, written.question, rows, written.trials)

    def trials(self, rows: Sequence[str] = ()) -> list[Trial]:
        """All trials, or those of some rows, seed by seed: a study cut short has compared every row equally often."""
        study = self.read_study()
        chosen = [row for row in study.rows if not rows or row.name in rows]
        return [self._trial(row, seed) for seed in range(study.trials) for row in chosen]

    def locked(self) -> AbstractContextManager[None]:
        """
        Raises:
            RunError: another process is conducting this study.
        """
        return exclusive(self.path / ".lock", f"{self.path}: another process is conducting this study; stop it first")

    def _trial(self, row: Row, seed: int) -> Trial:
        folder = self.path.resolve() / "trials" / row.file_name / f"seed-{seed}"
        config_file = folder.with_name(f"seed-{seed}.yaml")
        if not config_file.exists():
            write_file(config_file, dump(dataclasses.replace(row.config, seed=seed)).encode())
        return Trial(row.name, seed, config_file, folder)


@dataclass(frozen=True)
class _WrittenRow:
    name: str
    config: Mapping[str, object]
    paper: str | tuple[Published, ...]  # a text in studies of before: FID

    def published(self) -> tuple[Published, ...]:
        return fid(self.paper, "the paper") if isinstance(self.paper, str) else self.paper


@dataclass(frozen=True)
class _Written:
    """A `Study` as its file holds it."""

    name: str
    question: str
    trials: int
    rows: tuple[_WrittenRow, ...]


def _merged(earlier: Study, study: Study, path: Path) -> Study:
    known = {row.name: row for row in earlier.rows}
    for row in study.rows:
        if row.name in known and _without_threads(known[row.name]) != _without_threads(row):
            difference = _first_difference(known[row.name], row)
            problem = f"its row '{row.name}' has other settings ({difference}); choose another `out`"
            raise ArgumentError("out", problem, path)
    new = [row for row in study.rows if row.name not in known]
    return dataclasses.replace(earlier, rows=(*earlier.rows, *new), trials=max(earlier.trials, study.trials))


def _without_threads(row: Row) -> RunConfig:
    return dataclasses.replace(row.config, threads=0)


def _first_difference(earlier: Row, row: Row) -> str:
    a, b = (dump(_without_threads(r)).splitlines() for r in (earlier, row))
    return next(
        (f"'{x.strip()}' there, '{y.strip()}' here" for x, y in zip(a, b, strict=False) if x != y), "more of them"
    )
