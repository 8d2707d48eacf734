"""Standard errors by the delete-a-group jackknife (Quenouille 1956; Tukey 1958): what other seeds would give."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

GROUPS = 10  # each costs one evaluation; ten give the error to about a quarter of itself (1 / sqrt(2 (G - 1)))


def standard_error(value: Callable[[Tensor], float], count: int, groups: int = GROUPS) -> float:
    """Of a number that is computed from `count` samples, from its values without each of `groups` random groups.

        s^2 = (G - 1) / G sum_g (v_g - mean v)^2

    Args:
        value: of samples by their numbers (k,), in rising order.
        groups: at most `count`; with as many, each sample is left out once.
    """
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0))
    membership = torch.empty(count, dtype=torch.int64)
    membership[order] = torch.arange(count) * groups // count
    values = [value((membership != group).nonzero()[:, 0]) for group in range(groups)]
    mean = math.fsum(values) / groups
    return math.sqrt((groups - 1) / groups * math.fsum((v - mean) ** 2 for v in values))
