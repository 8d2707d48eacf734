"""Improved precision and recall (Kynkaanniemi et al. 2019): fakes among the reals, reals among the fakes."""

from collections.abc import Iterable

import torch
from torch import Tensor

from frugan.metrics.neighbours import Distances

_NEIGHBOURS = 3  # k of the paper


def precision(real: Tensor, fake: Tensor, *, neighbours: int = _NEIGHBOURS, chunk: int = 1024) -> float:
    """The fraction of fakes within the reals' support; see `recall`."""
    return precision_of(Distances(real, fake, chunk=chunk), neighbours)


def recall(real: Tensor, fake: Tensor, *, neighbours: int = _NEIGHBOURS, chunk: int = 1024) -> float:
    """The fraction of reals within the fakes' support: the union of balls around the fakes, each out to the
    `neighbours`-th nearest of the others.

    Args:
        real, fake: features (n, D), (m, D); compare only results of equal n and m.
        neighbours: 3 in the paper.
        chunk: rows of the distance matrix at a time, to bound memory.

    Raises:
        ValueError: a set has no `neighbours`-th neighbour.
    """
    return recall_of(Distances(real, fake, chunk=chunk), neighbours)


def precision_of(distances: Distances, neighbours: int = _NEIGHBOURS) -> float:
    """As `precision`."""
    _check(distances, neighbours)
    return _covered(distances.fakes_to_reals(), distances.real_radii(neighbours))


def recall_of(distances: Distances, neighbours: int = _NEIGHBOURS) -> float:
    """As `recall`."""
    _check(distances, neighbours)
    return _covered(distances.reals_to_fakes(), distances.fake_radii(neighbours))


def _check(distances: Distances, neighbours: int) -> None:
    if distances.smaller <= neighbours:
        raise ValueError(f"precision and recall need more than {neighbours} samples a side, got {distances.smaller}")


def _covered(pieces: Iterable[Tensor], radii: Tensor) -> float:
    return torch.cat([(rows <= radii).any(dim=1) for rows in pieces]).double().mean().item()
