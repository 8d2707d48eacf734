"""Full training states on disk: safetensors and JSON, written atomically, believed only with their checksum."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

from frugan.system.atomic import remove_leftovers, write_folder
from frugan.system.errors import RunError

FORMAT = "frugan-checkpoint/1"
_TENSORS, _STATE = "train_state.safetensors", "train_state.json"


@dataclass(frozen=True)
class Checkpoint:
    """Where training stood: images seen, all tensors, and what the loop had gathered since its last log line."""

    nimg: int
    tensors: dict[str, Tensor]
    gathered: dict[str, Tensor]


def save_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int) -> Path:
    """Write `folder/<nimg>`, then delete all but the newest `keep`. Returns its path.

    Raises:
        RunError: the disk is full; older checkpoints are untouched.
    """
    path = folder / f"{checkpoint.nimg:010d}"
    if path.exists() and _is_whole(path):
        return path  # written before an interruption; the same nimg holds the same state
    tensors = {f"state/{name}": t for name, t in checkpoint.tensors.items()}
    tensors |= {f"gathered/{name}": t for name, t in checkpoint.gathered.items()}
    content = save({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()})
    state = {"format": FORMAT, "nimg": checkpoint.nimg, "sha256": hashlib.sha256(content).hexdigest()}

    def fill(temporary: Path) -> None:
        (temporary / _TENSORS).write_bytes(content)
        (temporary / _STATE).write_text(json.dumps(state, indent=1))

    write_folder(path, fill)
    for old in _paths(folder)[:-keep]:
        shutil.rmtree(old)
    return path


def load_newest_checkpoint(folder: Path, *, tidies: bool = True) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that is whole, and a sentence about each newer one that is not.

    Returns (None, []) if there is none at all. `tidies`: remove what a killed writer left, which only the process that
    owns the run may.

    Raises:
        RunError: there are checkpoints, and not one of them can be read.
    """
    if tidies:
        remove_leftovers(folder)
    complaints: list[str] = []
    for path in reversed(_paths(folder)):
        try:
            return _load(path), complaints
        except RunError as error:
            complaints.append(str(error))
    if complaints:
        raise RunError("no checkpoint can be read:\n  " + "\n  ".join(complaints))
    return None, []


def load_checkpoint(folder: Path, nimg: int) -> Checkpoint:
    """The one at that image count, which another process has found whole.

    Raises:
        RunError: it cannot be read here.
    """
    return _load(folder / f"{nimg:010d}")


def _paths(folder: Path) -> list[Path]:
    return sorted(p for p in folder.glob("[0-9]*") if p.is_dir())


def _is_whole(path: Path) -> bool:
    try:
        _load(path)
    except RunError:
        return False
    return True


def _load(path: Path) -> Checkpoint:
    try:
        state: Any = json.loads((path / _STATE).read_text())
        content = (path / _TENSORS).read_bytes()
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: incomplete checkpoint: {error}") from error
    found = state.get("format") if isinstance(state, dict) else type(state).__name__
    if found != FORMAT:
        raise RunError(f"{path}: not a checkpoint of this program (format '{found}', expected '{FORMAT}')")
    if hashlib.sha256(content).hexdigest() != state.get("sha256"):
        raise RunError(f"{path / _TENSORS}: torn or altered: its checksum differs from the one in {_STATE}")
    tensors = load(content)
    return Checkpoint(int(state["nimg"]), _named("state/", tensors), _named("gathered/", tensors))


def _named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
