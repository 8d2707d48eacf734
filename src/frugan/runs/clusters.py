"""Classes for images that have none: clusters of like ones, which a conditional generator is told apart by.

Liu et al., "Diverse Image Generation via Self-Conditioned GANs" (2020) cluster the discriminator's features, anew from
time to time. Here they are those of the offline judge, which are good from the beginning, and clustered once.
"""

import dataclasses
import json
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from frugan.data.images import TrainingImages
from frugan.data.packed import PackedDataset
from frugan.features.choose import load_extractor
from frugan.runs.dataset_features import dataset_features
from frugan.runs.folder import RunFolder, is_run
from frugan.system.atomic import write_file
from frugan.system.bounds import LISTING
from frugan.system.errors import ArgumentError, RunError, UserError
from frugan.system.foreign_files import read_bounded

CLUSTERS_FILE = "clusters.json"
_JUDGE, _FEWEST_EACH = "efficientnet-lite0", 4
_STARTS, _ITERATIONS = 5, 100  # of k-means: it ends in the nearest minimum, and the best of a few is kept


def clustered(
    dataset: TrainingImages, count: int, device: torch.device, report: Callable[[str], None]
) -> PackedDataset:
    """The same images, whose classes are clusters of likeness: k-means on the directions of their features.

    Of few images there are fewer than `count`, so that each has some.

    Raises:
        ArgumentError: images in shards, or all alike.
    """
    if not isinstance(dataset, PackedDataset):
        raise ArgumentError("clusters", "features of images in shards do not fit into memory. Set it to 0", count)
    possible = min(count, len(dataset) // _FEWEST_EACH)
    report(f"looking for {possible} clusters of like images")
    features = dataset_features(load_extractor(_JUDGE, device), dataset, len(dataset)).numpy()
    lengths = np.linalg.norm(features, axis=1, keepdims=True)  # 0 where the judge sees nothing, as in tiny images
    labels = _k_means(features / np.maximum(lengths, np.finfo(features.dtype).tiny), possible)
    if not labels.any():
        raise ArgumentError("clusters", "all images look alike. Set it to 0", count)
    return _labelled(dataset, labels)


def clusters_of(start: Path | None, dataset: TrainingImages) -> TrainingImages | None:
    """The same images in the clusters of the run that another training starts from, whose classes then mean what they
    meant; None if that run has none, or was of other images.

    Raises:
        RunError: its file is damaged.
    """
    if start is None or not is_run(start) or not (start / CLUSTERS_FILE).exists():
        return None
    same = RunFolder.open(start).env().data.fingerprint == dataset.fingerprint
    return with_kept_clusters(start, dataset) if same else None


def in_any_clusters(dataset: TrainingImages, count: int) -> TrainingImages:
    """The same images in clusters of no meaning, where nothing is to be learned from them."""
    assert isinstance(dataset, PackedDataset)
    return _labelled(dataset, np.arange(len(dataset)) % count)


def write_clusters(run: Path, dataset: TrainingImages) -> None:
    """Keep the cluster of each image with the run: on another machine, rounding might give others."""
    assert isinstance(dataset, PackedDataset)
    write_file(run / CLUSTERS_FILE, json.dumps(dataset.labels.tolist()).encode())


def with_kept_clusters(run: Path, dataset: TrainingImages) -> TrainingImages:
    """The run's images with the clusters that it began with.

    Raises:
        RunError: they are not there, or of other images.
    """
    file = run / CLUSTERS_FILE
    try:
        labels = np.array(json.loads(read_bounded(file, LISTING)), np.int64)
    except (OSError, ValueError, TypeError, OverflowError, RecursionError, UserError) as error:
        raise RunError(f"{file} cannot be read: {error}. Train anew") from error
    fits = isinstance(dataset, PackedDataset) and labels.shape == dataset.labels.shape
    if not fits or labels.min() < 0 or len(np.unique(labels)) != labels.max() + 1:
        raise RunError(f"{file} is not of these {len(dataset)} images. Train anew")
    assert isinstance(dataset, PackedDataset)
    return _labelled(dataset, labels)


def _labelled(dataset: PackedDataset, labels: np.ndarray) -> PackedDataset:
    names = tuple(f"cluster-{number}" for number in range(int(labels.max()) + 1))
    return dataclasses.replace(dataset, labels=labels, class_names=names)


def _k_means(directions: np.ndarray, count: int) -> np.ndarray:
    """Labels (N,) from 0, the largest cluster first; fewer than `count` where images are alike."""
    from scipy.cluster.vq import kmeans2

    best, least = np.zeros(len(directions), np.int64), np.inf
    for seed in range(_STARTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of clusters that stay empty where images are alike: they are left out
            centres, labels = kmeans2(directions, count, iter=_ITERATIONS, minit="++", seed=seed)
        spread = float(((directions - centres[labels]) ** 2).sum())
        if spread < least:
            best, least = labels, spread
    found, sizes = np.unique(best, return_counts=True)
    rank = {int(found[place]): number for number, place in enumerate(np.argsort(-sizes, kind="stable"))}
    return np.array([rank[int(label)] for label in best], np.int64)
