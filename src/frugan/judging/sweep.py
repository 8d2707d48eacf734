"""Fidelity against variety: one model at several truncations, and with pictures rejected that a classifier doubts.

Tables 4 and 5 of not-so-big-GAN. The classifier looks at the decoded picture, in evaluation mode and normalised as it
was trained.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from frugan.config.records import SCHEMA, plain
from frugan.config.shape import resolution_entry
from frugan.data.images import TrainingImages
from frugan.features.base import FeatureExtractor
from frugan.judging.evaluate import FIRST_SEED
from frugan.metrics.frechet import FeatureStatistics, feature_statistics, frechet_distance
from frugan.metrics.inception_score import inception_score
from frugan.metrics.precision_recall import precision, recall
from frugan.model.model import Model
from frugan.runs.dataset_features import dataset_features
from frugan.system.errors import ArgumentError
from frugan.system.jsonl import JSON

_BATCH, _IMAGENET_CLASSES = 32, 1000
_MOST_REALS = 50_000
# A threshold that fewer than one picture in so many passes is given up: some never pass any.
_MOST_DRAWS = 20


@dataclass(frozen=True)
class Point:
    """One setting and what came of it; distances are None where too few pictures passed.

    Attributes:
        threshold: on the classifier's probability; None = nothing was rejected.
        score: inception score, and its standard deviation over splits.
    """

    truncation: float
    threshold: float | None
    drawn: int
    kept: int
    frechet_distance: float | None = None
    score: float | None = None
    score_std: float | None = None
    precision: float | None = None
    recall: float | None = None

    def setting(self) -> str:
        """In words."""
        rejected = f", rejected below {self.threshold:g}" if self.threshold is not None else ""
        return f"truncation {self.truncation:g}{rejected}"

    def text(self) -> str:
        """As a line for a terminal."""
        if self.frechet_distance is None:
            return f"{self.setting()}: only {self.kept} of {self.drawn} passed: not judged"
        return (
            f"{self.setting()}: distance {self.frechet_distance:.2f}, score {self.score:.2f}, "
            f"precision {self.precision:.3f}, recall {self.recall:.3f}"
            + (f", {self.kept} of {self.drawn} kept" if self.threshold else "")
        )


@dataclass(frozen=True)
class Sweep:
    """All points, and the two that the paper's tables quote.

    Attributes:
        least: the point of the least distance.
        most: the point of the highest score.
        protocol: everything that changes the numbers.
    """

    points: tuple[Point, ...]
    least: Point
    most: Point
    protocol: Mapping[str, str | int | float]

    def to_json(self) -> JSON:
        """For files and programs."""
        return {"schema": SCHEMA, **plain(self)}

    def text(self) -> str:
        """The two points that papers quote, as lines for a terminal."""
        name, least, most = self.protocol["frechet_distance"], self.least, self.most
        return (
            f"lowest {name} / score: {least.frechet_distance:.2f} / {least.score:.2f} ({least.setting()})\n"
            f"{name} / highest score: {most.frechet_distance:.2f} / {most.score:.2f} ({most.setting()})"
        )


def sweep_model(
    model: Model,
    dataset: TrainingImages,
    extractor: FeatureExtractor,
    *,
    truncations: Sequence[float],
    thresholds: Sequence[float],
    samples: int,
    of_class: bool = False,
    on_point: Callable[[Point], None] = lambda point: None,
) -> Sweep:
    """Judge every truncation, then every threshold at the truncation with the least distance.

    A picture is kept if the classifier's probability of any class exceeds the threshold; with `of_class`, of the class
    that the picture was drawn for.

    Raises:
        ArgumentError: features without a classifier; or `of_class`, but the model's classes are not those that the
            classifier knows.
    """
    _check_classifier(model, extractor, of_class)
    count_real = min(len(dataset), _MOST_REALS)
    real = dataset_features(extractor, dataset, count_real)
    statistics = feature_statistics(real)
    points = []

    def judge(truncation: float, threshold: float | None) -> Point:
        kept, drawn = _draw(model, extractor, truncation, threshold, samples, of_class)
        point = _judged(Point(truncation, threshold, drawn, len(kept)), kept, samples, real, statistics, extractor)
        points.append(point)
        on_point(point)
        return point

    at_truncations = [judge(truncation, None) for truncation in truncations]
    best = min(at_truncations, key=lambda point: point.frechet_distance or 0.0)
    for threshold in thresholds:
        judge(best.truncation, threshold)
    judged = [point for point in points if point.frechet_distance is not None]
    return Sweep(
        points=tuple(points),
        least=min(judged, key=lambda point: point.frechet_distance or 0.0),
        most=max(judged, key=lambda point: point.score or 0.0),
        protocol={
            **extractor.protocol(),
            "frechet_distance": extractor.distance_name,
            "classifier": extractor.name,
            "rejected_by": "the class drawn" if of_class else "any class",
            "first_seed": FIRST_SEED,
            "splits": 10,
            "resolution": resolution_entry(model.shape),
            **extractor.projection(model.shape.channels),
            "n_real": count_real,
            "n_fake": samples,
            "real_fingerprint": dataset.fingerprint,
        },
    )


def _check_classifier(model: Model, extractor: FeatureExtractor, of_class: bool) -> None:
    if not extractor.classifies:
        raise ArgumentError(
            "features", "have no classifier, whose inception score a sweep reports. Choose others", extractor.name
        )
    if of_class and not (extractor.knows_imagenet and model.generator.classes == _IMAGENET_CLASSES):
        problem = (
            f"needs a model of ImageNet's {_IMAGENET_CLASSES} classes and features whose classifier knows them "
            f"(efficientnet-lite0); this model has {model.generator.classes} classes"
        )
        raise ArgumentError("reject_by", problem, "class")


def _draw(
    model: Model,
    extractor: FeatureExtractor,
    truncation: float,
    threshold: float | None,
    samples: int,
    of_class: bool,
) -> tuple[Tensor, int]:
    """Features (n, dim) of the first `samples` pictures that pass, or of fewer, and how many were drawn for them."""
    kept: list[Tensor] = []
    drawn = 0
    for features, labels in _features(model, extractor, truncation, samples * (_MOST_DRAWS if threshold else 1)):
        passed = torch.ones(len(features), dtype=torch.bool, device=features.device)
        if threshold is not None:
            probabilities = extractor.probabilities(features)
            sure = probabilities.gather(1, labels[:, None])[:, 0] if of_class else probabilities.max(dim=1).values
            passed = sure > threshold
        missing = samples - sum(map(len, kept))
        if passed.sum() >= missing:  # of the last batch, only what was looked at until there were enough
            drawn += int(passed.nonzero()[missing - 1]) + 1
            kept.append(features[passed][:missing].cpu())
            break
        drawn += len(features)
        kept.append(features[passed].cpu())
    return torch.cat(kept), drawn


def _features(
    model: Model, extractor: FeatureExtractor, truncation: float, most: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """With the class (N,) that each seed drew; all 0 where there are none."""
    first = FIRST_SEED
    for images in model.batches(range(FIRST_SEED, FIRST_SEED + most), truncation, batch=_BATCH, as_trained=True):
        seeds = range(first, first + len(images))
        first += len(images)
        yield extractor.features(images), model.labels(seeds).to(extractor.device)


def _judged(
    point: Point,
    kept: Tensor,
    samples: int,
    real: Tensor,
    statistics: FeatureStatistics,
    extractor: FeatureExtractor,
) -> Point:
    if len(kept) < samples:
        return point
    score, spread = inception_score(extractor.probabilities(kept))
    distance = frechet_distance(statistics, feature_statistics(kept))
    return Point(
        point.truncation,
        point.threshold,
        point.drawn,
        point.kept,
        distance,
        score,
        spread,
        precision(real, kept),
        recall(real, kept),
    )
