"""One trial of a study: an ordinary run, trained and evaluated from wherever it stands, in a process of its own.

    python -m frugan.studies.trial CONFIG.yaml FOLDER PARENT

is how a study starts it, on this machine or on another; started again after a kill, it goes on where it was.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from frugan.config.yaml import parse
from frugan.runs.folder import RunFolder
from frugan.system.atomic import write_file
from frugan.system.errors import DivergedError, RunError, UserError
from frugan.system.lock import exclusive

State = Literal["new", "begun", "finished", "failed"]
STOPPED = 3  # exit code: asked to stop, and a checkpoint was written
_LOCK_WAIT_SECONDS = 300.0


def trial_state(folder: Path) -> State:
    """Where a trial stands, from its files alone."""
    if (folder / "evaluation.json").exists():
        return "finished"
    if failure_file(folder).exists():
        return "failed"
    return "begun" if (folder / "config.yaml").exists() else "new"


def start_trial(config_file: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """Begin or go on with a trial in a new process that stops, with a checkpoint, when this one dies."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "frugan.studies.trial", str(config_file), str(folder), str(os.getpid())]
    with open(log_file(folder), "ab") as log:
        # In a session of its own, so that Ctrl-C reaches only the study, which then asks its trials to stop.
        return subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )


def run_trial(config_file: Path, folder: Path, should_stop: Callable[[], bool]) -> int:
    """Train what is left, then evaluate. Returns 0 when finished, STOPPED when asked to stop.

    Raises:
        DivergedError: training failed; this is also written where `trial_state` finds it.
        RunError: something else failed, and may be tried again.
        UserError: the configuration or its data cannot be used.
    """
    from frugan.judging.evaluate_folder import evaluate_folder
    from frugan.runs.prepare import create_run, prepare
    from frugan.runs.train import train_all

    # An earlier process of this trial, whose study was killed, notices that and ends.
    lock, complaint = folder.with_name(f".{folder.name}.lock"), f"{folder}: another process is running this trial"
    with exclusive(lock, f"{complaint}; stop it first", _LOCK_WAIT_SECONDS):
        if should_stop():
            return STOPPED
        if trial_state(folder) == "new":
            if folder.exists():
                shutil.rmtree(folder)  # killed while it was being made; nothing was trained
            config = parse(config_file.read_text(), str(config_file))
            create_run(prepare(config, lambda sentence: None), folder, replace=False)
        run = RunFolder.open(folder)
        config = run.config()
        try:
            if not train_all(run, lambda tick: None, should_stop):
                return STOPPED
        except DivergedError as error:
            write_file(failure_file(folder), json.dumps({"error": str(error)}).encode())
            raise
        evaluate_folder(folder, features=config.evaluation.features, device=config.device, threads=config.threads)
    return 0


def failure_file(folder: Path) -> Path:
    """Why a trial's training failed, beside its folder."""
    return folder.with_name(f"{folder.name}.failed.json")


def read_failure(folder: Path) -> str:
    """What a failed trial said."""
    loaded: dict[str, Any] = json.loads(failure_file(folder).read_text())
    return str(loaded["error"])


def log_file(folder: Path) -> Path:
    """What the trial prints, beside its folder."""
    return folder.with_name(f"{folder.name}.log")


def read_log(folder: Path) -> str:
    """The last lines that a trial printed."""
    if not log_file(folder).exists():
        return "it printed nothing"
    return "\n".join(log_file(folder).read_text(errors="replace").strip().splitlines()[-5:])


def main() -> int:
    """One trial in a process of its own: CONFIG FOLDER PARENT; it stops when its parent is gone."""
    from frugan.runs.train import parent_is_gone

    config_file, folder, parent = sys.argv[1:]
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: asked.append(number))
    try:
        return run_trial(Path(config_file), Path(folder), lambda: bool(asked) or parent_is_gone(int(parent)))
    except (UserError, RunError) as error:
        print(f"frugan: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
