"""Kernel distance between feature sets (Binkowski et al. 2018; "KID" on Inception's): unbiased, so fit for small
sets."""

import numpy as np
import torch
from torch import Tensor


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
    values = []
    for _ in range(subsets):
        from_x = torch.from_numpy(random.choice(len(x), size, replace=False))
        from_y = torch.from_numpy(random.choice(len(y), size, replace=False))
        values.append(_squared_mmd(x[from_x], y[from_y]))
    result = torch.tensor(values, dtype=torch.float64)
    return result.mean().item(), result.std(unbiased=False).item()


def _squared_mmd(x: Tensor, y: Tensor) -> float:
    n = len(x)
    within = sum((_kernel(f, f).sum() - _kernel_diagonal(f).sum()) / (n * (n - 1)) for f in (x, y))
    return (within - 2 * _kernel(x, y).mean()).item()


def _kernel(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.T / x.shape[1] + 1) ** 3


def _kernel_diagonal(x: Tensor) -> Tensor:
    return (x.square().sum(dim=1) / x.shape[1] + 1) ** 3
