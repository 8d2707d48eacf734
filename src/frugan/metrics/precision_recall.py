"""Improved precision and recall (Kynkaanniemi et al. 2019): fakes among the reals, reals among the fakes."""

import torch
from torch import Tensor


def precision(real: Tensor, fake: Tensor, *, neighbours: int = 3, chunk: int = 1024) -> float:
    """The fraction of fakes within the reals' support; see `recall`."""
    return recall(fake, real, neighbours=neighbours, chunk=chunk)


def recall(real: Tensor, fake: Tensor, *, neighbours: int = 3, chunk: int = 1024) -> float:
    """The fraction of reals within the fakes' support: the union of balls around the fakes, each out to the
    `neighbours`-th nearest of the others.

    Args:
        real, fake: features (n, D), (m, D); compare only results of equal n and m.
        neighbours: 3 in the paper.
        chunk: rows of the distance matrix at a time, to bound memory.

    Raises:
        ValueError: a set has no `neighbours`-th neighbour.
    """
    if min(len(real), len(fake)) <= neighbours:
        raise ValueError(f"precision and recall need more than {neighbours} samples, got {len(real)} and {len(fake)}")
    # Distances come from inner products, whose cancellation float64 forgives.
    real, fake = real.detach().double(), fake.detach().double()
    return _covered(real, fake, radii_of(fake, neighbours, chunk), chunk)


def radii_of(points: Tensor, neighbours: int, chunk: int) -> Tensor:
    """Distance of each point to its k-th neighbour (n,); the nearest of all is the point itself."""
    return torch.cat([torch.cdist(rows, points).kthvalue(neighbours + 1, dim=1).values for rows in points.split(chunk)])


def _covered(points: Tensor, centres: Tensor, radii: Tensor, chunk: int) -> float:
    inside = [(torch.cdist(rows, centres) <= radii).any(dim=1) for rows in points.split(chunk)]
    return torch.cat(inside).double().mean().item()
