"""Density and coverage (Naeem et al. 2020): fidelity and variety that outliers and few images disturb less than
precision and recall."""

import torch
from torch import Tensor

from frugan.metrics.neighbours import Distances

_NEIGHBOURS = 5  # k of the paper


def density(real: Tensor, fake: Tensor, *, neighbours: int = _NEIGHBOURS, chunk: int = 1024) -> float:
    """In how many of the reals' balls a fake lies, over how many an exact one would: about 1 for real images, and more
    for fakes that keep to where the reals are densest (Eq. 6).

    Args:
        real, fake: features (n, D), (m, D); compare only results of equal n and m.
        neighbours: k, the neighbour out to which a ball reaches; 5 in the paper.
        chunk: rows of the distance matrix at a time, to bound memory.

    Raises:
        ValueError: a set has no `neighbours`-th neighbour.
    """
    return density_of(Distances(real, fake, chunk=chunk), neighbours)


def coverage(real: Tensor, fake: Tensor, *, neighbours: int = _NEIGHBOURS, chunk: int = 1024) -> float:
    """The fraction of reals in whose ball some fake lies (Eq. 7). Arguments and errors as those of `density`."""
    return coverage_of(Distances(real, fake, chunk=chunk), neighbours)


def density_of(distances: Distances, neighbours: int = _NEIGHBOURS) -> float:
    """As `density`."""
    radii = _checked_radii(distances, neighbours)
    inside = torch.cat([(rows <= radii).sum(dim=1) for rows in distances.fakes_to_reals()])
    return inside.double().mean().item() / neighbours


def coverage_of(distances: Distances, neighbours: int = _NEIGHBOURS) -> float:
    """As `coverage`."""
    radii = _checked_radii(distances, neighbours)
    covered = torch.stack([(rows <= radii).any(dim=0) for rows in distances.fakes_to_reals()])
    return covered.any(dim=0).double().mean().item()


def _checked_radii(distances: Distances, neighbours: int) -> Tensor:
    """How far the reals' balls reach."""
    if distances.smaller <= neighbours:
        raise ValueError(f"density and coverage need more than {neighbours} samples a side, got {distances.smaller}")
    return distances.real_radii(neighbours)
