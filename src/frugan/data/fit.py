"""How an image of any shape is brought to the wanted one: which part of it is used, and where that goes."""

import math
from typing import NamedTuple

from frugan.config.schema import Fit
from frugan.config.shape import ImageShape, PixelFormat


class Wanted(NamedTuple):
    """What images are decoded to.

    Attributes:
        fit: "crop" takes the middle, "stretch" all of it, out of proportion, and "pad" all of it in proportion: on a
            white page for grey and RGB, transparent for RGBA, 0 for bands. "aspect-buckets" takes nearly all of it, and
            stretches: generators of coordinates draw what it shows in proportion.
        allow_upsampling: enlarge images that are smaller; else they cannot be used.
        smallest: for squares alone: images between this side and the wanted one keep their own size.
    """

    shape: ImageShape
    pixels: PixelFormat = PixelFormat()
    fit: Fit = "crop"
    allow_upsampling: bool = False
    smallest: int | None = None

    @classmethod
    def square(cls, side: int, *, allow_upsampling: bool = False, smallest: int | None = None) -> "Wanted":
        """RGB of 8 bits, as most of this field has it."""
        return cls(ImageShape.square(side), allow_upsampling=allow_upsampling, smallest=smallest)


class Placement(NamedTuple):
    """
    Attributes:
        left, top, right, bottom: part of the image that is used, in its pixels.
        height, width: what that is resized to.
        above, before: rows of the result above it, and columns before it, that are filled.
    """

    left: float
    top: float
    right: float
    bottom: float
    height: int
    width: int
    above: int = 0
    before: int = 0

    @property
    def enlarges(self) -> bool:
        """Whether it has fewer pixels than are wanted, along a side."""
        return self.right - self.left < self.width or self.bottom - self.top < self.height

    @property
    def keeps_pixels(self) -> bool:
        """Whether nothing has to be resized."""
        return (self.right - self.left, self.bottom - self.top) == (self.width, self.height)


_STEPS, _FARTHEST = 4, 6  # buckets are 2^(1/4) apart, at most 9 % of a side is cut; up to 2.8 times as wide or high


def aspect_bucket(height: int, width: int) -> float:
    """Width over height that an image is cut to, to share a batch with others of about its shape."""
    step = round(_STEPS * math.log2(width / height))
    return 2.0 ** (min(max(step, -_FARTHEST), _FARTHEST) / _STEPS)


def placement(size: tuple[int, int], wanted: tuple[int, int], fit: Fit) -> Placement:
    """Of an image of that height and width, in one of another."""
    (height, width), (rows, columns) = size, wanted
    if fit == "stretch":
        return Placement(0, 0, width, height, rows, columns)
    if fit == "aspect-buckets":
        aspect = aspect_bucket(height, width)
        seen_height, seen_width = min(height, width / aspect), min(width, height * aspect)
        top, left = (height - seen_height) / 2, (width - seen_width) / 2
        return Placement(left, top, left + seen_width, top + seen_height, rows, columns)
    # Is it wider, for its height, than what is wanted?
    wider = width * rows >= height * columns
    if fit == "pad":
        down = max(1, round(height * columns / width)) if wider else rows
        across = columns if wider else max(1, round(width * rows / height))
        return Placement(0, 0, width, height, down, across, (rows - down) // 2, (columns - across) // 2)
    seen_height = height if wider else width * rows / columns
    seen_width = height * columns / rows if wider else width
    top, left = (height - seen_height) // 2, (width - seen_width) // 2
    return Placement(left, top, left + seen_width, top + seen_height, rows, columns)
