"""Images at their own size, for enlarging: with their opacity, and in their own colours, whose profile goes along."""

import dataclasses
from typing import NamedTuple

import numpy as np

from frugan.config.shape import PLAIN, ImageShape, PixelFormat
from frugan.data.colour import fits_png
from frugan.data.decode import MODES, decoded
from frugan.data.deep import needs_deep, read_deep
from frugan.data.fit import Wanted


class WholeImage(NamedTuple):
    """
    Attributes:
        pixels: (C, H, W) in the wanted format; of 4 channels, colours are premultiplied.
        profile: of its colours, which are as in the file; None for sRGB.
    """

    pixels: np.ndarray
    profile: bytes | None = None


def decode_whole(data: bytes, channels: int, pixels: PixelFormat = PLAIN) -> WholeImage:
    """Encoded bytes -> the upright image of so many channels; RGB with transparency becomes RGBA.

    Colours whose profile a PNG cannot have, such as those of CMYK, become sRGB.

    Raises:
        CorruptImageError, UnsupportedImageError: as `decode_image`.
    """
    if needs_deep(data, Wanted(ImageShape(channels, 1, 1), pixels)):
        return WholeImage(read_deep(data, channels, pixels))
    with decoded(data) as picture:
        keeps = picture.profile is not None and fits_png(picture.profile, picture.stored.mode)
        shown = dataclasses.replace(picture, profile=None) if keeps else picture
        mode = "RGBa" if channels == 3 and picture.stored.has_transparency_data else MODES[channels]
        drawn = np.asarray(shown.rows(0, shown.height, mode))
        upright = drawn[None] if drawn.ndim == 2 else drawn.transpose(2, 0, 1)
        return WholeImage(upright.copy(), picture.profile if keeps else None)
