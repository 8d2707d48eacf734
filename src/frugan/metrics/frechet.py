"""Frechet distance between Gaussians fitted to features (Heusel et al. 2017), in float64, without SciPy.

    d = |m1 - m2|^2 + tr C1 + tr C2 - 2 tr (C1 C2)^(1/2)

With C = X^T X for centred features X scaled by 1 / sqrt(n - 1), the last trace is the nuclear norm of X1 X2^T, also
when there are fewer samples than dimensions. With many samples it is the sum of the roots of the eigenvalues of L^T
C2 L, where C1 = L L^T: the faster form, used when C1 is well inside the positive-definite cone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class FeatureStatistics:
    """Mean (D,), unbiased covariance (D, D) of n features, float64; with few of them the centred features (n, D)."""

    count: int
    mean: Tensor
    covariance: Tensor
    centred: Tensor | None


def feature_statistics(features: Tensor) -> FeatureStatistics:
    """From features (n, D).

    Raises:
        ValueError: fewer than two samples, or values that are not finite.
    """
    count, dim = features.shape
    if count < 2:
        raise ValueError(f"a covariance needs at least 2 samples, got {count}")
    x = features.detach().cpu().double()  # in this order: MPS has no float64
    if not bool(torch.isfinite(x).all()):
        raise ValueError("features contain NaN or infinite values; were the images finite?")
    mean = x.mean(dim=0)
    centred = (x - mean) / (count - 1) ** 0.5
    return FeatureStatistics(count, mean, centred.T @ centred, centred if count <= dim else None)


def frechet_distance(a: FeatureStatistics, b: FeatureStatistics) -> float:
    """Squared Frechet distance; >= 0, and 0 for equal statistics up to rounding. Symmetric."""
    if a.mean.shape != b.mean.shape:
        raise ValueError(f"features differ in dimension: {a.mean.shape[0]} and {b.mean.shape[0]}")
    distance = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace()
    return max((distance - 2 * _trace_of_root(a, b)).item(), 0.0)


def _trace_of_root(a: FeatureStatistics, b: FeatureStatistics) -> Tensor:
    """tr (C1 C2)^(1/2)."""
    if a.centred is not None and b.centred is not None:
        return torch.linalg.svdvals(a.centred @ b.centred.T).sum()
    few, other = (a, b) if a.centred is not None else (b, a)
    if few.centred is not None:
        # X1 C2 X1^T has the non-zero eigenvalues of C1 C2 in n x n instead of D x D.
        return _sum_of_roots(few.centred @ other.covariance @ few.centred.T)
    factor, failed = torch.linalg.cholesky_ex(a.covariance)
    if not bool(failed):
        return _sum_of_roots(factor.T @ b.covariance @ factor)
    eigenvalues, basis = torch.linalg.eigh(a.covariance)
    root = (basis * eigenvalues.clamp(min=0).sqrt()) @ basis.T
    return _sum_of_roots(root @ b.covariance @ root)


def _sum_of_roots(matrix: Tensor) -> Tensor:
    return torch.linalg.eigvalsh((matrix + matrix.T) / 2).clamp(min=0).sqrt().sum()
