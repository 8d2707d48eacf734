"""The metrics of an evaluation. Adding one is a function in a file of its own, and a line in METRICS.

Evaluations, model cards, reports and studies read this table. An evaluation that was made before a metric was added
says that it is not measured.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor

from frugan.metrics.base import Describer, Features, Measured, MetricFunction, Resampled
from frugan.metrics.beyond import FEWEST, resampled_share_beyond, share_beyond
from frugan.metrics.blobs import BLOBS
from frugan.metrics.colour import COLOURS, colour_distance, resampled_colour_distance
from frugan.metrics.density_coverage import coverage_of, density_of
from frugan.metrics.frechet import feature_statistics, frechet_distance
from frugan.metrics.inception_score import inception_score
from frugan.metrics.jackknife import GROUPS, standard_error
from frugan.metrics.kernel import kernel_distance, resampled_kernel_distance
from frugan.metrics.lattices import LATTICES
from frugan.metrics.neighbours import Distances, few_enough
from frugan.metrics.patches import PATCHES, patch_distance, resampled_patch_distance
from frugan.metrics.precision_recall import precision_of, recall_of
from frugan.metrics.random_features import RANDOM
from frugan.metrics.spectrum import SPECTRA, resampled_spectrum_distance, spectrum_distance
from frugan.metrics.symmetry import SYMMETRIES
from frugan.metrics.variety import relative_spread

MAIN = "frechet_distance"  # what studies compare, sweeps choose by, and reports show first
SECOND = "random_distance"  # a judge of another kind: where it ranks models differently, MAIN is no verdict
MOST_DESCRIBED = 2048  # images of 128 x 128 that metrics of pixels look at, on either side: their rows are large
_FEWEST_DESCRIBED = 256  # of large ones, whose description takes time in proportion to their pixels
_FEWEST_FOR_ERRORS = 2 * GROUPS  # two images a group

Group = Literal["distances on features", "fidelity and variety", "pixels", "single pictures"]


@dataclass(frozen=True)
class Metric:
    """One number that tells two sets of images apart.

    Attributes:
        name: its entry in JSON files.
        title: what people read.
        better: which values are.
        function: (what describes real and generated images) -> the number.
        format: how people read it.
        fewest: images on either side that it needs.
        spread: the entry of its standard deviation, if it has one.
        meaning: a few words more, for those who do not know it.
        group: under which people read it.
        describer: what describes the images; None for the features of the judge that was asked for.
        resampled: the same number for some of the generated images, for its standard error; None: `function` computes
            each from the start.
        classified: whether the judge needs a classifier of its own.
    """

    name: str
    title: str
    better: Literal["lower", "higher"]
    function: MetricFunction
    format: str = ".4g"
    fewest: int = 2
    spread: str = ""
    meaning: str = ""
    group: Group = "fidelity and variety"
    describer: Describer | None = None
    resampled: Resampled | None = None
    classified: bool = False


def _frechet(features: Features) -> Measured:
    return Measured(frechet_distance(feature_statistics(features.real), feature_statistics(features.fake)))


def _resampled_frechet(features: Features) -> Callable[[Tensor], float]:
    real = feature_statistics(features.real)
    return lambda chosen: frechet_distance(real, feature_statistics(features.fake[chosen]))


def _kernel(features: Features) -> Measured:
    return Measured(*kernel_distance(features.real, features.fake))


def _spread(features: Features) -> Measured:
    return Measured(relative_spread(features.real, features.fake))


def _inception_score(features: Features) -> Measured:
    assert features.probabilities is not None
    return Measured(*inception_score(features.probabilities(features.fake)))


def _of_neighbours(name: str, number: Callable[[Distances], float], fewest: int, meaning: str) -> Metric:
    def resampled(features: Features) -> Callable[[Tensor], float]:
        return lambda chosen: number(features.distances.of(chosen))

    return Metric(
        name,
        name,
        "higher",
        lambda features: Measured(number(features.distances)),
        ".3f",
        fewest,
        meaning=meaning,
        resampled=resampled,
    )


def _of_single_pictures(describer: Describer, meaning: str) -> Metric:
    return Metric(
        describer.name,
        describer.name,
        "lower",
        share_beyond,
        ".3f",
        FEWEST,
        meaning=f"{meaning}: share beyond the 99th percentile of real ones, which have 0.01",
        group="single pictures",
        describer=describer,
        resampled=resampled_share_beyond,
    )


METRICS: tuple[Metric, ...] = (
    Metric(
        MAIN,
        "Frechet distance",
        "lower",
        _frechet,
        ".1f",
        group="distances on features",
        resampled=_resampled_frechet,
    ),
    Metric(
        "kernel_distance_mean",
        "kernel distance",
        "lower",
        _kernel,
        spread="kernel_distance_std",
        meaning="unbiased",
        group="distances on features",
        resampled=resampled_kernel_distance,
    ),
    Metric(
        SECOND,
        "FD-random",
        "lower",
        _frechet,
        ".3g",
        meaning="Frechet distance by a judge that has learned nothing",
        group="distances on features",
        describer=RANDOM,
        resampled=_resampled_frechet,
    ),
    _of_neighbours("precision", precision_of, 4, "how many generated look real"),
    _of_neighbours("recall", recall_of, 4, "how many real are covered"),
    _of_neighbours("density", density_of, 6, "as precision, and 1 for real images"),
    _of_neighbours("coverage", coverage_of, 6, "as recall, by neighbourhoods of real images"),
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
        classified=True,
    ),
    Metric(
        "patch_distance",
        "patches",
        "lower",
        patch_distance,
        ".1f",
        meaning="sliced Wasserstein distance of patches at all scales, times 1000: textures",
        group="pixels",
        describer=PATCHES,
        resampled=resampled_patch_distance,
    ),
    Metric(
        "colour_distance",
        "colours",
        "lower",
        colour_distance,
        ".2f",
        meaning="sliced Wasserstein distance of colours, in 8-bit levels",
        group="pixels",
        describer=COLOURS,
        resampled=resampled_colour_distance,
    ),
    Metric(
        "spectrum_distance",
        "spectrum",
        "lower",
        spectrum_distance,
        ".2f",
        meaning="difference of power spectra in dB: blur, noise and ringing",
        group="pixels",
        describer=SPECTRA,
        resampled=resampled_spectrum_distance,
    ),
    _of_single_pictures(SYMMETRIES, "like their own mirror image"),
    _of_single_pictures(LATTICES, "with a pattern that repeats"),
    _of_single_pictures(BLOBS, "with a spot of detail that nothing else in them has"),
)


def most_described(height: int, width: int) -> int:
    """Images of this size that metrics of pixels look at, on either side: 2,048 up to 128 x 128, and down to 256 of
    larger ones, so that they are described in about as much time."""
    affordable = MOST_DESCRIBED * 128**2 // (height * width)
    return min(MOST_DESCRIBED, max(_FEWEST_DESCRIBED, affordable))


def measure(features: Features, pixels: Mapping[str, Features] | None = None) -> dict[str, float]:
    """Every metric for which there are enough images, and its spread, by the entries' names.

    `pixels`: what describers made of the images, by their names.
    """
    values: dict[str, float] = {}
    for metric, seen in _measurable(features, pixels or {}):
        measured = metric.function(seen)
        values[metric.name] = measured.value
        if metric.spread and measured.spread is not None:
            values[metric.spread] = measured.spread
    return values


def standard_errors(features: Features, pixels: Mapping[str, Features] | None = None) -> dict[str, float]:
    """Of every metric, for other generated images against the same real ones; by name.

    None for fewer than 20 generated images, nor where there are so many of the judge's features that their distances
    cannot be kept: there it would take minutes.
    """
    errors: dict[str, float] = {}
    for metric, seen in _measurable(features, pixels or {}):
        count = len(seen.fake)
        kept = count - -(-count // GROUPS)
        if count < _FEWEST_FOR_ERRORS or kept < metric.fewest or not few_enough(len(seen.real), count):
            continue
        errors[metric.name] = standard_error((metric.resampled or _from_the_start(metric))(seen), count)
    return errors


def _from_the_start(metric: Metric) -> Resampled:
    def resampled(seen: Features) -> Callable[[Tensor], float]:
        return lambda chosen: metric.function(replace(seen, fake=seen.fake[chosen])).value

    return resampled


def _measurable(features: Features, pixels: Mapping[str, Features]) -> list[tuple[Metric, Features]]:
    """Each metric with what it looks at, if there is that, and of enough images."""
    found = []
    for metric in METRICS:
        seen = features if metric.describer is None else pixels.get(metric.describer.name)
        if metric.classified and features.probabilities is None:
            continue
        if seen is not None and min(len(seen.real), len(seen.fake)) >= metric.fewest:
            found.append((metric, seen))
    return found


def groups() -> dict[Group, list[Metric]]:
    """The metrics but the main one, by group."""
    found: dict[Group, list[Metric]] = {}
    for metric in METRICS:
        if metric.name != MAIN:
            found.setdefault(metric.group, []).append(metric)
    return found


def shown(metric: Metric, values: Mapping[str, float], errors: Mapping[str, float] | None = None) -> str:
    """A metric of an evaluation for people, with its standard error if that is given, else its spread; "not measured"
    where it has none."""
    if metric.name not in values:
        return "not measured"
    value = values[metric.name]
    # One decimal is enough for distances of hundreds; with `--features random` the main one is below 10, too.
    text = f"{value:.3g}" if metric.format == ".1f" and abs(value) < 10 else f"{value:{metric.format}}"
    if errors and metric.name in errors:
        return f"{text} ± {errors[metric.name]:.2g}"
    return text + (f" +- {values[metric.spread]:.2g}" if metric.spread in values else "")


def lines(values: Mapping[str, float]) -> list[str]:
    """Metrics of an evaluation but the main one, a line for each group."""
    return [
        f"{group}: {', '.join(f'{metric.title} {shown(metric, values)}' for metric in metrics)}"
        for group, metrics in groups().items()
    ]
