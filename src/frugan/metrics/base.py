"""What a metric of an evaluation is: a function of rows that describe real and generated images."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from frugan.features.base import as_8_bit
from frugan.metrics.neighbours import Distances


@dataclass(frozen=True)
class Features:
    """Rows that describe the images of both sides, on the CPU: features of a judge, or what a `Describer` makes.

    Attributes:
        real: (n, dim); of describers (n, ...).
        fake: (m, dim); of describers (m, ...).
        probabilities: features -> class probabilities (N, classes) of the judge's own classifier; None where there is
            none.
    """

    real: Tensor
    fake: Tensor
    probabilities: Callable[[Tensor], Tensor] | None = None

    @cached_property
    def distances(self) -> Distances:
        """Between the features, computed once for all metrics that look at neighbours."""
        return Distances(self.real, self.fake, keep=True)


class Measured(NamedTuple):
    """A value, and its standard deviation where there is one."""

    value: float
    spread: float | None = None


MetricFunction = Callable[[Features], Measured]
# Of the same features, the value for some of the generated images alone, by their numbers (k,): what can be computed
# once for all such choices is computed before the function is returned.
Resampled = Callable[[Features], Callable[[Tensor], float]]


class Describer(NamedTuple):
    """What a metric of pixels looks at.

    Attributes:
        name: of its rows in files.
        describe: images (N, 3, H, W) in [-1, 1], on any device -> rows (N, ...), on the CPU; each image by itself.
        smallest: the shorter side that it needs, in pixels.
        version: another one for other numbers: rows of before are then made anew.
    """

    name: str
    describe: Callable[[Tensor], Tensor]
    smallest: int
    version: int = 1


def one_by_one(images: Tensor, describe: Callable[[Tensor], Tensor]) -> Tensor:
    """Rows of images (N, 3, H, W) in [-1, 1]: each is shown alone to `describe`, as levels from 0 to 255 (3, H, W), so
    that no row depends on the others of its batch."""
    with torch.no_grad():
        return torch.stack([describe(image) for image in as_8_bit(images.cpu())])
