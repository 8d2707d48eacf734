"""One trial of a study: an ordinary run, trained and evaluated from wherever it stands, in a process of its own.

Started again after a kill, it goes
on where it was.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from frugan.config.records import read_json
from frugan.config.yaml import parse
from frugan.judging.evaluate_folder import evaluate_folder
from frugan.judging.preview import PreviewJudge
from frugan.requests.judging import Judge
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import create_run, prepare
from frugan.runs.train import train_all
from frugan.studies.folder import Trial
from frugan.system.atomic import write_file
from frugan.system.bounds import CONFIGURATION
from frugan.system.errors import DivergedError, UserError
from frugan.system.foreign_files import read_text
from frugan.system.lock import exclusive
from frugan.system.worker import STOPPED, last_lines

State = Literal["new", "begun", "finished", "failed"]
_LOCK_WAIT_SECONDS = 300.0


def trial_state(folder: Path) -> State:
    """Where a trial stands, from its files alone."""
    if (folder / "evaluation.json").exists():
        return "finished"
    if failure_file(folder).exists():
        return "failed"
    return "begun" if (folder / "config.yaml").exists() else "new"


def run_trial(config_file: Path, folder: Path, should_stop: Callable[[], bool]) -> int:
    """Train what is left, then evaluate. Returns 0 when finished, STOPPED when asked to stop.

    Raises:
        DivergedError: training failed; this is also written where `trial_state` finds it.
        RunError: something else failed, and may be tried again.
        UserError: the configuration or its data cannot be used.
    """
    # An earlier process of this trial, whose study was killed, notices that and ends.
    lock, complaint = folder.with_name(f".{folder.name}.lock"), f"{folder}: another process is running this trial"
    with exclusive(lock, f"{complaint}; stop it first", _LOCK_WAIT_SECONDS):
        if should_stop():
            return STOPPED
        if trial_state(folder) == "new":
            if folder.exists():
                shutil.rmtree(folder)  # killed while it was being made; nothing was trained
            config = parse(read_text(config_file, CONFIGURATION), str(config_file))
            create_run(prepare(config, lambda sentence: None), folder, replace=False)
        run = RunFolder.open(folder)
        config = run.config()
        try:
            if not train_all(run, should_stop=should_stop, preview=PreviewJudge):
                return STOPPED
        except DivergedError as error:
            write_file(failure_file(folder), json.dumps({"error": str(error)}).encode())
            raise
        judge = Judge(config.evaluation.features)
        evaluate_folder(folder, judge=judge, device=config.device, threads=config.threads)
    return 0


def failure_file(folder: Path) -> Path:
    """Why a trial's training failed, beside its folder."""
    return folder.with_name(f"{folder.name}.failed.json")


def read_failure(folder: Path) -> str:
    """What a failed trial said."""
    found = read_json(failure_file(folder)) or {}
    return str(found.get("error", "it did not say why"))


def log_file(folder: Path) -> Path:
    """What the trial prints, beside its folder."""
    return folder.with_name(f"{folder.name}.log")


def work(config_file: str, folder: str, *, should_stop: Callable[[], bool]) -> int:
    """One trial in a process of its own: what a `Worker` calls."""
    return run_trial(Path(config_file), Path(folder), should_stop)


def check_end(trial: Trial, code: int) -> None:
    """
    Raises:
        UserError: it ended because its configuration or data cannot be used.
    """
    if code == UserError.exit_code:
        raise UserError(f"{trial.row}, seed {trial.seed}: {last_lines(log_file(trial.folder))}")
