"""Density and coverage (Naeem et al. 2020): fidelity and variety that outliers and few images disturb less than
precision and recall."""

import torch
from torch import Tensor

from frugan.metrics.precision_recall import radii_of


def density(real: Tensor, fake: Tensor, *, neighbours: int = 5, chunk: int = 1024) -> float:
    """In how many of the reals' balls a fake lies, over how many an exact one would: about 1 for real images, and more
    for fakes that keep to where the reals are densest (Eq. 6).

    Args:
        real, fake: features (n, D), (m, D); compare only results of equal n and m.
        neighbours: k, the neighbour out to which a ball reaches; 5 in the paper.
        chunk: rows of the distance matrix at a time, to bound memory.

    Raises:
        ValueError: a set has no `neighbours`-th neighbour.
    """
    inside = sum(
        (torch.cdist(rows, centres) <= radii).sum().item()
        for rows, centres, radii in _pieces(real, fake, neighbours, chunk)
    )
    return inside / (neighbours * len(fake))


def coverage(real: Tensor, fake: Tensor, *, neighbours: int = 5, chunk: int = 1024) -> float:
    """The fraction of reals in whose ball some fake lies (Eq. 7). Arguments and errors as those of `density`."""
    covered = torch.zeros(len(real), dtype=torch.bool)
    for rows, centres, radii in _pieces(real, fake, neighbours, chunk):
        covered |= (torch.cdist(rows, centres) <= radii).any(dim=0)
    return covered.double().mean().item()


def _pieces(real: Tensor, fake: Tensor, neighbours: int, chunk: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Fakes in pieces, with the middles of all reals' balls and how far these reach."""
    if min(len(real), len(fake)) <= neighbours:
        raise ValueError(f"density and coverage need more than {neighbours} samples, got {len(real)} and {len(fake)}")
    # Distances come from inner products, whose cancellation float64 forgives.
    real, fake = real.detach().double(), fake.detach().double()
    radii = radii_of(real, neighbours, chunk)
    return [(rows, real, radii) for rows in fake.split(chunk)]
