"""Interrupted runs end bit for bit where uninterrupted ones do: stopped, or killed at random moments."""

import dataclasses
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest
import torch

from frugan.config.schema import RunConfig
from frugan.config.spec import Spec
from frugan.judging.preview import PreviewJudge
from frugan.model.folder import load
from frugan.runs.folder import PartFolder, RunFolder
from frugan.runs.prepare import create_run, prepare
from frugan.runs.train import train_part
from frugan.stabilizers.ada import ADA
from frugan.stabilizers.annealing import linear
from frugan.stabilizers.chain import Chain
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.system.errors import RunError
from frugan.training.checkpoint import load_newest_checkpoint


def new_run(config: RunConfig, path: Path) -> RunFolder:
    return create_run(prepare(config, lambda sentence: None), path, replace=False)


def finish(run: RunFolder, part: str = "sampler") -> None:
    assert train_part(run, part, preview=PreviewJudge)


def without_clock(part: PartFolder) -> list[dict[str, object]]:
    lines = part.train_log.read() + part.metrics_log.read()
    return [{name: value for name, value in line.items() if name != "clock"} for line in lines]


def assert_same_end(run: RunFolder, reference: RunFolder, part: str = "sampler") -> None:
    ours, theirs = (load_newest_checkpoint(r.path / part / "checkpoints")[0] for r in (run, reference))
    assert ours is not None
    assert theirs is not None
    assert ours.nimg == theirs.nimg
    assert ours.tensors.keys() == theirs.tensors.keys()
    for name, tensor in ours.tensors.items():
        assert torch.equal(tensor, theirs.tensors[name]), name
    assert without_clock(run.part(part)) == without_clock(reference.part(part))  # type: ignore[arg-type]


def test_two_runs_with_one_seed_are_identical(tiny_config: RunConfig, trained_run: Path, tmp_path: Path) -> None:
    run = new_run(tiny_config, tmp_path / "again")
    finish(run)
    finish(run, "decoder")
    reference = RunFolder(trained_run)
    assert_same_end(run, reference)
    assert_same_end(run, reference, "decoder")
    images = [load(path).sample(range(4)) for path in (run.path, trained_run)]
    assert torch.equal(*images)


def test_another_seed_gives_another_run(tiny_config: RunConfig, trained_run: Path, tmp_path: Path) -> None:
    run = new_run(dataclasses.replace(tiny_config, seed=1), tmp_path / "other")
    finish(run)
    assert without_clock(run.part("sampler")) != without_clock(RunFolder(trained_run).part("sampler"))


@pytest.mark.parametrize("part", ["sampler", "decoder"])
@pytest.mark.parametrize("stop_after", [1, 3, 7])
def test_stopping_anywhere_changes_nothing(
    tiny_config: RunConfig, trained_run: Path, tmp_path: Path, part: str, stop_after: int
) -> None:
    run = new_run(tiny_config, tmp_path / "stopped")
    steps = iter(range(1000))
    assert not train_part(run, part, preview=PreviewJudge, should_stop=lambda: next(steps) == stop_after)
    finish(run, part)
    assert_same_end(run, RunFolder(trained_run), part)


def test_what_a_stabilizer_measures_and_controls_survives_stopping(tiny_config: RunConfig, tmp_path: Path) -> None:
    """ADA's probability comes from the checkpoint, the scale-space's sigma from measuring the same images again."""
    stabilizer = Spec(
        Chain,
        stages=(
            Spec(ADA, target=-1.0, kimg=0.2, interval=3),  # a target that is always exceeded: p rises by steps
            Spec(ScaleSpace, start=8.0, sigma="matched", duplicate=True, annealing=Spec(linear)),
        ),
    )
    config = dataclasses.replace(tiny_config, sampler=dataclasses.replace(tiny_config.sampler, stabilizer=stabilizer))
    whole, stopped = (new_run(config, tmp_path / name) for name in ("whole", "stopped"))
    finish(whole)
    steps = iter(range(1000))
    assert not train_part(stopped, "sampler", preview=PreviewJudge, should_stop=lambda: next(steps) == 7)
    finish(stopped)
    assert_same_end(stopped, whole)
    assert whole.part("sampler").train_log.read()[-1]["stabilizer_p"] > 0.1


def test_kill_9_at_random_moments_changes_nothing(tiny_config: RunConfig, trained_run: Path, tmp_path: Path) -> None:
    """The program in a process of its own, killed again and again until it may end; a checkpoint after every step.

    Each is forked by one that only imports, which takes longer than the training. The first is killed while it begins,
    the others soon after a checkpoint that they wrote, so that all but the first have got on.
    """
    run = new_run(tiny_config, tmp_path / "killed run")
    moments = random.Random(0)
    kills = 0

    def checkpoints() -> set[str]:
        return {path.name for path in (run.path / "sampler" / "checkpoints").glob("0*")}

    def ended(said: IO[bytes], within: float) -> bool:
        return bool(select.select([said], [], [], within)[0])

    command = [sys.executable, "-c", _TRAIN_AT_EVERY_LINE, str(run.path)]
    # Without buffers: `ended` must see all that is not read yet.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        while True:
            parent.stdin.write(b"once more\n")
            child = int(parent.stdout.readline())
            before = checkpoints()
            while kills and checkpoints() <= before and not ended(parent.stdout, 0.005):
                pass
            if kills < 5 and not ended(parent.stdout, moments.uniform(0.0, 0.4)):
                os.kill(child, signal.SIGKILL)
            returncode = int(parent.stdout.readline())
            if returncode != -signal.SIGKILL:
                break
            kills += 1
        parent.stdin.close()
    assert returncode == 0
    assert kills >= 3
    assert_same_end(run, RunFolder(trained_run))


