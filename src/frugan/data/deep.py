"""Images of more than 8 bits, or of other channels than grey, RGB and RGBA: arrays and scientific files.

Values stay what they are in the file. 16-bit grey and TIFF need nothing more (TIFF the extra `tiff`); PNGs of 16-bit
colours need the extra `deep`. Profiles of colours are not applied: there is no converter of 16 bits here.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from frugan.config.shape import PixelFormat, channels_text, whole_range
from frugan.data.budget import Budget
from frugan.data.decode import (
    CorruptImageError,
    SmallImageError,
    UnsupportedImageError,
    decoded,
    too_large,
)
from frugan.data.fit import Placement, Wanted, placement
from frugan.data.plugins import is_camera_raw
from frugan.data.tiff import SIGNATURES, Reserve, read_tiff
from frugan.system.bounds import BYTES_AT_ONCE, HINT, IMAGE_NUMBERS, IMAGE_PIXELS, GiB
from frugan.system.extras import extra_module
from frugan.system.numpy_files import numbers_of

_NUMPY, _PNG = b"\x93NUMPY", b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {b"\x10\x02": 3, b"\x10\x06": 4, b"\x10\x04": 2}  # of 16 bits: depth and kind of colours
_FLOAT_BYTES = 4  # all numbers become float32
_COPIES = 2  # of them, while channels are made and resized
_NOT_FINITE = "values that are no finite numbers: fill or mask them first"
_memory = Budget(BYTES_AT_ONCE)  # of all threads together
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R 601, as Pillow's


class Numbers(NamedTuple):
    """What an array or a TIFF holds: its size, bands, their type, and the values from `low` to `high`."""

    height: int
    width: int
    bands: int
    dtype: str
    low: float
    high: float


def check_numbers(data: bytes) -> Numbers | None:
    """Of a `.npy` or TIFF file, once it has been decoded; None for any other.

    Raises:
        UserError: the extra `tiff` is not installed.
        CorruptImageError, UnsupportedImageError: as `decode_picture`.
    """
    if not (data.startswith(_NUMPY) or _is_tiff(data)):
        return None
    with _read(data) as array:
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise UnsupportedImageError(_NOT_FINITE)
        height, width, bands = array.shape
        return Numbers(height, width, bands, str(array.dtype), float(array.min()), float(array.max()))


def largest_colour(data: bytes) -> int | None:
    """The largest value of a PNG of 16-bit colours, opacity aside; None for any other file.

    Raises:
        UserError: the extra `deep` is not installed.
        CorruptImageError, UnsupportedImageError: as `decode_picture`.
    """
    if not _is_deep_png(data):
        return None
    with _read(data) as array:
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
    with _read(data, wanted.shape.channels) as stored:
        array = _with_channels(_as_format(stored, wanted.pixels), wanted.shape.channels, wanted.pixels)
        place = placement(array.shape[:2], wanted.shape.size, wanted.fit)
        if place.enlarges and not wanted.allow_upsampling:
            raise SmallImageError(f"{array.shape[0]} x {array.shape[1]} is smaller than {wanted.shape.size_text}")
        resized = _resized(array, place)
    white = wanted.pixels.bits != 32 and wanted.shape.channels in (1, 3)
    page = np.full((*wanted.shape.size, wanted.shape.channels), _opaque(wanted.pixels) if white else 0.0, np.float32)
    rows, columns = slice(place.above, place.above + place.height), slice(place.before, place.before + place.width)
    page[rows, columns] = resized
    return _stored(page, wanted.pixels)


def read_deep(data: bytes, channels: int, pixels: PixelFormat) -> tuple[np.ndarray, np.ndarray | None]:
    """As `decode_deep`, at the image's own size; and its opacity (1, H, W), if it has one that `channels` do not.

    Colours are multiplied by it. Floating point numbers have none: nothing says what would be opaque.
    """
    with _read(data, channels) as array:
        numbers = _as_format(array, pixels)
        if channels not in (1, 3) or numbers.shape[2] not in (2, 4) or pixels.bits == 32:
            return _stored(_with_channels(numbers, channels, pixels), pixels), None
        opacity = numbers[..., -1:]
        colours = _with_channels(numbers[..., :-1] * (opacity / _opaque(pixels)), channels, pixels)
        return _stored(colours, pixels), _stored(opacity, pixels)


def _stored(array: np.ndarray, pixels: PixelFormat) -> np.ndarray:
    """(H, W, C) in float32 -> (C, H, W) in the numbers of that format."""
    if pixels.bits != 32:
        array = array.round().clip(0, _opaque(pixels))
    return np.ascontiguousarray(array.transpose(2, 0, 1)).astype(pixels.dtype)


@contextmanager
def _read(data: bytes, channels: int = 0) -> Iterator[np.ndarray]:
    """(H, W, C) in the file's own numbers; waits while other threads hold large images.

    `channels`: what is wanted, to tell bands from rows in an array, which does not say it.
    """
    with ExitStack() as held:
        reserve = partial(_reserve, held)
        if data.startswith(_NUMPY):
            array = _bands_last(_numpy(data, reserve), channels)
        elif _is_tiff(data):
            array = read_tiff(data, reserve)
        elif _is_deep_png(data):
            array = _deep_png(data, reserve)
        else:
            array = _picture(data, reserve)
        if array.ndim != 3 or min(array.shape) < 1:
            raise UnsupportedImageError(f"an array of {array.ndim} dimensions: expected height x width x bands")
        if array.shape[0] * array.shape[1] > IMAGE_PIXELS.now:
            raise too_large(IMAGE_PIXELS.now)
        yield array


def _is_tiff(data: bytes) -> bool:
    """Of finished numbers: in a camera's raw file, the first page is a small copy, or the sensor's mosaic."""
    return data.startswith(SIGNATURES) and not is_camera_raw(data)


def _reserve(held: ExitStack, count: int, itemsize: int) -> None:
    """Memory for so many numbers, until `held` is closed; asked for before they are decoded."""
    most = IMAGE_NUMBERS.now
    if count * max(itemsize, _FLOAT_BYTES) > most:
        raise UnsupportedImageError(f"more than {most / GiB:.3g} GiB of numbers: shrink or cut it first. {HINT}")
    held.enter_context(_memory.take(count * (itemsize + _COPIES * _FLOAT_BYTES)))


def _bands_last(array: np.ndarray, channels: int) -> np.ndarray:
    if array.ndim == 2:
        return array[..., None]
    if array.ndim != 3 or array.shape[2] == channels:
        return array
    # Channels of torch come first; no image has fewer rows than bands, unless that many are wanted.
    if array.shape[0] == channels or (array.shape[0] < array.shape[2] and array.shape[0] <= 64):
        return array.transpose(1, 2, 0)
    return array


def _numpy(data: bytes, reserve: Reserve) -> np.ndarray:
    try:
        array = numbers_of(data)
    except ValueError as error:
        raise CorruptImageError(str(error)) from error
    reserve(array.size, array.itemsize)
    return array


def _is_deep_png(data: bytes) -> bool:
    """Whether it has 16 bits for each of several channels."""
    return data.startswith(_PNG) and data[24:26] in _PNG_CHANNELS


def _deep_png(data: bytes, reserve: Reserve) -> np.ndarray:
    imagecodecs = extra_module("imagecodecs", "deep", "PNGs of 16-bit colours")
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (16, 20))
    if width * height > IMAGE_PIXELS.now:
        raise too_large(IMAGE_PIXELS.now)
    reserve(width * height * _PNG_CHANNELS[data[24:26]], 2)
    try:
        return np.asarray(imagecodecs.png_decode(data))
    except MemoryError:
        raise
    except Exception as error:  # it fails on damaged bytes with whatever its parsing meets
        raise CorruptImageError(str(error) or type(error).__name__) from error


def _picture(data: bytes, reserve: Reserve) -> np.ndarray:
    """What Pillow reads: 8 bits, or 16 bits of grey."""
    with decoded(data) as picture:
        stored = picture.stored
        reserve(4 * picture.height * picture.width, 1)
        if stored.mode.startswith("I;16") or (stored.mode == "I" and stored.format in ("PNG", "PPM")):
            upright = stored if picture.turn is None else stored.transpose(picture.turn)
            grey = np.asarray(upright).astype(np.uint16)[..., None]
            transparent = stored.info.get("transparency")
            if not isinstance(transparent, int):
                return grey
            return np.concatenate([grey, np.where(grey == transparent, 0, 65535).astype(np.uint16)], axis=2)
        mode = "L" if stored.mode in ("1", "L") and not stored.has_transparency_data else "RGB"
        drawn = np.asarray(picture.rows(0, picture.height, "RGBA" if stored.has_transparency_data else mode))
        return drawn[..., None] if drawn.ndim == 2 else drawn


def _opaque(pixels: PixelFormat) -> float:
    """The value of full opacity, and of white where nothing says another: 1 of floating point numbers."""
    found = whole_range(pixels.bits)
    return 1.0 if found is None else found[1]


def _as_format(array: np.ndarray, pixels: PixelFormat) -> np.ndarray:
    """Whole numbers of the wanted bits, as float32; or any numbers as they are."""
    if pixels.bits == 32:
        numbers = array.astype(np.float32)
        if not np.isfinite(numbers).all():
            raise UnsupportedImageError(_NOT_FINITE)
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
    opaque = _opaque(pixels)
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
