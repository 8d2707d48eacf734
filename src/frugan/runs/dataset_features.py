"""What judges see of a data set's images, computed once and kept beside its packed pixels."""

import hashlib
import json
from collections.abc import Callable, Mapping
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
from frugan.training.ranks import ALONE, Ranks

_BATCH = 32


def dataset_features(
    extractor: FeatureExtractor,
    dataset: TrainingImages,
    count: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    ranks: Ranks = ALONE,
) -> Tensor:
    """Features (count, dim), on the CPU, of images spread evenly over the data set: see `dataset_rows`."""
    made_with = {**extractor.protocol(), "device": str(extractor.device)}

    def describe(images: Tensor) -> dict[str, Tensor]:
        return {"features": extractor.features(images)}

    rows = dataset_rows("features", describe, made_with, dataset, count, extractor.bands, on_progress, ranks)
    return rows["features"]


def dataset_rows(
    kind: str,
    describe: Callable[[Tensor], Mapping[str, Tensor]],
    made_with: Mapping[str, object],
    dataset: TrainingImages,
    count: int,
    bands: tuple[int, ...] = (),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    ranks: Ranks = ALONE,
) -> dict[str, Tensor]:
    """What `describe` makes of images (N, C, H, W), spread evenly over the data set: rows (count, ...) by name, on the
    CPU.

    The same for the same kind, pixels, and all that it is `made_with`: whatever else changes makes another file. Where
    that is missing, several `ranks` share the work.
    """
    file = _file(kind, {**made_with, "count": count, "torch": torch.__version__}, dataset, bands)
    kept = _read(file)
    if not ranks.any(kept is None) and kept is not None:
        return kept
    batches = -(-count // _BATCH)
    own = range(batches * ranks.rank // ranks.count, batches * (ranks.rank + 1) // ranks.count)
    pieces: dict[str, list[Tensor]] = {}
    done = 0
    for number, images in enumerate(Loader(dataset, seed=0, mirror=False).spread_images(count, _BATCH)):
        if number in own or number == 0:  # of the first batch, those without a share learn the rows' shapes
            for name, rows in describe(images).items():
                pieces.setdefault(name, []).append(rows.cpu()[: len(images) if number in own else 0])
        done += len(images)
        on_progress(done, count)
    found = {name: ranks.gather_rows(torch.cat(rows)) for name, rows in pieces.items()}
    if ranks.first:
        write_file(file, save(found))
    return found


def _file(kind: str, made_with: dict[str, object], dataset: TrainingImages, bands: tuple[int, ...]) -> Path:
    if bands or not dataset.pixels.is_plain:
        made_with |= {"bands": bands, "pixels": astuple(dataset.pixels)}
    if dataset.subset:
        made_with["fingerprint"] = dataset.subset
    key = hashlib.sha256(json.dumps(made_with, sort_keys=True).encode()).hexdigest()[:16]
    return dataset.folder / f"{kind}-{key}.safetensors"


def _read(file: Path) -> dict[str, Tensor] | None:
    try:
        return load(read_bounded(file, WEIGHTS)) or None
    except (OSError, UserError, SafetensorError):
        return None  # not there yet, or damaged: computed anew
