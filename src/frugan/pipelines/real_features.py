"""Features of a data set's images, computed once and kept beside its packed pixels."""

import hashlib
import json
from collections.abc import Callable

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from frugan.atomic import write_file
from frugan.data.cache import PackedDataset
from frugan.data.loader import Loader
from frugan.features.base import FeatureExtractor

_BATCH = 32


def real_features(
    extractor: FeatureExtractor,
    dataset: PackedDataset,
    count: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Tensor:
    """Features (count, dim), on the CPU, of images spread evenly over the data set.

    The same for the same extractor, weights, pixels and device: whatever else changes makes another file.
    """
    made_with = {**extractor.protocol(), "count": count, "device": str(extractor.device), "torch": torch.__version__}
    key = hashlib.sha256(json.dumps(made_with, sort_keys=True).encode()).hexdigest()[:16]
    file = dataset.folder / f"features-{key}.safetensors"
    try:
        return load(file.read_bytes())["features"]
    except (OSError, SafetensorError, KeyError):
        pass  # not there yet, or damaged: computed anew
    pieces, done = [], 0
    for images in Loader(dataset, seed=0, mirror=False).spread_images(count, _BATCH):
        pieces.append(extractor.features(images).cpu())
        done += len(images)
        on_progress(done, count)
    features = torch.cat(pieces)
    write_file(file, save({"features": features}))
    return features
