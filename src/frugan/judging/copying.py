"""Does a sampler copy? Whether its images lie nearer to those that it was trained on than to as many held out."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_RELABELLINGS = 500
_ROWS = 512  # of distances at once


@dataclass(frozen=True)
class Copying:
    """Of the generated images, whose nearest real image is one of training, among as many of either side.

    Attributes:
        n: real images of each side.
        nearer_to_training: the share of the generated images; 0.5 where training images are as any others.
        spread: standard deviation of that share if the sides of the real images were tossed up.
    """

    n: int
    nearer_to_training: float
    spread: float

    def text(self) -> str:
        """In words."""
        return (
            f"of the generated images, {self.nearer_to_training:.1%} are nearest to a training image rather than to "
            f"one held out, among {self.n:,} of each (50.0% ± {min(2 * self.spread, 0.5):.1%} if it copies nothing)"
        )


def measure_copying(generated: Tensor, training: Tensor, held_out: Tensor) -> Copying:
    """From features (G, dim), (N, dim) and (M, dim); of the larger side, as many are used as the other has, spread
    evenly.

    The nearest image is decided among both sides at once. Under the hypothesis that training made no difference, the
    sides of the real images are exchangeable: relabelling them gives the spread.
    """
    n = min(len(training), len(held_out))
    sides = [side[torch.arange(n) * len(side) // n].double() for side in (training, held_out)]
    real = torch.cat(sides)
    nearest = torch.cat([torch.cdist(rows.double(), real).argmin(dim=1) for rows in generated.split(_ROWS)])
    times = np.bincount(nearest.numpy(), minlength=2 * n)  # how many generated images each real one is nearest to
    random = np.random.RandomState(0)
    shares = [times[random.permutation(2 * n)[:n]].sum() / len(generated) for _ in range(_RELABELLINGS)]
    return Copying(n, float(times[:n].sum() / len(generated)), float(np.std(shares)))
