"""Images that no part trains on: split by the content of each, never by its order or name.

An image is held out if the hash of its bytes says so. So copies of one image are always on the same side, and adding or
renaming images moves none of the others.
"""

from dataclasses import replace
from typing import Literal

import numpy as np

from frugan.data.packed import PackedDataset, Rows
from frugan.system.errors import ArgumentError

Side = Literal["training", "held-out"]
_HASHED = 2**64
_USUAL = 0.1  # as many data sets for classifiers hold out
_ENOUGH_FOR_SAMPLERS = 2000  # of fewer, a sampler needs every one
_ENOUGH_FOR_DECODERS = 100  # a decoder learns from few; of these, ten are left to judge it on


def usual_fraction(images: int, *, sampler: bool) -> float:
    """What is held out of so many images where nobody says it, with a `sampler` to train or for a decoder alone."""
    return _USUAL if images >= (_ENOUGH_FOR_SAMPLERS if sampler else _ENOUGH_FOR_DECODERS) else 0.0


def is_held_out(digest: str, fraction: float) -> bool:
    """Whether an image of that SHA-256, in hexadecimal digits, is held out."""
    return int(digest[:16], 16) < fraction * _HASHED


def split(dataset: PackedDataset, fraction: float) -> tuple[PackedDataset, PackedDataset]:
    """The images to train on, and about that fraction of them to judge on.

    Raises:
        ArgumentError: one of the two sides would be empty.
    """
    held = np.array([is_held_out(digest, fraction) for digest in dataset.digests], bool)
    if held.all() or not held.any():
        problem = (
            f"{fraction:g} of {len(dataset)} images leaves none on one side. Give another fraction, or more images"
        )
        raise ArgumentError("hold_out", problem)
    return _side(dataset, np.flatnonzero(~held), "training"), _side(dataset, np.flatnonzero(held), "held-out")


def _side(dataset: PackedDataset, rows: np.ndarray, side: Side) -> PackedDataset:
    fingerprint = f"{dataset.fingerprint}:{side}:{len(rows)}"
    return replace(
        dataset,
        images=Rows(dataset.images, rows),
        sides=dataset.sides[rows],
        labels=dataset.labels[rows],
        aspects=None if dataset.aspects is None else dataset.aspects[rows],
        names=tuple(dataset.names[row] for row in rows),
        digests=tuple(dataset.digests[row] for row in rows),
        fingerprint=fingerprint,
        subset=fingerprint,
    )
