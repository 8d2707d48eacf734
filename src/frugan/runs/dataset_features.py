"""Features of a data set's images, computed once and kept beside its packed pixels."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from frugan.data.images import TrainingImages
from frugan.data.loader import Loader
from frugan.features.base import FeatureExtractor
from frugan.system.atomic import write_file
from frugan.system.bounds import WEIGHTS
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_bounded
from frugan.system.jsonl import JSON
from frugan.training.ranks import ALONE, Ranks

_BATCH = 32


def dataset_features(
    extractor: FeatureExtractor,
    dataset: TrainingImages,
    count: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    ranks: Ranks = ALONE,
) -> Tensor:
    """Features (count, dim), on the CPU, of images spread evenly over the data set.

    The same for the same extractor, weights, pixels and device: whatever else changes makes another file. Where that
    is missing, several `ranks` share the work.
    """
    made_with: JSON = {
        **extractor.protocol(),
        "count": count,
        "device": str(extractor.device),
        "torch": torch.__version__,
    }
    if extractor.bands or not dataset.pixels.is_plain:
        made_with |= {"bands": extractor.bands, "pixels": astuple(dataset.pixels)}
    if dataset.subset:
        made_with["fingerprint"] = dataset.subset
    key = hashlib.sha256(json.dumps(made_with, sort_keys=True).encode()).hexdigest()[:16]
    file = dataset.folder / f"features-{key}.safetensors"
    kept = _read(file)
    if not ranks.any(kept is None) and kept is not None:
        return kept
    batches = -(-count // _BATCH)
    own = range(batches * ranks.rank // ranks.count, batches * (ranks.rank + 1) // ranks.count)
    pieces, done = [], 0
    for number, images in enumerate(Loader(dataset, seed=0, mirror=False).spread_images(count, _BATCH)):
        if number in own or number == 0:  # of the first batch, those without a share learn the features' width
            pieces.append(extractor.features(images).cpu()[: len(images) if number in own else 0])
        done += len(images)
        on_progress(done, count)
    features = ranks.gather_rows(torch.cat(pieces))
    if ranks.first:
        write_file(file, save({"features": features}))
    return features


def _read(file: Path) -> Tensor | None:
    try:
        return load(read_bounded(file, WEIGHTS))["features"]
    except (OSError, UserError, SafetensorError, KeyError):
        return None  # not there yet, or damaged: computed anew
