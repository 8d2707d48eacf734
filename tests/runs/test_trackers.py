"""Programs that follow a training: TensorBoard's own reader finds what the logs say, and failures stop nothing."""

import dataclasses
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import frugan
from frugan.config.schema import RunConfig
from frugan.runs.folder import RunFolder
from frugan.runs.trackers import TOLD_FILE, Followers
from frugan.system.errors import UserError

pytest.importorskip("tensorboard")


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> RunFolder:
    shutil.copytree(trained_run, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


def read_events(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def test_a_training_is_followed_to_its_end(tiny_config: RunConfig, tmp_path: Path) -> None:
    config = dataclasses.replace(tiny_config, evaluation=dataclasses.replace(tiny_config.evaluation, samples=8))
    told = frugan.train(config, tmp_path / "run", trackers=["tensorboard"])
    run = RunFolder.open(told.run)
    events = read_events(run.path / "tensorboard")
    for part in run.config().parts():
        lines = run.part(part).train_log.read()
        name = "discriminator_loss" if part == "sampler" else "images_per_second"
        expected = [(line["nimg"], pytest.approx((line | line["clock"])[name], rel=1e-6)) for line in lines]
        assert [(event.step, event.value) for event in events.Scalars(f"{part}/{name}")] == expected
    distances = {line["nimg"]: line["distance"] for line in run.part("sampler").metrics_log.read()}
    assert {e.step: e.value for e in events.Scalars("sampler/distance")} == pytest.approx(distances, rel=1e-6)
    assert len(events.Images("sampler/samples")) == len(list(run.part("sampler").samples.glob("*.png")))


def test_each_is_told_once_and_what_was_missed_later(run: RunFolder) -> None:
    log = run.part("sampler").train_log
    lines = len(log.read())
    for _ in range(2):
        followers = Followers(run, ["tensorboard"], print)
        followers.tell()
        followers.close()
    assert len(read_events(run.path / "tensorboard").Scalars("sampler/discriminator_loss")) == lines
    (run.path / TOLD_FILE).write_text("[")  # damaged: it is told all again
    Followers(run, ["tensorboard"], print).close()
    assert len(read_events(run.path / "tensorboard").Scalars("sampler/discriminator_loss")) == 2 * lines


class Fake(ModuleType):
    """trackio or wandb, as far as they are used; its network goes down after so many messages."""

    def __init__(self, name: str, lasts: int) -> None:
        super().__init__(name)
        self.lasts, self.logged, self.finished = lasts, list[dict[str, Any]](), 0
        self.metrics: list[str] = []
        self.Image = lambda path: f"picture {Path(path).name}"

    def init(self, project: str, name: str, config: dict[str, Any]) -> SimpleNamespace:
        assert (project, name) == ("frugan", "run")
        assert config["sampler"]["schedule"]["batch"] > 0
        define = lambda pattern, step_metric: self.metrics.append(f"{pattern} by {step_metric}")  # noqa: E731
        return SimpleNamespace(log=self.log, finish=self.finish, define_metric=define)

    def log(self, values: dict[str, Any]) -> None:
        if len(self.logged) == self.lasts:
            raise ConnectionError("the network is gone")
        self.logged.append(values)

    def finish(self) -> None:
        self.finished += 1


@pytest.mark.parametrize("name", ["trackio", "wandb"])
def test_one_that_fails_is_left_alone_and_told_the_rest_later(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    broken, said = Fake(name, lasts=3), list[str]()
    monkeypatch.setitem(sys.modules, name, broken)
    followers = Followers(run, [name], said.append)  # type: ignore[list-item]
    for _ in range(3):
        followers.tell()
    followers.close()
    assert len(broken.logged) == 3
    assert said == [
        f"{name} failed (ConnectionError: the network is gone). The training goes on without it; resume with it later"
    ]
    whole = Fake(name, lasts=10**6)
    monkeypatch.setitem(sys.modules, name, whole)
    Followers(run, [name], said.append).close()  # type: ignore[list-item]
    assert whole.finished == 1
    assert not any(values in broken.logged for values in whole.logged), "nothing is told twice"
    pictures = [values["sampler/samples"] for values in (*broken.logged, *whole.logged) if "sampler/samples" in values]
    assert sorted(pictures) == sorted(f"picture {path.name}" for path in run.part("sampler").samples.glob("*.png"))
    assert all(sum(key.endswith("/nimg") for key in values) == 1 for values in whole.logged)
    assert whole.metrics == (["sampler/* by sampler/nimg", "decoder/* by decoder/nimg"] if name == "wandb" else [])


def test_without_the_package_the_extra_is_named(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UserError, match=r"pip install 'frugan\[wandb\]'"):
        Followers(run, ["wandb"], print)


@pytest.mark.parametrize(("trackers", "problem"), [(["wandb"], "pip install"), (["tensorbord"], "must be one of")])
def test_what_cannot_be_followed_is_refused_before_anything_is_done(
    tiny_config: RunConfig, run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trackers: Any, problem: str
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UserError, match=problem):
        frugan.train(tiny_config, tmp_path / "new", trackers=trackers)
    assert not (tmp_path / "new").exists()
    before = run.config()
    with pytest.raises(UserError, match=problem):
        frugan.resume(run.path, kimg=1, trackers=trackers)
    assert run.config() == before
