"""Trials in processes of their own: killed, failed, resumed, and never run twice."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frugan.cli import main
from frugan.config.schema import EvaluationConfig, RunConfig
from frugan.model.folder import load
from frugan.runs.folder import RunFolder
from frugan.studies import runner
from frugan.studies.base import Tried
from frugan.studies.blind import drawn_order
from frugan.studies.definition import Row, Study, with_values
from frugan.studies.folder import StudyFolder, Trial
from frugan.studies.results import read_outcomes
from frugan.studies.runner import run_locally
from frugan.studies.trial import failure_file, run_trial, trial_state
from frugan.system.errors import RunError, UserError
from frugan.system.worker import Job
from frugan.training import loop
from frugan.writing.pictures import to_uint8


@pytest.fixture(scope="module")
def config(tiny_config: RunConfig) -> RunConfig:
    """A sampler alone, judged by few images: processes that begin are what these tests are about."""
    few = EvaluationConfig(samples=8, preview_samples=4, preview_size=16)
    short = with_values(tiny_config, {"sampler.schedule.kimg": "0.08", "sampler.schedule.snapshots": "1"})
    return dataclasses.replace(short, decoder=None, evaluation=few)


def create(path: Path, config: RunConfig, trials: int = 1, **rows: dict[str, str]) -> StudyFolder:
    rows = rows or {"only": {}}
    made = tuple(Row(name, with_values(config, values)) for name, values in rows.items())
    return StudyFolder.create(path, Study("tiny", "Which?", made, trials))


def weights(trial: Trial) -> bytes:
    return (trial.folder / "model" / "generator.safetensors").read_bytes()


def test_a_failed_trial_is_recorded_and_the_others_finish(config: RunConfig, tmp_path: Path) -> None:
    folder = create(tmp_path / "study", config, good={}, bad={"objective.lr": "1e30"})
    ends: list[tuple[str, int]] = []
    assert run_locally(folder.trials(), 2, lambda trial, code, seconds: ends.append((trial.row, code)))
    assert sorted(ends) == [("bad", 1), ("good", 0)]
    good, bad = read_outcomes(folder.trials())
    assert good.state == "finished"
    assert good.values["frechet_distance"] > 0
    assert bad.state == "failed"
    assert "became" in bad.error
    ends.clear()
    assert run_locally(folder.trials(), 2, lambda trial, code, seconds: ends.append((trial.row, code)))
    assert ends == []  # neither is run again


def test_a_killed_study_goes_on_where_it_was(config: RunConfig, tmp_path: Path) -> None:
    """The study and then a trial alone are killed with -9; the results are those of a study that was left alone."""
    longer = with_values(config, {"sampler.schedule.kimg": "0.24", "sampler.schedule.snapshots": "6"})
    folder = create(tmp_path / "killed", longer, trials=2)
    program = f"""
