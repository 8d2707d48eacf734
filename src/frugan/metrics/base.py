"""What a metric of an evaluation is: a function of the features of real and generated images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


@dataclass(frozen=True)
class Features:
    """Features of both sides, on the CPU.

    Attributes:
        real: (n, dim).
        fake: (m, dim).
        probabilities: features -> class probabilities (N, classes) of the extractor's own classifier.
    """

    real: Tensor
    fake: Tensor
    probabilities: Callable[[Tensor], Tensor]


class Measured(NamedTuple):
    """A value, and its standard deviation where there is one."""

    value: float
    spread: float | None = None


MetricFunction = Callable[[Features], Measured]
