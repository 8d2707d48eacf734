"""Which picture the page asks for: frozen requests that check themselves. They are the names of what is kept, too."""

import math
from dataclasses import dataclass
from pathlib import Path

from frugan.requests.drawing import LARGEST_SEED
from frugan.requests.frame import Outside
from frugan.system.errors import ArgumentError

MOST_TOGETHER = 4  # pictures that one lies between
LARGEST_TILE = 1024
LARGEST_WHOLE = 2**24  # samples along a side of the whole picture; 2^20 can be rendered into a file
FARTHEST = 100_000  # pictures away from the picture


@dataclass(frozen=True)
class Source:
    """A model, as it was at a moment.

    Attributes:
        path: of a run or a model folder.
        snapshot: images that the sampler had seen; None for the newest.
        stamp: of its weights: another training, another stamp.
    """

    path: Path
    snapshot: int | None = None
    stamp: str = ""


@dataclass(frozen=True)
class Wish:
    """One picture of a model.

    Args:
        seed: From 0 to 2^32 - 1.
        truncation: 0 or more.
        label: Class, by its name or number; "": the seed's own.
        variation: Seed of the direction in which the picture is varied.
        distance: How far, from 0 (the picture) to 1 (the picture of that seed).
        others: Further seeds that the picture lies between.
        parts: How much of each of these there is; what is left of 1 is the seed's.
        style: Seed whose style is taken for some layers; -1: none.
        layers: First and last of these layers, from 0.

    Raises:
        ArgumentError: a value out of range.
    """

    seed: int = 0
    truncation: float = 1.0
    label: str = ""
    variation: int = 0
    distance: float = 0.0
    others: tuple[int, ...] = ()
    parts: tuple[float, ...] = ()
    style: int = -1
    layers: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        for name, seeds in (("seed", (self.seed,)), ("variation", (self.variation,)), ("others", self.others)):
            if not all(0 <= seed <= LARGEST_SEED for seed in seeds):
                raise ArgumentError(name, f"seeds are from 0 to {LARGEST_SEED}")
        if not -1 <= self.style <= LARGEST_SEED:
            raise ArgumentError("style", f"a seed from 0 to {LARGEST_SEED}, or -1 for none")
        if not 0 <= self.truncation <= 100:
            raise ArgumentError("truncation", "a number from 0 to 100")
        if not 0 <= self.distance <= 1:
            raise ArgumentError("distance", "a number from 0 to 1")
        if len(self.others) != len(self.parts) or len(self.others) >= MOST_TOGETHER:
            raise ArgumentError("parts", f"one for each of `others`, at most {MOST_TOGETHER - 1}")
        if not all(0 <= part <= 1 for part in self.parts) or sum(self.parts) > 1 + 1e-9:
            raise ArgumentError("parts", "numbers from 0 to 1 with a sum of 1 at most")
        if not 0 <= self.layers[0] <= self.layers[1] < 1000:
            raise ArgumentError("layers", "first and last layer, from 0")

    @property
    def plain(self) -> bool:
        """Whether it is the picture of a seed, as `frugan sample` draws it."""
        return self.distance == 0 and not self.others and self.style < 0


@dataclass(frozen=True)
class TileWish:
    """A part of a picture that is drawn at any size.

    Args:
        whole: Width and height of the whole picture, in pixels.
        corner: Left and top of the tile in it; may lie outside.
        size: Width and height of the tile.
        outside: As of `Frame`.
        supersample: Samples along each side of a pixel: 1, 2, 4 or 8.

    Raises:
        ArgumentError: a value out of range.
    """

    whole: tuple[int, int]
    corner: tuple[int, int]
    size: tuple[int, int] = (256, 256)
    outside: Outside = "extrapolate"
    supersample: int = 1

    def __post_init__(self) -> None:
        if not all(1 <= side <= LARGEST_WHOLE for side in self.whole):
            raise ArgumentError("whole", f"sides from 1 to {LARGEST_WHOLE} pixels")
        if not all(1 <= side <= LARGEST_TILE for side in self.size):
            raise ArgumentError("size", f"sides from 1 to {LARGEST_TILE} pixels")
        if self.supersample not in (1, 2, 4, 8) or max(self.size) * self.supersample > 2 * LARGEST_TILE:
            raise ArgumentError("supersample", f"1, 2, 4 or 8, and at most {2 * LARGEST_TILE} samples a side")
        if any(abs(at) > FARTHEST * side for at, side in zip(self.corner, self.whole, strict=True)):
            raise ArgumentError("corner", f"at most {FARTHEST} pictures away")


def finite(name: str, value: float) -> float:
    """
    Raises:
        ArgumentError: NaN, or infinite.
    """
    if not math.isfinite(value):
        raise ArgumentError(name, "must be a finite number")
    return value
