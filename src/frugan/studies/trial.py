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
from pathlib import Path
from typing import Any, Literal

from frugan.atomic import write_file
from frugan.errors import RunError, UserError
from frugan.run_folder import RunFolder
from frugan.settings import parse

State = Literal["new", "begun", "finished", "failed"]
STOPPED = 3  # exit code: asked to stop, and a checkpoint was written


def trial_state(folder: Path) -> State:
    """Where a trial stands, from its files alone."""
    if (folder / "evaluation.json").exists():
        return "finished"
    if failure_file(folder).exists():
        return "failed"
    return "begun" if (folder / "config.yaml").exists() else "new"


def failure_file(folder: Path) -> Path:
    """Why a trial failed, beside its folder: training failed, so that starting it again would end in the same way."""
    return folder.with_name(f"{folder.name}.failed.json")


def start_trial(config_file: Path, folder: Path) -> "subprocess.Popen[bytes]":
    """Begin or go on with a trial in a new process that stops, with a checkpoint, when this one dies."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "frugan.studies.trial", str(config_file), str(folder), str(os.getpid())]
    with open(log_file(folder), "ab") as log:
        # In a session of its own, so that Ctrl-C reaches only the study, which then asks its trials to stop.
        return subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )


def run_trial(config_file: Path, folder: Path, parent: int) -> int:
    """Train what is left, evaluate. Returns 0 when finished, STOPPED when asked to stop.

    Raises:
        RunError: training failed; this is also written where `trial_state` finds it.
        UserError: the configuration or its data cannot be used.
    """
    from frugan.pipelines.evaluate_folder import evaluate_folder
    from frugan.pipelines.prepare import create_run, prepare
    from frugan.pipelines.train import parent_is_gone, train_all

    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: asked.append(number))
    if trial_state(folder) == "new":
        if folder.exists():
            shutil.rmtree(folder)  # killed while it was being made; nothing was trained
        config = parse(config_file.read_text(), str(config_file))
        create_run(prepare(config, lambda sentence: None), folder, replace=False)
    run = RunFolder.open(folder)
    config = run.config()
    try:
        if not train_all(run, lambda tick: None, lambda: bool(asked) or parent_is_gone(parent)):
            return STOPPED
    except RunError as error:
        write_file(failure_file(folder), json.dumps({"error": str(error)}).encode())
        raise
    evaluate_folder(folder, features=config.evaluation.features, device=config.device, threads=config.threads)
    return 0


def read_failure(folder: Path) -> str:
    """What a failed trial said."""
    loaded: dict[str, Any] = json.loads(failure_file(folder).read_text())
    return str(loaded["error"])


def read_log(folder: Path) -> str:
    """The last lines that a trial printed."""
    return "\n".join(log_file(folder).read_text(errors="replace").strip().splitlines()[-5:])


def log_file(folder: Path) -> Path:
    """What the trial prints, beside its folder."""
    return folder.with_name(f"{folder.name}.log")


def main() -> int:
    config_file, folder, parent = sys.argv[1:]
    try:
        return run_trial(Path(config_file), Path(folder), int(parent))
    except (UserError, RunError) as error:
        print(f"frugan: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
