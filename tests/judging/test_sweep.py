"""Truncation and rejection: the score's closed forms, thresholds that keep what they say, the verb and its page."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

import frugan
from frugan.cli import main
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.source import open_source
from frugan.features.efficientnet_lite0 import EfficientNetFeatures
from frugan.judging import sweep as sweeping
from frugan.judging.sweep import sweep_model
from frugan.metrics.inception_score import inception_score
from frugan.system.errors import UserError

CPU = torch.device("cpu")


def test_inception_scores_that_are_known() -> None:
    sure = torch.eye(5).repeat(400, 1)  # every split has every class, about equally often
    assert inception_score(sure)[0] == pytest.approx(5, rel=0.05)
    assert inception_score(sure, splits=1)[0] == pytest.approx(5)
    unsure = torch.full((200, 5), 0.2)
    assert inception_score(unsure) == (pytest.approx(1), pytest.approx(0, abs=1e-9))
    alike = torch.eye(5)[torch.zeros(200, dtype=torch.int64)]
    assert inception_score(alike)[0] == pytest.approx(1)
    with pytest.raises(ValueError, match="at least 20 pictures"):
        inception_score(sure[:19])


def test_pictures_sorted_by_class_score_like_shuffled_ones() -> None:
    """Ten contiguous splits of ten sorted classes would each see one class, and score 1."""
    by_class = torch.eye(10).repeat_interleave(50, dim=0)
    assert inception_score(by_class)[0] > 8


def test_the_score_is_the_exponential_of_the_mean_divergence() -> None:
    p = torch.tensor([[0.7, 0.3], [0.2, 0.8]], dtype=torch.float64)
    mean = p.mean(dim=0)
    expected = math.exp(sum((row * (row / mean).log()).sum().item() for row in p) / 2)
    assert inception_score(p, splits=1)[0] == pytest.approx(expected)


def test_classes_are_told_by_the_extractor_s_own_classifier() -> None:
    extractor = EfficientNetFeatures(CPU)
    images = torch.rand(2, 3, 64, 64) * 2 - 1
    probabilities = extractor.probabilities(extractor.features(images))
    assert probabilities.shape == (2, 1000)
    assert probabilities.sum(dim=1).tolist() == pytest.approx([1, 1], abs=1e-5)


class Doubtful(EfficientNetFeatures):
    """Sure of every fourth picture only; counts what it is shown."""

    def probabilities(self, features: Tensor) -> Tensor:
        sure = torch.arange(len(features)) % 4 == 0
        largest = torch.where(sure, 0.9, 0.4)
        return torch.stack([largest, 1 - largest], dim=1)


def test_rejection_draws_until_enough_are_kept_or_gives_up(trained_run: Path, image_folder: Path) -> None:
    model, dataset = frugan.load(trained_run), pack(open_source(image_folder), Wanted.square(64))
    result = sweep_model(model, dataset, Doubtful(CPU), truncations=[1.0, 0.5], thresholds=[0.8, 0.95], samples=20)
    whole, half, kept, none = result.points
    assert (whole.truncation, half.truncation, whole.threshold) == (1.0, 0.5, None)
    assert (kept.kept, kept.drawn) == (20, 77)  # every fourth passes
    assert (none.kept, none.drawn, none.frechet_distance) == (0, 400, None)
    assert kept.truncation == min((whole, half), key=lambda point: point.frechet_distance or 0).truncation
    assert result.least in (whole, half, kept)


def test_the_verb(trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["sweep", str(trained_run), "--trunc", "1,.5", "--reject", ".01", "--samples", "20", "--device", "cpu"]
    assert main([*asked, "--out", str(tmp_path / "sweep.html")]) == 0
    assert "lowest FD-EffNetLite0 / score" in capsys.readouterr().out
    assert "highest score" in (tmp_path / "sweep.html").read_text()
    assert main([*asked, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["points"]) == 3
    for wrong, message in (("--trunc", "numbers with"), ("--reject", "numbers with")):
        assert main(["sweep", str(trained_run), wrong, "a,b"]) == 2
        assert message in capsys.readouterr().err
    assert main(["sweep", str(trained_run), "--reject", "1.5"]) == 2


class OneClass(EfficientNetFeatures):
    """Sure that everything is of class 2."""

    def probabilities(self, features: Tensor) -> Tensor:
        return torch.full((len(features), 1000), 1e-4).index_fill(1, torch.tensor([2]), 0.9)


def test_rejection_by_the_class_that_was_drawn(
    trained_run: Path, image_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, dataset = frugan.load(trained_run), pack(open_source(image_folder), Wanted.square(64))
    settings = {"truncations": [1.0], "thresholds": [0.5], "samples": 20}
    with pytest.raises(UserError, match="needs a model of ImageNet's 1000 classes"):
        sweep_model(model, dataset, OneClass(CPU), of_class=True, **settings)  # type: ignore[arg-type]
    # The tiny generator takes no labels: as if it had drawn every fifth picture as class 2.
    drawn = list(range(1000))
    monkeypatch.setattr(type(model), "labels", lambda self, seeds: torch.tensor([drawn[seed % 5] for seed in seeds]))
    monkeypatch.setattr(sweeping, "_IMAGENET_CLASSES", 0)
    point = sweep_model(model, dataset, OneClass(CPU), of_class=True, **settings).points[1]  # type: ignore[arg-type]
    assert point.kept == 20
    assert 90 <= point.drawn <= 128  # one in five of whole batches of 32
