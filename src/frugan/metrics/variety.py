"""Spread of generated features against real ones: whether a generator draws one picture in different tints."""

from torch import Tensor


def relative_spread(real: Tensor, fake: Tensor) -> float:
    """Mean squared distance of fakes (m, D) from their mean over that of the reals (n, D) from theirs, unbiased: 1 for
    as much variety as the real images have, 0 for one picture."""
    return (_spread(fake) / _spread(real)).item()


def _spread(features: Tensor) -> Tensor:
    return features.detach().double().var(dim=0).sum()
