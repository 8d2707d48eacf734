"""The judge that has learned nothing: its first stage by SciPy, and what it lacks."""

import numpy as np
import pytest
import torch
from scipy.ndimage import correlate

import frugan
from frugan.features.choose import load_extractor
from frugan.features.random_convolutions import RandomFeatures
from frugan.judging.sweep import sweep_model
from frugan.metrics import table
from frugan.metrics.base import Features
from frugan.system.errors import UserError

CPU = torch.device("cpu")


def test_the_first_stage_is_a_convolution_of_numpy_s_numbers() -> None:
    extractor = load_extractor("random", CPU)
    image = (torch.rand(1, 3, 24, 32, generator=torch.Generator().manual_seed(0)) * 255).round() / 127.5 - 1
    features = extractor.features(image)
    assert features.shape == (1, extractor.dim)
    weights = np.random.RandomState(0).randn(16, 3, 3, 3) * np.sqrt(2 / 27)
    planes = image[0].double().numpy()
    for channel in (0, 15):
        found = sum(correlate(planes[c], weights[channel, c], mode="nearest") for c in range(3))
        positive = np.maximum(found, 0)
        assert features[0, channel].item() == pytest.approx(positive.mean(), rel=1e-4, abs=1e-6)
        assert features[0, 16 + channel].item() == pytest.approx(positive.std(), rel=1e-4, abs=1e-6)


def test_without_a_classifier_scores_are_not_measured_and_sweeps_refused() -> None:
    rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    values = table.measure(Features(rows, rows + 0.1))
    assert "frechet_distance" in values
    assert "inception_score_mean" not in values
    model: frugan.Model = None  # type: ignore[assignment]
    with pytest.raises(UserError, match="features random: have no classifier"):
        sweep_model(model, None, RandomFeatures(CPU), truncations=[1], thresholds=[], samples=20)  # type: ignore[arg-type]
