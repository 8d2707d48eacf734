"""Kernel distance between feature sets (Binkowski et al. 2018, "KID"): unbiased, so fit for small sets."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from frugan.metrics.base import Features

# Up to this many samples, one matrix of all kernels (134 MB) is cheaper than one a subset.
_WHOLE_MATRIX = 4096


def kernel_distance(
    a: Tensor, b: Tensor, *, subsets: int = 100, subset_size: int = 1000, seed: int = 2020
) -> tuple[float, float]:
    """Mean and standard deviation over subsets of the unbiased squared MMD with kernel (x.y / D + 1)^3.

    Args:
        a, b: features (n, D), (m, D).
        subset_size: lowered to the size of the smaller set.
        seed: of the choice of subsets; torch-fidelity's default, whose results these equal.
    """
    size = min(subset_size, len(a), len(b))
    if size < 2:
        raise ValueError(f"a kernel distance needs at least 2 samples on each side, got {len(a)} and {len(b)}")
    x, y = (f.detach().to("cpu", torch.float64) for f in (a, b))
    random = np.random.RandomState(seed)
    choices = [
        (random.choice(len(x), size, replace=False), random.choice(len(y), size, replace=False)) for _ in range(subsets)
    ]
    if max(len(x), len(y)) <= _WHOLE_MATRIX:
        k_xx, k_yy, k_xy = _kernel(x, x), _kernel(y, y), _kernel(x, y)
        values = [_squared_mmd(k_xx[i][:, i], k_yy[j][:, j], k_xy[i][:, j]) for i, j in choices]
    else:
        values = [_squared_mmd(_kernel(x[i], x[i]), _kernel(y[j], y[j]), _kernel(x[i], y[j])) for i, j in choices]
    result = torch.tensor(values, dtype=torch.float64)
    return result.mean().item(), result.std(unbiased=False).item()


def resampled_kernel_distance(features: Features) -> Callable[[Tensor], float]:
    """See `base.Resampled`. Of all pairs at once, of which the mean over subsets is an estimate."""
    x, y = features.real.detach().double(), features.fake.detach().double()
    among = _kernel(y, y)
    among.fill_diagonal_(0)
    across = torch.cat([_kernel(rows, y) for rows in x.split(_WHOLE_MATRIX)]).mean(dim=0)
    real = sum(float(_kernel(rows, x).sum()) for rows in x.split(_WHOLE_MATRIX)) - float(
        ((x.square().sum(dim=1) / x.shape[1] + 1) ** 3).sum()
    )
    of_real = real / (len(x) * (len(x) - 1))

    def value(chosen: Tensor) -> float:
        n = len(chosen)
        return of_real + float(among[chosen][:, chosen].sum() / (n * (n - 1)) - 2 * across[chosen].mean())

    return value


def _squared_mmd(k_xx: Tensor, k_yy: Tensor, k_xy: Tensor) -> float:
    """Unbiased: a sample's kernel with itself does not count."""
    n = len(k_xx)
    within = sum((k.sum() - k.trace()) / (n * (n - 1)) for k in (k_xx, k_yy))
    return float(within - 2 * k_xy.mean())


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3
