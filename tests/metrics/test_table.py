"""A metric is a function and a line of the table; what was measured before it existed says so."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

import frugan
from frugan.judging.card import write_model_card
from frugan.judging.evaluation import Evaluation, Floor, read_evaluation
from frugan.metrics import table
from frugan.metrics.base import Features, Measured
from frugan.metrics.density_coverage import coverage, density
from frugan.metrics.frechet import feature_statistics, frechet_distance
from frugan.metrics.inception_score import inception_score
from frugan.metrics.kernel import kernel_distance
from frugan.metrics.precision_recall import precision, recall
from frugan.metrics.variety import relative_spread
from frugan.runs.folder import RunFolder
from frugan.studies.definition import Row, Study
from frugan.studies.folder import StudyFolder
from frugan.studies.page import write_page
from frugan.studies.results import format_table, read_outcomes, write_results


def classified(features: torch.Tensor) -> torch.Tensor:
    return features.softmax(dim=1)


def test_the_table_measures_what_its_functions_do() -> None:
    torch.manual_seed(0)
    real, fake = torch.randn(40, 8), torch.randn(30, 8) + 0.5
    values = table.measure(Features(real, fake, classified))
    mean, std = kernel_distance(real, fake)
    score, spread = inception_score(classified(fake))
    assert values == {
        "frechet_distance": frechet_distance(feature_statistics(real), feature_statistics(fake)),
        "kernel_distance_mean": mean,
        "kernel_distance_std": std,
        "precision": precision(real, fake),
        "recall": recall(real, fake),
        "density": density(real, fake),
        "coverage": coverage(real, fake),
        "relative_spread": relative_spread(real, fake),
        "inception_score_mean": score,
        "inception_score_std": spread,
    }


def test_too_few_images_are_not_measured_by_what_needs_more() -> None:
    values = table.measure(Features(torch.randn(3, 2), torch.randn(9, 2), classified))
    assert "frechet_distance" in values
    assert "precision" not in values
    assert "inception_score_mean" not in values


def mean_gap(features: Features) -> Measured:
    return Measured(float((features.real.mean(0) - features.fake.mean(0)).abs().max()))


@pytest.fixture
def folder(trained_run: Path, tmp_path: Path) -> StudyFolder:
    """A study of one trial, which is finished."""
    config = RunFolder.open(trained_run).config()
    folder = StudyFolder.create(tmp_path / "study", Study("tiny", "Which?", (Row("only", config),), 1))
    shutil.copytree(trained_run, folder.trials()[0].folder)
    return folder


def everywhere(run: RunFolder, folder: StudyFolder) -> dict[str, str]:
    """All that shows an evaluation to people, as text."""
    write_model_card(run)
    outcomes = read_outcomes(folder.trials())
    write_results(folder, outcomes)
    write_page(folder, outcomes)
    evaluation = read_evaluation(run)
    assert evaluation is not None
    return {
        "terminal": evaluation.text(),
        "card": (run.model / "README.md").read_text(),
        "report": frugan.report(run.path).read_text(),
        "study page": folder.report_file.read_text(),
        "study table": folder.table_file.read_text() + format_table(outcomes, "mean_gap"),
    }


def test_a_new_metric_is_one_line_and_older_evaluations_say_not_measured(
    folder: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder.open(folder.trials()[0].folder)
    before = frugan.evaluate(run.path)
    assert before.kept
    assert "mean gap" not in before.text()
    added = (*table.METRICS[:4], table.Metric("mean_gap", "mean gap", "lower", mean_gap))
    monkeypatch.setattr(table, "METRICS", added)

    shown = everywhere(run, folder)
    for place in ("terminal", "card", "report", "study page"):
        assert "mean gap" in shown[place], place
        assert "not measured" in shown[place], place
    assert "only,0,finished" in shown["study table"]

    now = frugan.evaluate(run.path)
    assert now.values["mean_gap"] > 0
    assert json.loads(run.evaluation_file.read_text())["results"]["mean_gap"] == now.values["mean_gap"]
    for place, text in everywhere(run, folder).items():
        assert "not measured" not in text, place


def test_evaluations_survive_json_and_damage_is_told_by_its_place() -> None:
    evaluation = Evaluation(
        "FD", {"frechet_distance": 1.5}, Floor(4, {"frechet_distance": 0.5}), {"n_fake": 8}, 2.0, warnings=("few",)
    )
    assert Evaluation.from_json(json.loads(json.dumps(evaluation.to_json()))) == evaluation
    whole = evaluation.to_json()
    for change in ({"results": {"frechet_distance": "high"}}, {"floor": 3}, {"metric": None}, {"clock": {}}):
        with pytest.raises(frugan.UserError, match=r"e\.json: damaged: "):
            Evaluation.from_json({**whole, **change}, "e.json")
    assert dataclasses.replace(evaluation, kept=True) == Evaluation.from_json({**whole, "kept": True, "more": 1})


def test_small_distances_keep_three_digits_and_errors_replace_spreads() -> None:
    main, kernel = table.METRICS[:2]
    assert table.shown(main, {main.name: 359.84}) == "359.8"
    assert table.shown(main, {main.name: 0.7621}) == "0.762"
    values = {kernel.name: 0.25, kernel.spread: 0.1}
    assert table.shown(kernel, values) == "0.25 +- 0.1"
    assert table.shown(kernel, values, {kernel.name: 0.02}) == "0.25 ± 0.02"


def test_of_large_images_fewer_are_described() -> None:
    counts = [table.most_described(side, side) for side in (16, 128, 256, 1024)]
    assert counts == [2048, 2048, 512, 256]
    assert table.most_described(64, 256) == 2048
