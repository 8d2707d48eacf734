"""How a view is computed."""

import math
from dataclasses import dataclass

from frugan.requests.frame import Frame
from frugan.system.errors import ArgumentError

DENSITY = 2048.0  # samples of the table along a side of the picture: 70 dB to the exact one, with random weights


@dataclass(frozen=True)
class Rendering:
    """Tiles, tables and threads: what changes the cost of a picture.

    Args:
        tile: Side of the tiles, in samples. From 32 on, they are a whole picture's to the last bit on CPUs.
        exact: Evaluate bent views at each place instead of between samples of a table.
        density: Of that table: samples along a side of the picture.
        workers: Threads that shade tiles beside each other. Tiles are too small for the threads of torch, which had
            better be set to 1 then.

    Raises:
        ArgumentError: a value out of these ranges.
    """

    tile: int = 64
    exact: bool = False
    density: float = DENSITY
    workers: int = 1

    def __post_init__(self) -> None:
        if self.tile < 32:
            raise ArgumentError("tile", "tiles have a side from 32", self.tile)
        if not 0 < self.density < math.inf:
            raise ArgumentError("density", "must be above 0", self.density)
        if self.workers < 1:
            raise ArgumentError("workers", "at least 1", self.workers)


def check_samples(frame: Frame, rendering: Rendering) -> None:
    """
    Raises:
        ArgumentError: tiles too small to hold a pixel.
    """
    if frame.supersample > rendering.tile:
        raise ArgumentError("supersample", f"from 1 to the side of a tile, {rendering.tile}", frame.supersample)
