"""The layout of a run on disk: names and files, no torch, so that commands which only read answer at once.

config.yaml   the complete configuration          env.json   versions, machine, data and its skipped images
sampler/      train.jsonl metrics.jsonl events.jsonl samples/ snapshots/ checkpoints/
decoder/      the same, for the other part
model/        config.json, generator.safetensors, decoder.safetensors, README.md: what `frugan.load` reads
report.html   evaluation.json consistency.json
clusters.json  only in runs on clusters: the cluster of each image, in the order of their names
trackers.json  only in runs that were logged to other programs: how much each was told; tensorboard/ has such logs
initial.safetensors   only in fine-tuned and continued runs: what the networks began with
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from glob import escape
from pathlib import Path
from typing import get_args

from frugan.config.records import read_json
from frugan.config.schema import PartName, RunConfig
from frugan.runs.environment import Environment
from frugan.system.atomic import is_gone, write_file
from frugan.system.bounds import CONFIGURATION
from frugan.system.errors import ArgumentError, UserError
from frugan.system.foreign_files import read_text
from frugan.system.jsonl import JSONLines
from frugan.system.lock import exclusive

INITIAL_FILE = "initial.safetensors"


def is_run(path: Path) -> bool:
    """Whether a folder holds a run: one that was made whole."""
    return (path / "config.yaml").is_file()


def is_model(path: Path) -> bool:
    """Whether a folder holds a model without its run, such as an imported one."""
    return not is_run(path) and (path / "config.json").is_file()


class RunFolder:
    """A run that exists on disk; make one with `RunFolder.create`, open one with `RunFolder.open`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config_file = path / "config.yaml"
        self.env_file = path / "env.json"
        self.evaluation_file = path / "evaluation.json"
        self.consistency_file = path / "consistency.json"
        self.report_file = path / "report.html"
        self.model = path / "model"

    @classmethod
    def create(
        cls,
        path: Path,
        config: RunConfig,
        env: Environment,
        describe: "Callable[[RunFolder], None]",
        *,
        replace: bool,
    ) -> "RunFolder":
        """Begin a run in an empty or new folder, which appears whole. `describe` writes what else belongs to it.

        Raises:
            UserError: the folder holds something; with `replace`, only if that is not a run.
            RunError: the run to replace is still training.
        """
        given, path = path, path.resolve()
        doomed = path.with_name(f".{path.name}.replaced")
        begun = path.with_name(f".{path.name}.{os.getpid()}.begun")
        for leftover in (doomed, begun, *_of_killed_starts(path)):
            shutil.rmtree(leftover, ignore_errors=True)
        with ExitStack() as held:
            if _holds_anything(path):
                cls.check_free(given, replace=replace)
                for name in get_args(PartName):
                    complaint = f"out {path}: is still training. Stop that process first, or choose another folder"
                    held.enter_context(exclusive(cls(path).part(name).lock_file, complaint))
            try:
                run = cls(begun)
                begun.mkdir(parents=True)
                run.write_env(env)
                describe(run)
                run.write_config(config)
                if path.exists() and any(path.iterdir()):
                    path.rename(doomed)
                begun.rename(path)  # over an empty folder, if there is one
            finally:
                shutil.rmtree(begun, ignore_errors=True)
        shutil.rmtree(doomed, ignore_errors=True)
        return cls(given)

    @staticmethod
    def check_free(path: Path, *, replace: bool) -> None:
        """
        Raises:
            ArgumentError: the folder holds something; with `replace`, only if that is not a run.
        """
        if not _holds_anything(path):
            return
        if not is_run(path):
            problem = "already exists: it is not a run, so it will not be touched; choose another `out`"
            raise ArgumentError("out", problem, path)
        if not replace:
            advice = f"go on with 'frugan resume {path}', choose another `out`, or pass `replace` to delete it"
            raise ArgumentError("out", f"already exists: {advice}", path)

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """
        Raises:
            UserError: there is no run in that folder.
        """
        run = cls(path)
        if not run.config_file.is_file():
            what = "no such folder" if not path.exists() else "not a run folder (it has no config.yaml)"
            raise UserError(f"{path}: {what}; runs are made by `frugan train DATA --out RUN`")
        return run

    def config(self) -> RunConfig:
        """The complete configuration of the run."""
        from frugan.config.yaml import parse

        return parse(read_text(self.config_file, CONFIGURATION), str(self.config_file))

    def write_config(self, config: RunConfig) -> None:
        """Written last when a run is created: its presence says that the folder is a run."""
        from frugan.config.yaml import dump

        write_file(self.config_file, dump(config).encode())

    def env(self) -> Environment:
        """Versions, machine and images, as they were when the run began.

        Raises:
            UserError: the file is gone or damaged.
        """
        data = read_json(self.env_file)
        if data is None:
            raise UserError(f"{self.env_file}: there is no such file; restore it from a copy of the run")
        return Environment.from_json(data, str(self.env_file))

    def write_env(self, env: Environment) -> None:
        write_file(self.env_file, json.dumps(env.to_json(), indent=1).encode())

    def finished(self) -> bool:
        """Whether every part has reached the end of its schedule."""
        return all(
            self.part(name).snapshot(section.schedule.total_nimg).exists()
            for name, section in self.config().parts().items()
        )

    def part(self, name: PartName) -> "PartFolder":
        return PartFolder(self.path / name, name)


def _holds_anything(path: Path) -> bool:
    return path.exists() and (not path.is_dir() or any(path.iterdir()))


def _of_killed_starts(path: Path) -> Iterator[Path]:
    """Runs that were being made under a temporary name when their process died."""
    for begun in path.parent.glob(f".{escape(path.name)}.*.begun"):
        if is_gone(begun.suffixes[-2].removeprefix(".")):
            yield begun


class PartFolder:
    """What one part (sampler or decoder) writes while it trains."""

    def __init__(self, path: Path, name: PartName) -> None:
        self.path, self.name = path, name
        self.train_log = JSONLines(path / "train.jsonl")
        self.metrics_log = JSONLines(path / "metrics.jsonl")
        self.events_log = JSONLines(path / "events.jsonl")
        self.samples = path / "samples"
        self.snapshots = path / "snapshots"
        self.lock_file = path / ".lock"

    def snapshot(self, nimg: int) -> Path:
        """Weights of the averaged network at an image count."""
        return self.snapshots / f"{nimg:010d}.safetensors"

    def snapshot_counts(self) -> list[int]:
        """Image counts of all snapshots, in order."""
        return sorted(int(path.stem) for path in self.snapshots.glob("*.safetensors") if path.stem.isdigit())

    def newest_snapshot(self) -> int | None:
        """Image count of the newest snapshot, if there is one."""
        counts = self.snapshot_counts()
        return counts[-1] if counts else None

    def sample_grid(self, nimg: int) -> Path:
        return self.samples / f"{nimg:010d}.png"
