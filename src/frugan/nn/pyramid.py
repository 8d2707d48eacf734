"""Sizes of networks that double or halve: from a few pixels to any height and width.

Where the size is no multiple of the doublings, generators draw the next larger one that is, and its last rows and
columns are left out; discriminators see theirs mirrored beyond the edge.
"""

import math
from typing import NamedTuple

_SMALLEST = 4  # pixels of a side where doubling begins: DCGAN, StyleGAN2, BigGAN; 3 if that fits the size better


class Pyramid(NamedTuple):
    """Of pictures of one size.

    Attributes:
        height: at the bottom, 3 to 8 for the shorter side; 8 where 7 and a fraction are rounded up.
        width: likewise.
        doublings: between the bottom and the whole size.
    """

    height: int
    width: int
    doublings: int

    @property
    def nominal_sides(self) -> list[int]:
        """4, 8 ... as layers are named after sides, whatever the size is."""
        return [_SMALLEST * 2**i for i in range(self.doublings + 1)]

    def size(self, doublings: int) -> tuple[int, int]:
        """Height and width after so many doublings."""
        return self.height * 2**doublings, self.width * 2**doublings


def pyramid(height: int, width: int, who: str, least: int = 8) -> Pyramid:
    """As many doublings as there are from 3 or 4 pixels: what leaves the fewest to cut off, and then the most.

    One doubling less makes a far weaker discriminator: at 24 x 32, one that ends at 6 x 8 learned nothing.

    Args:
        least: pixels of the shorter side, at least.
        who: is named in errors.

    Raises:
        ValueError: the shorter side is below that.
    """
    if min(height, width) < least:
        raise ValueError(f"{who} needs codes of at least {least} x {least}, got {height} x {width}")
    counts = {int(math.log2(min(height, width) / smallest)) for smallest in (_SMALLEST - 1, _SMALLEST)}
    sizes = [Pyramid(-(-height // 2**count), -(-width // 2**count), count) for count in counts]
    return min(sizes, key=lambda size: (math.prod(size.size(size.doublings)), -size.doublings))
