"""What is seen of each image, real or generated: features of the judge that was asked for, and rows of pixels.

Metrics of pixels look at some images of either side (`table.most_described`): of a data set spread evenly, and of
generated ones the first.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from frugan.data.images import TrainingImages
from frugan.features.base import FeatureExtractor
from frugan.judging.evaluation import Floor
from frugan.metrics.base import Features
from frugan.metrics.describing import describe, describers
from frugan.metrics.table import measure, most_described, standard_errors
from frugan.runs.dataset_features import dataset_features, dataset_rows
from frugan.training.ranks import ALONE, Ranks


@dataclass(frozen=True)
class Seen:
    """Of the images of one side, on the CPU.

    Attributes:
        features: (N, dim).
        pixels: rows (`most_described`, ...) by the names of their describers; none for those that need larger images.
    """

    features: Tensor
    pixels: Mapping[str, Tensor]

    def of(self, chosen: Tensor, chosen_pixels: Tensor) -> "Seen":
        """Some of them, by their numbers."""
        return Seen(self.features[chosen], {name: rows[chosen_pixels] for name, rows in self.pixels.items()})


def seen_of_dataset(
    extractor: FeatureExtractor,
    dataset: TrainingImages,
    count: int,
    stage: str,
    on_progress: Callable[[str, int, int], None],
    ranks: Ranks = ALONE,
) -> Seen:
    """Of images spread evenly over a data set; kept beside it."""
    features = dataset_features(
        extractor, dataset, count, lambda done, total: on_progress(stage, done, total), ranks=ranks
    )
    used = describers(*dataset.shape.size)
    if not used:
        return Seen(features, {})
    rows = dataset_rows(
        "pixels",
        lambda images: describe(images, extractor.bands),
        {describer.name: describer.version for describer in used},
        dataset,
        min(count, most_described(*dataset.shape.size)),
        extractor.bands,
        lambda done, total: on_progress(f"pixels of {stage}", done, total),
        ranks,
    )
    return Seen(features, rows)


def seen_of_batches(
    extractor: FeatureExtractor,
    batches: Iterable[Tensor],
    own: range,
    stage: str,
    on_progress: Callable[[str, int, int], None],
    ranks: Ranks = ALONE,
) -> Seen:
    """Of generated images, whose numbers among those of all `ranks` are `own`."""
    features: list[Tensor] = []
    pixels: dict[str, list[Tensor]] = {}
    done = 0
    for images in batches:
        features.append(extractor.features(images).cpu())
        described = min(len(own), max(most_described(images.shape[2], images.shape[3]) - own.start, 0))
        wanted = min(max(described - done, 0), len(images))
        if wanted or done == 0:  # those without a share learn the rows' shapes
            for name, rows in describe(images[: max(wanted, 1)], extractor.bands).items():
                pixels.setdefault(name, []).append(rows[:wanted])
        done += len(images)
        on_progress(stage, done, len(own))
    gathered = {name: ranks.gather_rows(torch.cat(rows)) for name, rows in pixels.items()}
    return Seen(ranks.gather_rows(torch.cat(features)), gathered)


def compared(real: Seen, fake: Seen, extractor: FeatureExtractor) -> tuple[dict[str, float], dict[str, float]]:
    """Values and standard errors of all metrics, by name."""
    features, pixels = _both(real, fake, extractor)
    return measure(features, pixels), standard_errors(features, pixels)


def real_floor(real: Seen, extractor: FeatureExtractor) -> Floor:
    """The real images against themselves: two random halves."""
    described = min(map(len, real.pixels.values()), default=0)
    first, second = zip(_halves(len(real.features)), _halves(described), strict=True)
    return Floor(len(real.features) // 2, measure(*_both(real.of(*first), real.of(*second), extractor)))


def _halves(count: int) -> tuple[Tensor, Tensor]:
    order, half = torch.randperm(count, generator=torch.Generator().manual_seed(0)), count // 2
    return order[:half], order[half : 2 * half]


def _both(real: Seen, fake: Seen, extractor: FeatureExtractor) -> tuple[Features, dict[str, Features]]:
    probabilities = extractor.probabilities if extractor.classifies else None
    names = real.pixels.keys() & fake.pixels.keys()
    pixels = {name: Features(real.pixels[name], fake.pixels[name]) for name in sorted(names)}
    return Features(real.features, fake.features, probabilities), pixels
