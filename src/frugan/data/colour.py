"""Embedded colour profiles: pixels are brought to sRGB, as a browser shows them, with the perceptual intent."""

from functools import lru_cache
from io import BytesIO
from typing import Literal

from PIL import Image, ImageCms

Profile = Literal["none", "sRGB", "converted", "unreadable"]
_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # of a profile, and Pillow's mode for its pixels
# Modes of a profile that fit an image's; "RGB" where it is not listed.
_MODES = {"L": ("L",), "I": ("L",), "I;16": ("L",), "I;16B": ("L",), "LA": ("L",), "CMYK": ("CMYK",)}
_INTENT = ImageCms.Intent.PERCEPTUAL  # relative colorimetric for profiles of a matrix, which have no other


def profile_of(image: Image.Image) -> Profile:
    """What becomes of the image's profile: sRGB needs no conversion; one that cannot be read is taken for sRGB."""
    data = image.info.get("icc_profile")
    if not data:
        return "none"
    kind, mode = _reading(data)
    return kind if mode in _MODES.get(image.mode, ("RGB",)) else "unreadable"


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB, L or CMYK pixels -> RGB ones in sRGB, if the profile is of such pixels; else as they are."""
    if not profile:
        return image
    kind, mode = _reading(profile)
    if kind != "converted" or mode != image.mode:
        return image
    converted = ImageCms.applyTransform(image, _transform(profile))
    assert converted is not None
    return converted


def fits_png(profile: bytes, mode: str) -> bool:
    """Whether a PNG of pixels of that mode can have the profile, and it can be read."""
    kind, space = _reading(profile)
    return kind in ("sRGB", "converted") and space == ("L" if mode == "L" else "RGB") and mode in ("L", "RGB", "RGBA")


@lru_cache(maxsize=64)
def _reading(profile: bytes) -> tuple[Profile, str]:
    """What becomes of a profile, and the mode of the pixels that it is for."""
    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _SPACES.get(opened.profile.xcolor_space, "")
        if mode == "RGB" and "srgb" in ImageCms.getProfileDescription(opened).lower():
            return "sRGB", mode
        if not mode:
            return "unreadable", ""
        _transform(profile)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "unreadable", ""
    return "converted", mode


@lru_cache(maxsize=64)
def _transform(profile: bytes) -> ImageCms.ImageCmsTransform:
    """Kept: building one takes 12 ms, and a camera's photos share theirs."""
    opened = ImageCms.ImageCmsProfile(BytesIO(profile))
    mode = _SPACES[opened.profile.xcolor_space]
    return ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), mode, "RGB", renderingIntent=_INTENT)