from pathlib import Path
from frugan.studies.folder import StudyFolder
from frugan.studies.runner import run_locally
run_locally(StudyFolder.open(Path({str(folder.path)!r})).trials(), 1)
"""
    study = subprocess.Popen([sys.executable, "-c", program])
    first, second = folder.trials()
    wait_for(
        lambda: trial_state(first.folder) == "finished" and any((second.folder / "sampler").glob("checkpoints/0*"))
    )
    os.kill(study.pid, signal.SIGKILL)
    study.wait()
    finished = weights(first), (first.folder / "evaluation.json").stat().st_mtime_ns
    wait_for(lambda: stopped_or_finished(second))  # a trial whose study is gone stops by itself
    assert run_locally(folder.trials(), 1)
    assert (weights(first), (first.folder / "evaluation.json").stat().st_mtime_ns) == finished
    alone = create(tmp_path / "alone", longer, trials=2).trials()[1]
    assert run_trial(alone.config_file, alone.folder, lambda: False) == 0
    assert weights(alone) == weights(second)
    assert read_outcomes([alone])[0].values == read_outcomes([second])[0].values


def stopped_or_finished(trial: Trial) -> bool:
    events = RunFolder(trial.folder).part("sampler").events_log.read()
    return events[-1]["event"] in ("stopped", "finished")


def wait_for(condition, seconds: float = 120.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def test_a_trial_that_is_killed_again_and_again_is_given_up_and_the_others_finish(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create(tmp_path / "study", config, good={}, killed={})
    (tmp_path / "dies.py").write_text("import os\n\ndef work(*a, should_stop):\n    os.kill(os.getpid(), 9)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    as_usual = runner._job

    def dying(trial: Trial) -> Job:
        job = as_usual(trial)
        return dataclasses.replace(job, entry="dies:work") if trial.row == "killed" else job

    monkeypatch.setattr(runner, "_job", dying)
    codes: dict[str, list[int]] = {"good": [], "killed": []}
    assert not run_locally(folder.trials(), 2, lambda trial, code, seconds: codes[trial.row].append(code))
    assert codes == {"good": [0], "killed": [-9, -9, -9]}


def test_a_full_disk_is_not_held_against_the_method(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (trial,) = create(tmp_path / "study", config).trials()

    def full(folder: Path, checkpoint: object, keep: int) -> Path:
        raise RunError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", full)
        with pytest.raises(RunError, match="disk is full"):
            run_trial(trial.config_file, trial.folder, lambda: False)
    assert trial_state(trial.folder) == "begun"
    assert run_trial(trial.config_file, trial.folder, lambda: False) == 0
    assert trial_state(trial.folder) == "finished"


def test_evaluations_made_in_another_way_are_not_averaged(config: RunConfig, tmp_path: Path) -> None:
    trials = create(tmp_path / "study", config, trials=2).trials()
    for trial in trials:
        assert run_trial(trial.config_file, trial.folder, lambda: False) == 0
    file = trials[1].folder / "evaluation.json"
    file.write_text(file.read_text().replace('"extractor": "efficientnet-lite0"', '"extractor": "inception"'))
    with pytest.raises(UserError, match=r"evaluation\.json: evaluated with .*inception.*not comparable"):
        read_outcomes(trials)
    file.write_text("{}")
    with pytest.raises(UserError, match=r"evaluation\.json: damaged"):
        read_outcomes(trials)


def test_a_trial_that_cannot_begin_is_no_endless_loop(config: RunConfig, tmp_path: Path) -> None:
    folder = create(tmp_path / "study", with_values(config, {"data.source": "/no/such/folder"}))
    with pytest.raises(UserError, match="/no/such/folder"):
        run_locally(folder.trials(), 1)
    assert not failure_file(folder.trials()[0].folder).exists()


def test_a_study_in_one_command(image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Run, added to, reported: table, files, page."""
    out = tmp_path / "study"
    sizes = ("data.resolution=16", "sampler.schedule.kimg=0.032", "sampler.schedule.batch=8", "evaluation.samples=8")
    more = ("evaluation.preview_samples=4", "sampler.generator.width=8", "sampler.discriminator.width=8")
    common = ["study", "nss-small", str(image_folder), "--out", str(out), "--rows", "nss,gan"]
    common += [word for setting in (*sizes, *more) for word in ("--set", setting)]
    assert main([*common, "--trials", "1", "--workers", "2"]) == 0
    assert "no comparison yet" in capsys.readouterr().out
    assert main([*common, "--trials", "2", "--workers", "2"]) == 0
    said = capsys.readouterr()
    assert said.err.count("finished in") == 2  # those of the first seed are not run again
    assert "nss" in said.out
    page = (out / "report.html").read_text()
    assert "4 of 4 trials finished" in page
    assert page.count("<img") == 2
    assert "86.28 ± 6.57" in page  # the paper's
    assert_blind_sheet_and_key_agree(out)
    table = (out / "results.csv").read_text().splitlines()
    assert len(table) == 5
    results = json.loads((out / "results.json").read_text())
    assert len(results["trials"]) == 4
    assert main(["report", str(out / "trials" / "nss" / "seed-0")]) == 0  # each trial is an ordinary run
    assert main(["study", "nss-small", "--out", str(out), "--report-only", "--against", "gan"]) == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert "nss" in said
    assert said.index("nss") < said.index("gan")  # nss is now tested against gan


