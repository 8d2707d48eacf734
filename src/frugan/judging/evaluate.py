"""How good are the pictures? Distances between features of generated and real images, with their protocol."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from frugan.config.shape import resolution_entry
from frugan.data.images import TrainingImages
from frugan.data.loader import Loader
from frugan.features.base import FeatureExtractor
from frugan.judging.copying import measure_copying
from frugan.judging.evaluation import Evaluation, HeldOutQuality, Reconstruction
from frugan.judging.rows import compared, real_floor, seen_of_batches, seen_of_dataset
from frugan.judging.timing import time_model
from frugan.metrics.frechet import feature_statistics, frechet_distance
from frugan.metrics.image import psnr
from frugan.metrics.table import most_described
from frugan.model.model import Model
from frugan.runs.dataset_features import dataset_features
from frugan.training.ranks import ALONE, Ranks

# Below this many samples on either side the Frechet distance is dominated by its bias (bioinf-jku/TTUR#4).
ENOUGH_SAMPLES = 2048
# Evaluation seeds begin here, so that it never judges the pictures that people look at.
FIRST_SEED = 1_000_000
MOST_IMAGES = 50_000  # of a data set, as for FID
_MOST_RECONSTRUCTIONS = 1000
_BATCH = 32


def evaluate_model(
    model: Model,
    dataset: TrainingImages,
    extractor: FeatureExtractor,
    *,
    samples: int,
    truncation: float = 1.0,
    held_out: TrainingImages | None = None,
    ranks: Ranks = ALONE,
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Evaluation:
    """Compare `samples` generated images with the data set at the model's full resolution.

    On `held_out`, images that nothing was trained on, the decoder is judged too, and whether the sampler copies.
    Several `ranks` share the generated and the real images between them, and all return the same.
    """
    began = time.monotonic()
    reals = Loader(dataset, seed=0, mirror=False)
    count_real = min(len(dataset), MOST_IMAGES)
    real = seen_of_dataset(extractor, dataset, count_real, "real images", on_progress, ranks)
    own = range(samples * ranks.rank // ranks.count, samples * (ranks.rank + 1) // ranks.count)
    seeds = range(FIRST_SEED + own.start, FIRST_SEED + own.stop)
    generated = model.batches(seeds, truncation, batch=_BATCH, as_trained=True)
    fake = seen_of_batches(extractor, generated, own, "generated images", on_progress, ranks)
    count, decodes = min(count_real, _MOST_RECONSTRUCTIONS), model.codec.reduces or model.enlargement is not None
    both = real.features, fake.features
    reconstruction = _reconstruction(model, reals, extractor, both, count, on_progress) if decodes else None
    copying = None
    if held_out is not None:
        others = dataset_features(extractor, held_out, min(len(held_out), MOST_IMAGES), ranks=ranks)
        copying = measure_copying(fake.features, real.features, others)
        if reconstruction is not None:
            reconstruction = replace(reconstruction, held_out=_held_out_quality(model, held_out))
    values, errors = compared(real, fake, extractor)
    return Evaluation(
        metric=extractor.distance_name,
        values=values,
        standard_errors=errors,
        floor=real_floor(real, extractor),
        reconstruction=reconstruction,
        warnings=tuple(sample_warnings(count_real, samples, extractor.distance_name)),
        protocol=_protocol(model, dataset, extractor, (count_real, samples), truncation, held_out),
        seconds=round(time.monotonic() - began, 1),
        timing=time_model(model),
        copying=copying,
    )


def _protocol(
    model: Model,
    dataset: TrainingImages,
    extractor: FeatureExtractor,
    counts: tuple[int, int],
    truncation: float,
    held_out: TrainingImages | None,
) -> dict[str, str | int | float | None]:
    """`counts`: of real and generated images."""
    return {
        **extractor.protocol(),
        "resolution": resolution_entry(model.shape),
        **extractor.projection(model.shape.channels),
        "n_real": counts[0],
        "n_fake": counts[1],
        "most_described": most_described(*model.shape.size),
        "first_seed": FIRST_SEED,
        "truncation": truncation,
        "code_noise": model.assumed_noise,
        "real_fingerprint": dataset.fingerprint,
        **({"held_out_fingerprint": held_out.fingerprint} if held_out is not None else {}),
        "dtype": "float64",
        "device": str(model.device),
    }


@torch.no_grad()
def _reconstruction(
    model: Model,
    reals: Loader,
    extractor: FeatureExtractor,
    features_of: tuple[Tensor, Tensor],
    count: int,
    on_progress: Callable[[str, int, int], None],
) -> Reconstruction:
    """`features_of`: real and generated images."""
    features, decoded_psnr, base_psnr, done = [], [], [], 0
    for images in reals.spread_images(count, _BATCH):
        decoded, base = model.reconstruct(images)
        features.append(extractor.features(decoded).cpu())
        decoded_psnr.append(psnr(decoded, images))
        base_psnr.append(psnr(base, images))
        done += len(images)
        on_progress("reconstructions", done, count)
    statistics = feature_statistics(torch.cat(features))
    return Reconstruction(
        n=count,
        frechet_distance=frechet_distance(feature_statistics(features_of[0]), statistics),
        of_generated=frechet_distance(feature_statistics(features_of[1]), statistics),
        psnr=torch.cat(decoded_psnr).mean().item(),
        psnr_without_decoder=torch.cat(base_psnr).mean().item(),
    )


@torch.no_grad()
def _held_out_quality(model: Model, held_out: TrainingImages) -> HeldOutQuality:
    count, decoded_psnr, base_psnr = min(len(held_out), _MOST_RECONSTRUCTIONS), [], []
    for images in Loader(held_out, seed=0, mirror=False).spread_images(count, _BATCH):
        decoded, base = model.reconstruct(images)
        decoded_psnr.append(psnr(decoded, images))
        base_psnr.append(psnr(base, images))
    return HeldOutQuality(count, torch.cat(decoded_psnr).mean().item(), torch.cat(base_psnr).mean().item())


def sample_warnings(n_real: int, n_fake: int, name: str) -> list[str]:
    """What to be careful with, if there were too few images of either kind."""
    few = {kind: n for kind, n in (("real", n_real), ("generated", n_fake)) if n < ENOUGH_SAMPLES}
    if not few:
        return []
    return [f"{bias_warning(few, name)}, and see the kernel distance, which is unbiased"]


def bias_warning(few: Mapping[str, int], name: str) -> str:
    """What to be careful with where a Frechet distance is of few images, by kind."""
    counts = " and ".join(f"{n} {kind}" for kind, n in few.items())
    return (
        f"{name} from {counts} images is biased upwards (fewer than {ENOUGH_SAMPLES}): compare it only with results of "
        "the same counts"
    )
