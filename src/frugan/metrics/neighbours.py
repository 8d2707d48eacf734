"""Distances between features of real and generated images, for the metrics that ask who lies near whom."""

from collections.abc import Iterable

import torch
from torch import Tensor

# Numbers of the matrices that are kept at most: 2^25 float64 are 268 MB, of 2,048 generated and 14,336 real images.
MOST_KEPT = 2**25


class Distances:
    """Euclidean, in float64: they come from inner products, whose cancellation float64 forgives.

    Args:
        real, fake: features (n, D), (m, D).
        chunk: rows of a matrix at a time, to bound memory.
        keep: hold the matrices, if they are small enough, for other questions and for `of`.
    """

    def __init__(self, real: Tensor, fake: Tensor, *, chunk: int = 1024, keep: bool = False) -> None:
        self._real, self._fake, self._chunk = real.detach().double(), fake.detach().double(), chunk
        self._real_radii: dict[int, Tensor] = {}
        self._across: Tensor | None = None  # (m, n)
        self._within: Tensor | None = None  # (m, m)
        if keep and few_enough(len(real), len(fake)):
            self._across = torch.cdist(self._fake, self._real)
            self._within = torch.cdist(self._fake, self._fake)

    @property
    def smaller(self) -> int:
        """Samples of the smaller side."""
        return min(len(self._real), len(self._fake))

    def of(self, chosen: Tensor) -> "Distances":
        """The same for some fakes only, by their numbers (k,)."""
        found = Distances(self._real, self._fake[chosen], chunk=self._chunk)
        found._real_radii = self._real_radii
        if self._across is not None and self._within is not None:
            found._across, found._within = self._across[chosen], self._within[chosen][:, chosen]
        return found

    def fakes_to_reals(self) -> Iterable[Tensor]:
        """(., n): rows of fakes."""
        if self._across is not None:
            return self._across.split(self._chunk)
        return (torch.cdist(rows, self._real) for rows in self._fake.split(self._chunk))

    def reals_to_fakes(self) -> Iterable[Tensor]:
        """(., m): rows of reals."""
        if self._across is not None:
            return self._across.T.split(self._chunk)
        return (torch.cdist(rows, self._fake) for rows in self._real.split(self._chunk))

    def real_radii(self, neighbours: int) -> Tensor:
        """Of each real to the k-th of the other reals (n,)."""
        if neighbours not in self._real_radii:
            self._real_radii[neighbours] = radii_of(self._real, neighbours, self._chunk)
        return self._real_radii[neighbours]

    def fake_radii(self, neighbours: int) -> Tensor:
        """Of each fake to the k-th of the other fakes (m,)."""
        if self._within is not None:
            return self._within.kthvalue(neighbours + 1, dim=1).values
        return radii_of(self._fake, neighbours, self._chunk)


def few_enough(reals: int, fakes: int) -> bool:
    """Whether matrices between so many images are small enough to be kept."""
    return (reals + fakes) * fakes <= MOST_KEPT


def radii_of(points: Tensor, neighbours: int, chunk: int) -> Tensor:
    """Distance of each point to its k-th neighbour (n,); the nearest of all is the point itself."""
    return torch.cat([torch.cdist(rows, points).kthvalue(neighbours + 1, dim=1).values for rows in points.split(chunk)])
