"""The metrics of an evaluation. Adding one is a function in a file of its own, and a line in METRICS.

Evaluations, model cards, reports and studies read this table. An evaluation that was made before a metric was added
says that it is not measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from frugan.metrics.base import Features, Measured, MetricFunction
from frugan.metrics.density_coverage import coverage, density
from frugan.metrics.frechet import feature_statistics, frechet_distance
from frugan.metrics.inception_score import inception_score
from frugan.metrics.kernel import kernel_distance
from frugan.metrics.precision_recall import precision, recall
from frugan.metrics.variety import relative_spread

MAIN = "frechet_distance"  # what studies compare, sweeps choose by, and reports show first


@dataclass(frozen=True)
class Metric:
    """One number that tells two sets of images apart.

    Attributes:
        name: its entry in JSON files.
        title: what people read.
        better: which values are.
        function: (features of real and generated images) -> the number.
        format: how people read it.
        fewest: images on either side that it needs.
        spread: the entry of its standard deviation, if it has one.
        meaning: a few words more, for those who do not know it.
    """

    name: str
    title: str
    better: Literal["lower", "higher"]
    function: MetricFunction
    format: str = ".4g"
    fewest: int = 2
    spread: str = ""
    meaning: str = ""


def _frechet(features: Features) -> Measured:
    return Measured(frechet_distance(feature_statistics(features.real), feature_statistics(features.fake)))


def _kernel(features: Features) -> Measured:
    return Measured(*kernel_distance(features.real, features.fake))


def _precision(features: Features) -> Measured:
    return Measured(precision(features.real, features.fake))


def _recall(features: Features) -> Measured:
    return Measured(recall(features.real, features.fake))


def _density(features: Features) -> Measured:
    return Measured(density(features.real, features.fake))


def _coverage(features: Features) -> Measured:
    return Measured(coverage(features.real, features.fake))


def _spread(features: Features) -> Measured:
    return Measured(relative_spread(features.real, features.fake))


def _inception_score(features: Features) -> Measured:
    return Measured(*inception_score(features.probabilities(features.fake)))


METRICS: tuple[Metric, ...] = (
    Metric("frechet_distance", "Frechet distance", "lower", _frechet, ".1f"),
    Metric(
        "kernel_distance_mean", "kernel distance", "lower", _kernel, spread="kernel_distance_std", meaning="unbiased"
    ),
    Metric("precision", "precision", "higher", _precision, ".3f", 4, meaning="how many generated look real"),
    Metric("recall", "recall", "higher", _recall, ".3f", 4, meaning="how many real are covered"),
    Metric("density", "density", "higher", _density, ".3f", 6, meaning="as precision, and 1 for real images"),
    Metric(
        "coverage", "coverage", "higher", _coverage, ".3f", 6, meaning="as recall, by neighbourhoods of real images"
    ),
    Metric("relative_spread", "spread", "higher", _spread, ".3f", meaning="of generated features over real ones"),
    Metric(
        "inception_score_mean",
        "inception score",
        "higher",
        _inception_score,
        ".2f",
        20,
        spread="inception_score_std",
        meaning="by the judge's own classifier; only Inception's compares with papers",
    ),
)


def measure(features: Features) -> dict[str, float]:
    """Every metric for which there are enough images, and its spread, by the entries' names."""
    count = min(len(features.real), len(features.fake))
    values: dict[str, float] = {}
    for metric in METRICS:
        if count >= metric.fewest:
            measured = metric.function(features)
            values[metric.name] = measured.value
            if metric.spread and measured.spread is not None:
                values[metric.spread] = measured.spread
    return values


def shown(metric: Metric, values: Mapping[str, float]) -> str:
    """A metric of an evaluation for people; "not measured" where it has none."""
    if metric.name not in values:
        return "not measured"
    spread = f" +- {values[metric.spread]:.2g}" if metric.spread in values else ""
    return f"{values[metric.name]:{metric.format}}{spread}"
