"""Faults of single pictures: the share of generated pictures that lie beyond nearly all real ones.

Real images may be symmetric, periodic or of one spot, too: what counts is beyond their 99th percentile, so that about
1 % of real images would be there.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from frugan.metrics.base import Features, Measured

FEWEST = 100  # a 99th percentile of fewer is their maximum
_PERCENTILE = 0.99
_STEP = 0.01  # scores are rounded to: where all real images are alike, the last digits are no fault


def share_beyond(rows: Features) -> Measured:
    """From 0 to 1, of scores (n, k) and (m, k) whose high values are faults.

    Of several scores each is measured from the reals' median, in units of the distance from there to their percentile,
    and the highest one counts.
    """
    return Measured(resampled_share_beyond(rows)(torch.arange(len(rows.fake))))


def resampled_share_beyond(rows: Features) -> Callable[[Tensor], float]:
    """See `base.Resampled`."""
    real, fake = ((scores.double() / _STEP).round() for scores in (rows.real, rows.fake))
    middle = real.quantile(0.5, dim=0)
    reach = (real.quantile(_PERCENTILE, dim=0) - middle).clamp(min=1)
    limit = ((real - middle) / reach).amax(dim=1).quantile(_PERCENTILE)
    beyond = (((fake - middle) / reach).amax(dim=1) > limit).double()
    return lambda chosen: beyond[chosen].mean().item()
