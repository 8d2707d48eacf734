"""Checkpoints that are damaged, forged or of another run are passed over, and said so; the older one is taken."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from frugan.system.errors import RunError
from frugan.training.checkpoint import Checkpoint, load_newest_checkpoint, save_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two checkpoints of one run, at 8 and 16 images."""
    for nimg in (8, 16):
        save_checkpoint(tmp_path, Checkpoint(nimg, {"w": torch.full((2,), float(nimg))}, {}, "mine"), keep=2)
    return tmp_path


def state_of(folder: Path) -> Path:
    return folder / "0000000016" / "train_state.json"


@pytest.mark.parametrize("nimg", [None, -16, float("nan"), 12, "16", 16.0, [16], 10**30])
def test_the_image_count_is_under_the_checksum(folder: Path, nimg: object) -> None:
    state = json.loads(state_of(folder).read_text())
    state_of(folder).write_text(json.dumps({**state, "nimg": nimg}))
    checkpoint, complaints = load_newest_checkpoint(folder, "mine")
    assert checkpoint is not None
    assert (checkpoint.nimg, float(checkpoint.tensors["w"][0])) == (8, 8.0)
    assert len(complaints) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"null", b"\xff\xfe", b"[" * 10_000, b'{"format": 1}'])
def test_any_damage_to_the_state_goes_back_to_the_older_one(folder: Path, content: bytes) -> None:
    state_of(folder).write_bytes(content)
    checkpoint, complaints = load_newest_checkpoint(folder, "mine")
    assert checkpoint is not None
    assert checkpoint.nimg == 8
    assert "0000000016" in complaints[0]


def test_tensors_that_do_not_parse_under_a_right_checksum_are_passed_over(folder: Path) -> None:
    content = b"\x08\0\0\0\0\0\0\0not json"
    covered = {name: value for name, value in json.loads(state_of(folder).read_text()).items() if name != "sha256"}
    digest = hashlib.sha256(json.dumps(covered, sort_keys=True).encode() + b"\n" + content).hexdigest()
    state_of(folder).write_text(json.dumps({**covered, "sha256": digest}))
    (state_of(folder).parent / "train_state.safetensors").write_bytes(content)
    checkpoint, complaints = load_newest_checkpoint(folder, "mine")
    assert checkpoint is not None
    assert checkpoint.nimg == 8
    assert "not safetensors" in complaints[0]


def test_a_checkpoint_of_another_run_is_never_adopted(folder: Path) -> None:
    save_checkpoint(folder, Checkpoint(24, {"w": torch.zeros(2)}, {}, "theirs"), keep=3)
    checkpoint, complaints = load_newest_checkpoint(folder, "mine")
    assert checkpoint is not None
    assert checkpoint.nimg == 16
    assert "another run" in complaints[0]
    with pytest.raises(RunError, match="another run"):
        load_newest_checkpoint(folder, "third")


def test_checkpoints_of_before_there_was_an_identity_go_on(folder: Path) -> None:
    content = (state_of(folder).parent / "train_state.safetensors").read_bytes()
    old = {"format": "frugan-checkpoint/1", "nimg": 16, "sha256": hashlib.sha256(content).hexdigest()}
    state_of(folder).write_text(json.dumps(old))
    checkpoint, complaints = load_newest_checkpoint(folder, "mine")
    assert checkpoint is not None
    assert (checkpoint.nimg, complaints) == (16, [])
    state_of(folder).write_text(json.dumps({**old, "nimg": 12}))
    assert "is not that of its folder" in load_newest_checkpoint(folder, "mine")[1][0]
