"""Flags that say what images are made of, and which are held out."""

import dataclasses
from typing import Annotated

from tyro.conf import OmitArgPrefixes

from frugan.cli.parsing import parse_channels, parse_resolution
from frugan.config.schema import Fit
from frugan.config.shape import Bits
from frugan.use_cases.plan import Plan


@dataclasses.dataclass(frozen=True)
class ShapeFlags:
    """What images are made of.

    Args:
        resolution: Size of the images, in pixels: a side, or HEIGHTxWIDTH such as 96x160. Default: the recipe's, or the
            shards'.
        channels: Channels of the images: rgb, grey, rgba or a number of bands. Default: the recipe's, which is rgb,
            or the shards'.
        bits: Bits per channel: 8, 16, or 32 for floating point numbers. Default: the recipe's, which is 8, or
            the shards'.
        white: Largest value of 16-bit images, such as 4095 for 12 bits. Default: 65535.
        fit: Fit of images of another shape: crop the middle, stretch, pad, or aspect-buckets, with which generators of
            coordinates learn each image in its own proportions. Default: the recipe's, which is crop.
        hold_out: Fraction of the images to hold out from the training, such as 0.1. Decoders and copying are judged on
            them. Default: 0.1 of at least 2,000 images, or of at least 100 with --part decoder; else 0.
    """

    resolution: str = ""
    channels: str = ""
    bits: Bits | None = None
    white: int | None = None
    fit: Fit | None = None
    hold_out: float | None = None

    def applied(self, plan: Plan) -> Plan:
        """The plan for such images."""
        return dataclasses.replace(
            plan,
            resolution=parse_resolution(self.resolution),
            channels=parse_channels(self.channels),
            bits=self.bits,
            white=self.white,
            fit=self.fit,
            hold_out=self.hold_out,
        )


# These flags stand beside a verb's own, without a prefix.
WithShape = Annotated[ShapeFlags, OmitArgPrefixes]
SHAPE = ShapeFlags()