_TRAIN_AT_EVERY_LINE = """
import os, sys, traceback
from pathlib import Path
import torch._dynamo  # what optimizers import
import frugan.training.loop as loop
from frugan.judging.preview import PreviewJudge
from frugan.runs.folder import RunFolder
from frugan.runs.train import train_part
loop._CHECKPOINT_SECONDS = 0.0
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            train_part(RunFolder.open(Path(sys.argv[1])), "sampler", preview=PreviewJudge)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.mark.parametrize("damage", ["truncated", "altered", "missing state", "foreign", "not an object"])
def test_a_torn_checkpoint_is_named_and_the_one_before_is_used(
    tiny_config: RunConfig, trained_run: Path, tmp_path: Path, damage: str
) -> None:
    run = RunFolder(tmp_path / "torn")
    shutil.copytree(trained_run, run.path)
    older, newest = sorted((run.path / "sampler" / "checkpoints").iterdir())
    tensors, state = newest / "train_state.safetensors", newest / "train_state.json"
    if damage == "truncated":
        tensors.write_bytes(tensors.read_bytes()[:-100])
    elif damage == "altered":
        content = bytearray(tensors.read_bytes())
        content[-1] ^= 1
        tensors.write_bytes(bytes(content))
    elif damage == "missing state":
        state.unlink()
    elif damage == "not an object":
        state.write_text("[]")
    else:
        state.write_text(json.dumps({"format": "another-program/3"}))
    finish(run)
    assert_same_end(run, RunFolder(trained_run))
    events = run.part("sampler").events_log.read()
    assert any(event["event"] == "checkpoint-skipped" and newest.name in event["why"] for event in events)
    assert any(event["event"] == "resumed" and event["nimg"] == int(older.name) for event in events)


def test_what_killed_writers_left_is_removed_and_nothing_else(trained_run: Path, tmp_path: Path) -> None:
    run = RunFolder.open(Path(shutil.copytree(trained_run, tmp_path / "run")))
    part = run.part("sampler")
    ours = [
        folder / f".{name}.123.tmp"
        for folder, name in (
            (part.samples, "0000000100.png"),
            (part.snapshots, "0000000100.safetensors"),
            (part.path, "metrics.jsonl"),
            (run.model, "generator.safetensors"),
        )
    ]
    theirs = run.model / ".decoder.safetensors.123.tmp"  # the decoder may be training
    for path in (*ours, theirs):
        path.touch()
    whole = set(run.path.rglob("*")) - set(ours)
    finish(run)
    assert set(run.path.rglob("*")) - {part.lock_file} == whole - {part.lock_file}


def test_lines_of_strangers_in_the_logs_do_not_stop_a_resume(trained_run: Path, tmp_path: Path) -> None:
    run = RunFolder.open(Path(shutil.copytree(trained_run, tmp_path / "run")))
    newest = sorted((run.path / "sampler" / "checkpoints").glob("0*"))[-1]
    shutil.rmtree(newest)
    for log in (run.part("sampler").train_log, run.part("sampler").metrics_log):
        with log.path.open("a") as file:
            file.write('{"a": 1}\n{"nimg": "many"}\n')
    finish(run)
    assert_same_end(run, RunFolder.open(trained_run))


def test_when_no_checkpoint_is_whole_the_run_says_so(trained_run: Path, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "hopeless")
    shutil.copytree(trained_run, run.path)
    for checkpoint in (run.path / "sampler" / "checkpoints").iterdir():
        (checkpoint / "train_state.safetensors").write_bytes(b"\x80\x04 this is a pickle, say")
    with pytest.raises(RunError, match="no checkpoint can be read"):
        finish(run)


def test_sigterm_writes_a_checkpoint_and_exits_well(tiny_config: RunConfig, trained_run: Path, tmp_path: Path) -> None:
    schedule = dataclasses.replace(tiny_config.sampler.schedule, kimg=1000.0)
    endless = dataclasses.replace(tiny_config, sampler=dataclasses.replace(tiny_config.sampler, schedule=schedule))
    run = new_run(endless, tmp_path / "terminated")
    command = [sys.executable, "-m", "frugan", "resume", str(run.path), "--part", "sampler"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not run.part("sampler").train_log.path.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.terminate()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "frugan resume" in said
    checkpoint, complaints = load_newest_checkpoint(run.path / "sampler" / "checkpoints")
    assert checkpoint is not None
    assert checkpoint.nimg > 0
    assert complaints == []


def test_a_second_process_on_the_same_part_is_refused(
    tiny_config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    import frugan.runs.train as module

    monkeypatch.setattr(module, "_LOCK_WAIT_SECONDS", 0.1)
    run = new_run(tiny_config, tmp_path / "busy")
    run.part("sampler").path.mkdir()
    with open(run.part("sampler").lock_file, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RunError, match="another process is training"):
            finish(run)
