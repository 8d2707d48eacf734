"""A study on disk: its definition, its trials, its results. Opened again with the same definition it goes on.

study.json            name, question, rows and number of trials
rows/ROW.yaml         the complete configuration of each row
trials/ROW/seed-0/    an ordinary run folder each; seed-0.log what it printed, seed-0.failed.json why it failed
results.json results.csv report.html
"""

import dataclasses
import json
from pathlib import Path
from typing import NamedTuple

from frugan.atomic import write_file
from frugan.errors import UserError
from frugan.settings import dump, parse
from frugan.studies.definition import Row, Study


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

    @classmethod
    def create(cls, path: Path, study: Study) -> "StudyFolder":
        """Write the definition. On a folder that holds one already: rows and trials may be added, none changed.

        Raises:
            UserError: the folder holds something else, or a row of that name with other settings.
        """
        folder = cls(path)
        if path.exists() and any(path.iterdir()) and not folder.definition_file.exists():
            raise UserError(f"--out {path}: already exists and is not a study; choose another")
        earlier = folder.open_study() if folder.definition_file.exists() else None
        rows = {row.name: row for row in earlier.rows} if earlier else {}
        for row in study.rows:
            if row.name in rows and rows[row.name].config != row.config:
                raise UserError(
                    f"--out {path}: its row '{row.name}' has other settings ({folder.row_file(row.name)}); choose "
                    "another --out"
                )
        path.mkdir(parents=True, exist_ok=True)
        kept = [row for name, row in rows.items() if name not in {row.name for row in study.rows}]
        merged = dataclasses.replace(study, rows=(*study.rows, *kept))
        for row in merged.rows:
            write_file(folder.row_file(row.name), dump(row.config).encode())
        rows_json = [{"name": row.name, "paper": row.paper} for row in merged.rows]
        definition = {"name": study.name, "question": study.question, "trials": study.trials, "rows": rows_json}
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

    def open_study(self) -> Study:
        """The definition, as it was written."""
        data = json.loads(self.definition_file.read_text())
        rows = tuple(
            Row(row["name"], parse((file := self.row_file(row["name"])).read_text(), str(file)), row["paper"])
            for row in data["rows"]
        )
        return Study(data["name"], data["question"], rows, data["trials"])

    def row_file(self, row: str) -> Path:
        return self.path / "rows" / f"{_file_name(row)}.yaml"

    def trials(self) -> list[Trial]:
        """All of them, seed by seed, so that a study cut short has compared every row equally often."""
        study = self.open_study()
        return [self._trial(row, seed) for seed in range(study.trials) for row in study.rows]

    def _trial(self, row: Row, seed: int) -> Trial:
        folder = self.path.resolve() / "trials" / _file_name(row.name) / f"seed-{seed}"
        config_file = folder.with_name(f"seed-{seed}.yaml")
        if not config_file.exists():
            write_file(config_file, dump(dataclasses.replace(row.config, seed=seed)).encode())
        return Trial(row.name, seed, config_file, folder)


def _file_name(row: str) -> str:
    """A row's name as part of a path."""
    return "".join(c if c.isalnum() or c in "-_.=+" else "_" for c in row)
