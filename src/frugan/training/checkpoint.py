"""Full training states on disk: safetensors and JSON, written atomically, believed only with their checksum."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from frugan.system.atomic import remove_leftovers, write_folder
from frugan.system.bounds import CHECKPOINT_STATE, CHECKPOINT_TENSORS
from frugan.system.errors import RunError, UserError
from frugan.system.foreign_files import read_bounded
from frugan.system.jsonl import JSON

FORMAT = "frugan-checkpoint/2"
_FIRST_FORMAT = "frugan-checkpoint/1"  # whose checksum did not cover the image count, and which knew no run
_TENSORS, _STATE = "train_state.safetensors", "train_state.json"


@dataclass(frozen=True)
class Checkpoint:
    """Where training stood: images seen, all tensors, and what the loop had gathered since its last log line.

    `run` is the identity of the run that wrote it; a checkpoint of another run is never adopted.
    """

    nimg: int
    tensors: dict[str, Tensor]
    gathered: dict[str, Tensor]
    run: str = ""


def save_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int) -> Path:
    """Write `folder/<nimg>`, then delete all but the newest `keep`. Returns its path.

    Raises:
        RunError: the disk is full; older checkpoints are untouched.
    """
    path = folder / f"{checkpoint.nimg:010d}"
    if path.exists() and _is_whole(path, checkpoint.run):
        return path  # written before an interruption; the same nimg holds the same state
    tensors = {f"state/{name}": t for name, t in checkpoint.tensors.items()}
    tensors |= {f"gathered/{name}": t for name, t in checkpoint.gathered.items()}
    content = save({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()})
    state: JSON = {"format": FORMAT, "nimg": checkpoint.nimg, "run": checkpoint.run}
    state["sha256"] = _checksum(state, content)

    def fill(temporary: Path) -> None:
        (temporary / _TENSORS).write_bytes(content)
        (temporary / _STATE).write_text(json.dumps(state, indent=1))

    write_folder(path, fill)
    for old in _paths(folder)[:-keep]:
        shutil.rmtree(old)
    return path


def load_newest_checkpoint(
    folder: Path, run: str | None = None, *, tidies: bool = True
) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that is whole and of that run, and a sentence about each newer one that is not.

    Returns (None, []) if there is none at all. `run`: None for a checkpoint of any run. `tidies`: remove what a killed
    writer left, which only the process that owns the run may.

    Raises:
        RunError: there are checkpoints, and not one of them can be read.
    """
    if tidies:
        remove_leftovers(folder)
    complaints: list[str] = []
    for path in reversed(_paths(folder)):
        try:
            return _load(path, run), complaints
        except RunError as error:
            complaints.append(str(error))
    if complaints:
        raise RunError("no checkpoint can be read:\n  " + "\n  ".join(complaints))
    return None, []


def load_checkpoint(folder: Path, nimg: int, run: str | None = None) -> Checkpoint:
    """The one at that image count, which another process has found whole.

    Raises:
        RunError: it cannot be read here.
    """
    return _load(folder / f"{nimg:010d}", run)


def newest_nimg(folder: Path) -> int:
    """Images seen at the newest checkpoint, by its name; 0 if there is none."""
    return max((int(path.name) for path in _paths(folder) if path.name.isdigit()), default=0)


def _paths(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("[0-9]*") if p.is_dir())


def _is_whole(path: Path, run: str | None) -> bool:
    try:
        _load(path, run)
    except RunError:
        return False
    return True


def _load(path: Path, run: str | None) -> Checkpoint:
    """Any damage becomes a RunError, so that the caller can go back to an older checkpoint."""
    try:
        state = json.loads(read_bounded(path / _STATE, CHECKPOINT_STATE))
        content = read_bounded(path / _TENSORS, CHECKPOINT_TENSORS)
    except (OSError, ValueError, RecursionError, UserError) as error:
        raise RunError(f"{path}: incomplete checkpoint: {error}") from error
    found = state.get("format") if isinstance(state, dict) else type(state).__name__
    if found not in (FORMAT, _FIRST_FORMAT):
        raise RunError(f"{path}: not a checkpoint of this program (format '{found}', expected '{FORMAT}')")
    expected = _checksum(state, content) if found == FORMAT else hashlib.sha256(content).hexdigest()
    if expected != state.get("sha256"):
        raise RunError(f"{path}: torn or altered: its checksum differs from the one in {_STATE}")
    nimg, writer = state.get("nimg"), state.get("run", "")
    if type(nimg) is not int or path.name != f"{nimg:010d}":
        raise RunError(f"{path / _STATE}: its image count {nimg!r} is not that of its folder")
    if run is not None and writer not in ("", run):
        raise RunError(f"{path}: was written by another run than the one in this folder")
    try:
        tensors = load(content)
    except (SafetensorError, ValueError) as error:
        raise RunError(f"{path / _TENSORS}: not safetensors: {error}") from error
    return Checkpoint(nimg, _named("state/", tensors), _named("gathered/", tensors), writer)


def _checksum(state: Mapping[str, object], content: bytes) -> str:
    """Over everything that decides how a run goes on: the tensors, and the state but for the checksum itself."""
    covered = {name: value for name, value in state.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode() + b"\n" + content).hexdigest()


def _named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