def assert_blind_sheet_and_key_agree(study: Path) -> None:
    """Each numbered line shows the pictures of the trial that the key names for it."""
    key = json.loads((study / "blind-key.json").read_text())
    assert sorted((of["row"], of["seed"]) for of in key.values()) == [("gan", 0), ("gan", 1), ("nss", 0), ("nss", 1)]
    with Image.open(study / "blind.png") as picture:
        sheet = np.asarray(picture)
    for number, of in key.items():
        drawn = load(study / "trials" / of["row"] / f"seed-{of['seed']}").sample(range(16))
        line = sheet[16 * int(number) : 16 * (int(number) + 1), -16 * 16 :]
        np.testing.assert_array_equal(line, np.concatenate(list(to_uint8(drawn)), axis=1))


def test_the_order_of_a_blind_sheet_is_told_by_no_other_sheet() -> None:
    sheets = np.random.RandomState(0).randint(256, size=(8, 6, 4, 4, 3), dtype=np.uint8)
    orders = [drawn_order(lines) for lines in sheets]
    assert all(sorted(order) == list(range(6)) for order in orders)
    assert len({tuple(order) for order in orders}) > 4
    assert drawn_order(sheets[0].copy()) == orders[0]


def test_a_search_finds_the_better_setting_and_goes_on(config: RunConfig, tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    from frugan.studies.search import search_settings

    study = Study("tiny", "Which?", (Row("only", config),), 1)
    grid = {"objective.lr": ["1e30", "1e-3"]}
    ends: list[Trial] = []

    def search(count: int) -> dict[str, list[Tried]]:
        found = search_settings(tmp_path, study, grid, count, 2, lambda trial, *_: ends.append(trial), lambda: False)
        assert found is not None
        written = json.loads((tmp_path / "search.json").read_text())
        assert [dataclasses.asdict(each) for each in found["only"]] == written["only"]
        return found

    best, worst = search(4)["only"]  # there are only two combinations
    assert best.settings == {"objective.lr": "1e-3"}
    assert worst.frechet_distance is None
    assert len(ends) == 2
    search(4)
    assert len(ends) == 2  # nothing is trained twice
    assert "lr: 0.001" in (tmp_path / "best" / "only.yaml").read_text()
    with pytest.raises(UserError, match=r"space objektive\.lr"):
        search_settings(tmp_path, study, {"objektive.lr": ["1"]}, 1, 1, lambda *_: None, lambda: False)


def test_trials_run_on_ray_and_survive_a_killed_worker(config: RunConfig, tmp_path: Path) -> None:
    """In a process of its own, because Ray leaves its signal handlers behind."""
    pytest.importorskip("ray")
    folder = create(tmp_path / "study", with_values(config, {"sampler.schedule.kimg": "0.2"}), trials=3)
    trials = folder.trials()
    killer = subprocess.Popen([sys.executable, "-c", _KILL_THE_FIRST_WORKER, str(trials[0].folder)])
    subprocess.run([sys.executable, "-c", _RUN_ON_TWO_WORKERS, str(folder.path)], check=True, timeout=500)
    assert killer.wait(10) == 0
    assert [outcome.state for outcome in read_outcomes(trials)] == ["finished"] * 3


_RUN_ON_TWO_WORKERS = """
import sys, ray
from pathlib import Path
from frugan.studies.folder import StudyFolder
from frugan.studies.ray_runner import run_on_ray
ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False)
assert run_on_ray(StudyFolder.open(Path(sys.argv[1])).trials(), "auto", lambda *_: None)
"""

_KILL_THE_FIRST_WORKER = """
import os, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
while not list(folder.glob("sampler/train.jsonl")):
    time.sleep(0.02)
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        words = (process / "cmdline").read_bytes().split(b"\\0")
        if b"frugan.studies.trial:work" in words and str(folder).encode() in words:
            worker = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            os.kill(worker, signal.SIGKILL)
            sys.exit(0)
    except (FileNotFoundError, ProcessLookupError):
        continue
sys.exit(1)
"""
