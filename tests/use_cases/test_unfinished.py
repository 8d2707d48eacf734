"""Runs that are there already, or not finished: people are told so at once, and what to type."""

import shutil
from pathlib import Path

import pytest

import frugan
from frugan.cli import main
from frugan.judging import evaluate_folder
from frugan.runs.folder import RunFolder
from frugan.use_cases import conduct


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> RunFolder:
    return RunFolder.open(Path(shutil.copytree(trained_run, tmp_path / "run")))


def test_an_evaluation_says_which_part_is_not_finished(run: RunFolder) -> None:
    whole = evaluate_folder.evaluate_folder(run.path, samples=8)
    assert not any("is not finished" in warning for warning in whole.warnings)
    snapshots = run.part("decoder").snapshot_counts()
    run.part("decoder").snapshot(snapshots[-1]).unlink()
    found = evaluate_folder.evaluate_folder(run.path, samples=8)
    (warning,) = [warning for warning in found.warnings if "is not finished" in warning]
    assert f"the decoder is not finished: its newest snapshot is at {snapshots[-2] / 1000:g} of" in warning


def test_an_interrupted_evaluation_says_how_to_go_on(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(conduct, "evaluate_folder", interrupted)
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        frugan.resume(run.path, watcher=frugan.Watcher(say=said.append))
    assert said[:2] == ["sampler: 0.16 of 0.16 kimg", "decoder: 0.08 of 0.08 kimg"]
    assert said[-1] == f"the training is finished; evaluate and report with: frugan resume {run.path}"


def test_an_existing_run_is_refused_before_the_trial(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frugan.use_cases.train.prepared", lambda *arguments, **options: pytest.fail("it was prepared"))
    with pytest.raises(frugan.ArgumentError, match="already exists: go on with"):
        frugan.train(frugan.Plan("noto-people", minutes=1), run.path)


def test_images_that_were_moved_are_named_once(
    run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path(run.config().data.source)
    moved, others = tmp_path / "moved", tmp_path / "others"
    for place in (moved, others):
        shutil.copytree(source, place)
    first = next(path for path in sorted(others.rglob("*")) if path.is_file())
    first.rename(first.with_name(f"other-{first.name}"))
    assert main(["resume", str(run.path), "--data", str(others)]) == 2
    assert "not the images that" in capsys.readouterr().err
    assert run.config().data.source == str(source)
    assert main(["resume", str(run.path), "--data", str(moved)]) == 0
    assert run.config().data.source == str(moved)
