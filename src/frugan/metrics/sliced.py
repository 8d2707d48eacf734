"""Sliced Wasserstein distances (Rabin et al. 2011): of sets of vectors, the mean of those of their projections."""

import numpy as np
import torch
from torch import Tensor


def directions(dim: int, count: int) -> Tensor:
    """Unit vectors (dim, count), float32, always the same."""
    drawn = np.random.RandomState(0).randn(dim, count)
    return torch.from_numpy(drawn / np.linalg.norm(drawn, axis=0)).float()


def sorted_projections(vectors: Tensor, along: Tensor) -> Tensor:
    """(n, dim), (dim, k) -> (k, n), each row in rising order."""
    return (along.T @ vectors.T).sort(dim=1).values


def quantile_distance(a: Tensor, b: Tensor) -> float:
    """Mean over rows of the Wasserstein-1 distance between sorted numbers (k, n) and (k, m).

    It is the mean distance of their quantiles (i + 1/2) / q: exact for n = m = q.
    """
    number = max(a.shape[1], b.shape[1])
    return float((_quantiles(a, number) - _quantiles(b, number)).abs().double().mean())


def _quantiles(ordered: Tensor, number: int) -> Tensor:
    count = ordered.shape[1]
    if count == number:
        return ordered
    return ordered[:, (2 * torch.arange(number) + 1) * count // (2 * number)]
