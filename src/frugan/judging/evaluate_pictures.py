"""Judge pictures that lie in a folder, of whatever generator, as those of a model are judged."""

import time
from collections.abc import Callable
from pathlib import Path

from frugan.config.schema import DataConfig
from frugan.config.shape import ImageShape, resolution_entry
from frugan.data.cache import pack
from frugan.data.decode import ImageError, decoded
from frugan.data.fit import Wanted
from frugan.data.images import TrainingImages
from frugan.data.opening import open_images
from frugan.data.source import open_source
from frugan.features.choose import load_extractor
from frugan.judging.evaluate import MOST_IMAGES, sample_warnings
from frugan.judging.evaluation import Evaluation
from frugan.judging.rows import compared, real_floor, seen_of_dataset
from frugan.metrics.table import most_described
from frugan.requests.judging import Judge, RealImages
from frugan.system.cores import available_cores, processes_here
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import ArgumentError, UserError
from frugan.training.ranks import ALONE, Ranks


def evaluate_pictures(
    pictures: Path,
    images: RealImages,
    judge: Judge,
    *,
    samples: int | None = None,
    device: str = "auto",
    ranks: Ranks = ALONE,
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Evaluation:
    """Compare the pictures of a folder or a zip with real images, at the pictures' own size.

    `samples` of them, spread over the folder; all of them, up to 50,000, if None. Several `ranks` share the work.

    Raises:
        UserError: no pictures there, no real images named, or fewer pictures than asked for.
    """
    began = time.monotonic()
    if not images.data:
        raise ArgumentError("data", f"{pictures} is neither a run nor a model. To judge pictures, name the real images")
    use_threads(available_cores() // processes_here())
    fake = _packed_at_own_size(pictures)
    wanted = DataConfig(images.data, resolution=fake.shape.size, upsample=images.upsample)
    real = open_images(wanted)
    if samples is not None and samples > len(fake):
        raise ArgumentError("samples", f"{pictures} has only {len(fake)} pictures", samples)
    chosen = choose_device(device) if ranks.count == 1 else ranks.device
    extractor = load_extractor(judge.features, chosen, weights=judge.inception_weights, bands=judge.bands)
    n_real, n_fake = min(len(real), MOST_IMAGES), samples or min(len(fake), MOST_IMAGES)
    of_real = seen_of_dataset(extractor, real, n_real, "real images", on_progress, ranks)
    of_fake = seen_of_dataset(extractor, fake, n_fake, "pictures", on_progress, ranks)
    values, errors = compared(of_real, of_fake, extractor)
    return Evaluation(
        metric=extractor.distance_name,
        values=values,
        standard_errors=errors,
        floor=real_floor(of_real, extractor),
        warnings=tuple(sample_warnings(n_real, n_fake, extractor.distance_name)),
        protocol={
            **extractor.protocol(),
            "resolution": resolution_entry(fake.shape),
            "n_real": n_real,
            "n_fake": n_fake,
            "most_described": most_described(*fake.shape.size),
            "real_fingerprint": real.fingerprint,
            "pictures_fingerprint": fake.fingerprint,
            "dtype": "float64",
            "device": str(extractor.device),
        },
        seconds=round(time.monotonic() - began, 1),
        model=str(pictures),
    )


def _packed_at_own_size(pictures: Path) -> TrainingImages:
    """At the size of the first picture that can be decoded."""
    source = open_source(pictures)
    for index in range(len(source)):
        try:
            with source.reading(index) as data, decoded(data) as picture:
                picture.rows(0, 1)  # of a kind that is read
                shape = ImageShape(3, *picture.full_size)
            return pack(source, Wanted(shape, allow_upsampling=True))
        except ImageError:
            continue
    raise UserError(f"{pictures}: no picture can be decoded.")
