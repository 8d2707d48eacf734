"""Images at their own size, for enlarging: with their opacity, and in their own colours, whose profile goes along."""

import dataclasses
from typing import NamedTuple

import numpy as np
from PIL import Image

from frugan.config.shape import PLAIN, ImageShape, PixelFormat
from frugan.data.colour import fits_png
from frugan.data.decode import MODES, decoded
from frugan.data.deep import needs_deep, read_deep
from frugan.data.fit import Wanted


class WholeImage(NamedTuple):
    """
    Attributes:
        pixels: (C, H, W) in the wanted format; colours are multiplied by their opacity, if they have one.
        profile: of its colours, which are as in the file; None for sRGB.
        opacity: (1, H, W), if the file has one and `pixels` do not; of all 8 or 16 bits.
    """

    pixels: np.ndarray
    profile: bytes | None = None
    opacity: np.ndarray | None = None

    @property
    def written_channels(self) -> int:
        """Of a file with all of it: grey with opacity is written as RGBA."""
        return len(self.pixels) if self.opacity is None else 4


def decode_whole(data: bytes, channels: int, pixels: PixelFormat = PLAIN) -> WholeImage:
    """Encoded bytes -> the upright image of so many channels, and its opacity.

    Colours whose profile the written PNG cannot have, such as those of CMYK, become sRGB; so do colours that become
    grey.

    Raises:
        CorruptImageError, UnsupportedImageError: as `decode_image`.
    """
    if needs_deep(data, Wanted(ImageShape(channels, 1, 1), pixels)):
        colours, opacity = read_deep(data, channels, pixels)
        return WholeImage(colours, opacity=opacity)
    with decoded(data) as picture:
        apart = channels in (1, 3) and picture.stored.has_transparency_data
        mode, is_grey = picture.stored.mode, channels == 1 and not apart
        fits = picture.profile is not None and fits_png(picture.profile, mode)
        profile = picture.profile if fits and (mode == "L") == is_grey and (is_grey or channels > 1) else None
        shown = dataclasses.replace(picture, profile=None) if profile else picture
        drawn = shown.rows(0, shown.height, "RGBa" if apart else MODES[channels])
        if not apart:
            return WholeImage(_channels_first(drawn), profile)
        colours = np.asarray(drawn)[..., :3]
        seen = Image.fromarray(colours).convert(MODES[channels])
        return WholeImage(_channels_first(seen), profile, _channels_first(drawn)[3:])


def _channels_first(image: Image.Image) -> np.ndarray:
    array = np.asarray(image)
    return array[None].copy() if array.ndim == 2 else array.transpose(2, 0, 1).copy()
