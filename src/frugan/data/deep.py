"""Images of more than 8 bits, or of other channels than grey, RGB and RGBA: arrays and scientific files.

Values stay what they are in the file. 16-bit grey and TIFF need nothing more (TIFF the extra `tiff`); PNGs of 16-bit
colours need the extra `deep`. Profiles of colours are not applied: there is no converter of 16 bits here.
"""

import importlib
import math
from io import BytesIO
from types import ModuleType

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from frugan.config.shape import PixelFormat, channels_text
from frugan.data.decode import (
    CorruptImageError,
    SmallImageError,
    UnsupportedImageError,
    decoded,
)
from frugan.data.fit import Placement, Wanted, placement
from frugan.system.bounds import IMAGE_PIXELS
from frugan.system.errors import UserError
from frugan.system.numpy_files import numbers_of

_NUMPY, _PNG, _TIFF = b"\x93NUMPY", b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R 601, as Pillow's


def largest_colour(data: bytes) -> int | None:
    """The largest value of a PNG of 16-bit colours, opacity aside; None for any other file.

    Raises:
        UserError: the extra `deep` is not installed.
        CorruptImageError, UnsupportedImageError: as `decode_picture`.
    """
    if not _is_deep_png(data):
        return None
    array = _bands_last(_deep_png(data))
    return int((array[..., :-1] if array.shape[2] in (2, 4) else array).max())


def needs_deep(data: bytes, wanted: Wanted) -> bool:
    """Whether an image is read here, or as an ordinary picture by `decode_picture`."""
    return wanted.pixels.bits > 8 or wanted.shape.channels not in (1, 3, 4) or data.startswith(_NUMPY)


def decode_deep(data: bytes, wanted: Wanted) -> np.ndarray:
    """Encoded bytes -> (C, H, W) of the wanted shape and number format, in the file's own values.

    Whole numbers become those of the wanted bits: 8-bit ones are multiplied by 257 for 16 bits. As floating point
    numbers they keep their values. Resizing is Lanczos, rows first, on floating point numbers.

    Raises:
        CorruptImageError, UnsupportedImageError, SmallImageError: as `decode_picture`.
    """
    array = _converted(data, wanted.shape.channels, wanted.pixels)
    place = placement(array.shape[:2], wanted.shape.size, wanted.fit)
    if place.enlarges and not wanted.allow_upsampling:
        raise SmallImageError(f"{array.shape[1]} x {array.shape[0]} is smaller than {wanted.shape.size_text}")
    resized = _resized(array, place)
    white = wanted.pixels.bits == 16 and wanted.shape.channels in (1, 3)
    page = np.full((*wanted.shape.size, wanted.shape.channels), 65535.0 if white else 0.0, np.float32)
    rows, columns = slice(place.above, place.above + place.height), slice(place.before, place.before + place.width)
    page[rows, columns] = resized
    if wanted.pixels.bits != 32:
        page = page.round().clip(0, 2**wanted.pixels.bits - 1)
    return np.ascontiguousarray(page.transpose(2, 0, 1)).astype(wanted.pixels.dtype)


def read_deep(data: bytes, channels: int, pixels: PixelFormat) -> np.ndarray:
    """As `decode_deep`, at the image's own size."""
    array = _converted(data, channels, pixels)
    if pixels.bits != 32:
        array = array.round().clip(0, 2**pixels.bits - 1)
    return np.ascontiguousarray(array.transpose(2, 0, 1)).astype(pixels.dtype)


def _converted(data: bytes, channels: int, pixels: PixelFormat) -> np.ndarray:
    """(H, W, C) in float32, of those channels."""
    return _with_channels(_as_format(_read(data), pixels), channels, pixels)


def _read(data: bytes) -> np.ndarray:
    """(H, W, C) in the file's own numbers."""
    if data.startswith(_NUMPY):
        return _bands_last(_numpy(data))
    if data.startswith(_TIFF):
        return _bands_last(_tiff(data))
    if _is_deep_png(data):
        return _bands_last(_deep_png(data))
    return _bands_last(_picture(data))


