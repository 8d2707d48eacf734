"""Jobs in processes of their own, and what becomes of a training when its studio is killed."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file
from starlette.testclient import TestClient

import frugan
from frugan.config.schema import RunConfig
from frugan.config.yaml import override
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import create_run, prepare
from frugan.studio.jobs import Jobs
from frugan.studio.shelf import is_training
from frugan.system.errors import UserError

CHANGES = {"frugan-studio": "1"}
SECONDS = 120.0


def until(happens: Callable[[], object], seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def finished(client: TestClient | httpx.Client, content: dict[str, object]) -> dict[str, object]:
    begun = client.post("/api/jobs", json=content, headers=CHANGES)
    assert begun.status_code == 201, begun.text
    found: dict[str, object] = {}

    def ended() -> bool:
        jobs = client.get("/api/jobs").json()["jobs"]
        found.update(next(job for job in jobs if job["number"] == begun.json()["number"]))
        return found["state"] not in ("running", "stopping")

    until(ended)
    return found


def test_a_view_is_saved_as_it_is_shown(client: TestClient, world: Path) -> None:
    asked = {"place": "0/creps", "seed": 5, "size": [128, 128], "crop": [0.25, 0.25, 0.75, 0.75]}
    job = finished(client, {"kind": "render", **asked})
    assert job["state"] == "finished", job
    saved = client.get("/api/jobs/result", params={"number": str(job["number"]), "save": "1"})
    assert "attachment" in saved.headers["content-disposition"]
    picture = np.asarray(Image.open(io.BytesIO(saved.content))).astype(int)
    tile = {"place": "0/creps", "seed": "5", "whole": "256,256", "corner": "64,64", "size": "128,128"}
    shown = np.asarray(Image.open(io.BytesIO(client.get("/api/tile", params=tile).content))).astype(int)
    assert abs(picture - shown).max() <= 1


def test_what_cannot_work_fails_with_the_programs_own_sentence(client: TestClient) -> None:
    job = finished(client, {"kind": "render", "place": "0/tiny", "size": [64, 64]})
    assert job["state"] == "failed"
    assert "draws codes for a decoder" in str(job["problem"])


def test_jobs_of_a_studio_that_is_gone_are_shown_as_stopped(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    begun = jobs.begin("check", "Check", "", {"data": "/no/such", "page": str(tmp_path / "x.html")})
    number = begun.request.number
    until(lambda: jobs.job(number).status.state == "failed")
    assert "no folder, zip or data set" in jobs.job(number).status.problem
    (tmp_path / str(number) / "status.json").write_text('{"state": "running"}')
    found = Jobs(tmp_path).job(number).status
    assert found.state == "stopped"
    assert "Begin it again" in found.problem
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "request.json").write_text("[")
    assert [job.request.number for job in Jobs(tmp_path).all()] == [number]
    with pytest.raises(UserError, match="no such job"):
        jobs.job(99)


@pytest.fixture
def long_run(tiny_config: RunConfig, tmp_path: Path) -> Path:
    """A run that trains for a while, and has not begun."""
    longer = [
        "sampler.schedule.kimg=2",
        "sampler.schedule.snapshots=1",
        "sampler.schedule.log_every=0.032",
        "decoder=null",
        "codec={class: frugan.codecs.pixel.PixelCodec, levels: 2}",
    ]
    config = override(tiny_config, longer)
    return create_run(prepare(config, lambda sentence: None), tmp_path / "runs" / "long", replace=False).path


@pytest.fixture
def studio(long_run: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A studio in a process of its own, and its address."""
    process = begun(long_run.parent)
    link = re.search(r"http://\S+", process.stdout.readline())  # type: ignore[union-attr]
    assert link is not None
    yield process, link[0]
    process.kill()
    process.wait()


def begun(folder: Path, port: int = 0) -> "subprocess.Popen[str]":
    command = [sys.executable, "-u", "-m", "frugan", "studio", str(folder), "--port", str(port)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_kill_9_of_the_studio_stops_its_training_which_resumes_bit_exactly(
    studio: tuple[subprocess.Popen[str], str], long_run: Path, tmp_path: Path
) -> None:
    process, link = studio
    untouched = tmp_path / "untouched"
    subprocess.run(["cp", "-r", str(long_run), str(untouched)], check=True)
    client = httpx.Client(base_url=link, headers=CHANGES, timeout=SECONDS)
    sampler = RunFolder.open(long_run).part("sampler")
    port = int(link.rstrip("/").rpartition(":")[2])
    second = begun(long_run.parent, port)
    said, _ = second.communicate(timeout=SECONDS)
    assert second.returncode == 2
    assert "--port" in said
    assert "Another studio may run there" in said
    assert "Traceback" not in said
    assert client.post("/api/jobs", json={"kind": "resume", "place": "0/long"}).status_code == 201
    until(lambda: len(sampler.train_log.read()) >= 2)
    # While it trains, nobody else may.
    assert client.post("/api/jobs", json={"kind": "resume", "place": "0/long"}).status_code == 409
    assert client.get("/api/home").json()["entries"][0]["state"] == "training"
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: not is_training(RunFolder.open(long_run)))
    nimg = int(sampler.train_log.read()[-1]["nimg"])
    assert nimg < 2000, "it was to be stopped in the middle"
    assert any((long_run / "sampler" / "checkpoints").iterdir())
    for run in (long_run, untouched):
        frugan.resume(run, part="sampler")
    name = sampler.snapshot(2000).name
    ours, theirs = (load_file(run / "sampler" / "snapshots" / name) for run in (long_run, untouched))
    assert all(np.array_equal(ours[key], theirs[key]) for key in theirs)


def test_ctrl_c_ends_it_without_a_traceback(studio: tuple[subprocess.Popen[str], str]) -> None:
    process, link = studio
    with httpx.stream("GET", f"{link}api/jobs/events", timeout=SECONDS) as events:  # somebody still listens
        next(events.iter_lines())
        process.send_signal(signal.SIGINT)
        process.wait(30)
    said = process.stdout.read()  # type: ignore[union-attr]
    assert "Traceback" not in said, said
    assert process.returncode == 0
