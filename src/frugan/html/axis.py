"""Axes: which range to show, where its round ticks are, and where a value falls in pixels."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeGuard


@dataclass(frozen=True)
class Scale:
    """A linear map that takes `low` to the pixel `start` and `high` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def is_number(value: float | None) -> TypeGuard[float]:
    """Whether there is something to draw."""
    return value is not None and math.isfinite(value)


def value_range(values: Iterable[float | None], *, from_zero: bool = False) -> tuple[float, float]:
    """Round ends that hold all values: a constant gets room around it, nothing at all gets 0 to 1."""
    finite = [value for value in values if is_number(value)]
    if from_zero:
        finite.append(0.0)
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if math.isclose(low, high):
        room = abs(low) / 10 or 1.0
        low, high = (low, high + room) if from_zero else (low - room, high + room)
    while True:  # rounding outwards may ask for a larger step, and that for rounding again
        step = tick_step(low, high)
        rounded = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        if rounded == (low, high):
            return rounded
        low, high = rounded


def tick_step(low: float, high: float, about: int = 5) -> float:
    """1, 2 or 5 times a power of ten, so that about this many steps fill the range."""
    raw = (high - low) / about
    magnitude = 10.0 ** math.floor(math.log10(raw))
    return next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= raw * (1 - 1e-9))


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """The multiples of a round step from `low` to `high`."""
    step = tick_step(low, high, about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def tick_labels(ticks: list[float]) -> list[str]:
    """All with the decimals that the distance between them needs."""
    step = min((b - a for a, b in itertools.pairwise(ticks)), default=1.0)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return [f"{tick:,.{decimals}f}" if decimals <= 4 else f"{tick:.3g}" for tick in ticks]