def _bands_last(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or min(array.shape) < 1:
        raise UnsupportedImageError(f"an array of {array.ndim} dimensions: expected height x width x bands")
    # Pages of a TIFF and channels of torch come first; no image has fewer columns than bands.
    if array.shape[0] < array.shape[2] and array.shape[0] <= 64:
        array = array.transpose(1, 2, 0)
    if array.shape[0] * array.shape[1] > IMAGE_PIXELS.now:
        raise UnsupportedImageError(f"more than {IMAGE_PIXELS.now / 10**6:.0f} megapixels: shrink or cut it first.")
    return array


def _numpy(data: bytes) -> np.ndarray:
    try:
        return numbers_of(data)
    except ValueError as error:
        raise CorruptImageError(str(error)) from error


def _tiff(data: bytes) -> np.ndarray:
    tifffile = _extra("tifffile", "tiff", "TIFF files of 16 bits or more bands")
    try:
        with tifffile.TiffFile(BytesIO(data)) as file:
            page = file.pages[0]
            if math.prod(page.shape) * len(file.pages) > 64 * IMAGE_PIXELS.now:
                raise UnsupportedImageError("more pixels than the bound for images")
            if len(file.pages) > 1:
                return np.stack([np.asarray(page.asarray()) for page in file.pages])
            array = np.asarray(page.asarray())
            planar = page.planarconfig == 2 and array.ndim == 3
            return array.transpose(1, 2, 0) if planar else array
    except (UnsupportedImageError, MemoryError):
        raise
    except Exception as error:  # tifffile fails on damaged bytes with whatever its parsing meets
        raise CorruptImageError(str(error) or type(error).__name__) from error


def _is_deep_png(data: bytes) -> bool:
    """Whether it has 16 bits for each of several channels."""
    return data.startswith(_PNG) and data[24:26] in (b"\x10\x02", b"\x10\x06", b"\x10\x04")


def _deep_png(data: bytes) -> np.ndarray:
    imagecodecs = _extra("imagecodecs", "deep", "PNGs of 16-bit colours")
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    if width * height > IMAGE_PIXELS.now:
        raise UnsupportedImageError(f"more than {IMAGE_PIXELS.now / 10**6:.0f} megapixels: shrink or cut it first.")
    try:
        return np.asarray(imagecodecs.png_decode(data))
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise CorruptImageError(str(error) or type(error).__name__) from error


def _picture(data: bytes) -> np.ndarray:
    """What Pillow reads: 8 bits, or 16 bits of grey."""
    with decoded(data) as picture:
        stored = picture.stored
        if stored.mode.startswith("I;16") or (stored.mode == "I" and stored.format in ("PNG", "PPM")):
            upright = stored if picture.turn is None else stored.transpose(picture.turn)
            grey = np.asarray(upright).astype(np.uint16)
            transparent = stored.info.get("transparency")
            if not isinstance(transparent, int):
                return grey
            return np.stack([grey, np.where(grey == transparent, 0, 65535).astype(np.uint16)], axis=2)
        mode = "L" if stored.mode in ("1", "L") and not stored.has_transparency_data else "RGB"
        return np.asarray(picture.rows(0, picture.height, "RGBA" if stored.has_transparency_data else mode))


def _extra(module: str, extra: str, what: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(f"{what} are read by {module}: pip install 'frugan[{extra}]'.") from error


def _as_format(array: np.ndarray, pixels: PixelFormat) -> np.ndarray:
    """Whole numbers of the wanted bits, as float32; or any numbers as they are."""
    if pixels.bits == 32:
        numbers = array.astype(np.float32)
        if not np.isfinite(numbers).all():
            raise UnsupportedImageError("values that are no finite numbers: fill or mask them first")
        return numbers
    if array.dtype not in (np.uint8, np.uint16):
        raise UnsupportedImageError(f"values of {array.dtype} have no known range: set --bits 32")
    stored = 8 * array.dtype.itemsize
    if stored == pixels.bits:
        return array.astype(np.float32)
    return array.astype(np.float32) * 257 if pixels.bits == 16 else array.astype(np.float32) / 257


def _with_channels(array: np.ndarray, channels: int, pixels: PixelFormat) -> np.ndarray:
    """(H, W, any) -> (H, W, channels), if there is a meaning to that. RGBA is premultiplied."""
    found = array.shape[2]
    opaque = 1.0 if pixels.bits == 32 else 2.0**pixels.bits - 1
    if found in (2, 4) and channels in (1, 3, 4):  # the last one is opacity
        alpha = array[..., -1:] / opaque
        colours = array[..., :-1] * alpha
        if channels == 4:
            return np.concatenate([np.broadcast_to(colours, (*alpha.shape[:2], 3)), array[..., -1:]], axis=2)
        array, found = colours + opaque * (1 - alpha), found - 1  # on a white page
    if found == channels:
        return array
    if channels == 4 and found in (1, 3):
        colours = np.broadcast_to(array, (*array.shape[:2], 3))
        return np.concatenate([colours, np.full((*array.shape[:2], 1), opaque, np.float32)], axis=2)
    if (found, channels) == (1, 3):
        return np.repeat(array, 3, axis=2)
    if (found, channels) == (3, 1):
        return (array @ _LUMA)[..., None].astype(np.float32)
    raise UnsupportedImageError(f"{channels_text(found)}, where {channels_text(channels)} are wanted: set --channels")


def _resized(array: np.ndarray, place: Placement) -> np.ndarray:
    """The part of (H, W, C) that is used, first every row, then every column, each channel alone."""
    left, top, right, bottom = place[:4]
    if place.keeps_pixels:
        return array[int(top) : int(bottom), int(left) : int(right)]
    channels = []
    for channel in np.moveaxis(array.astype(np.float32), 2, 0):
        image = Image.fromarray(np.ascontiguousarray(channel))
        across = image.resize((place.width, image.height), Resampling.LANCZOS, box=(left, 0, right, image.height))
        box = (0, top, place.width, bottom)
        channels.append(np.asarray(across.resize((place.width, place.height), Resampling.LANCZOS, box=box)))
    return np.stack(channels, axis=2)
