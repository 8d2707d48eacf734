"""TIFF files of 16 bits or more bands, upright, with values as the file's tags mean them. Needs the extra `tiff`.

Bands lie in the samples of one page, or in pages that hold one each.
"""

import math
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from frugan.data.decode import CorruptImageError, UnsupportedImageError
from frugan.system.extras import extra_module

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
Reserve = Callable[[int, int], None]  # memory for so many numbers, of so many bytes each
_MOST_PAGES = 64  # as many as there may be bands
_MOST_REDUCED = 64  # thumbnails and pyramids' levels, which are passed over
_ORIENTATION = 274  # the tag
_REDUCED = 1  # the bit of NewSubfileType that says so
_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_REFUSED = {_PALETTE: "colours of a palette", _CMYK: "CMYK"}
_JPEG = 7
# What brings the stored rows and columns upright: EXIF's orientations.
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda array: array[:, ::-1],
    3: lambda array: array[::-1, ::-1],
    4: lambda array: array[::-1],
    5: lambda array: array.swapaxes(0, 1),
    6: lambda array: np.rot90(array, -1),
    7: lambda array: array[::-1, ::-1].swapaxes(0, 1),
    8: lambda array: np.rot90(array),
}


def read_tiff(data: bytes, reserve: Reserve) -> np.ndarray:
    """(H, W, bands) in the file's own numbers; those of a picture whose white is 0 are inverted.

    `reserve(count, bytes of each)` is asked before numbers are decoded, and raises where they are too many.

    Raises:
        CorruptImageError, UnsupportedImageError: as `decode.decode_picture`.
        UserError: the extra is not installed.
    """
    tifffile = extra_module("tifffile", "tiff", "TIFF files of 16 bits or more bands")
    try:
        with tifffile.TiffFile(BytesIO(data)) as file:
            pages = _whole_pages(file)
            for page in pages:
                _check_meaning(page)
            first = pages[0]
            if any((page.shape, page.dtype) != (first.shape, first.dtype) for page in pages):
                raise UnsupportedImageError("pages of several sizes or kinds of numbers: keep those of one image")
            if first.dtype is None:
                raise UnsupportedImageError(f"numbers of {first.bitspersample} bits: save it with 8, 16 or 32")
            reserve(len(pages) * math.prod(first.shape), first.dtype.itemsize)
            arrays = [_upright(page) for page in pages]
    except (UnsupportedImageError, MemoryError):
        raise
    except Exception as error:  # tifffile fails on damaged bytes with whatever its parsing meets
        raise CorruptImageError(str(error) or type(error).__name__) from error
    if len(arrays) > 1:
        return np.stack(arrays, axis=-1)
    return arrays[0][..., None] if arrays[0].ndim == 2 else arrays[0]


def _whole_pages(file: "TiffFile") -> "list[TiffPage]":
    """Without smaller copies of the image."""
    pages: list[Any] = []
    looked_at: Iterator[Any] = islice(file.pages, _MOST_PAGES + _MOST_REDUCED + 1)
    for number, page in enumerate(looked_at):
        if number == 0 or not page.subfiletype & _REDUCED:
            pages.append(page)
        if len(pages) > _MOST_PAGES or number == _MOST_PAGES + _MOST_REDUCED:
            raise UnsupportedImageError(f"more than {_MOST_PAGES} pages: keep those of one image")
    return pages


def _check_meaning(page: "TiffPage") -> None:
    if page.photometric in (_WHITE_IS_0, _BLACK_IS_0, _RGB) or (page.photometric, page.compression) == (_YCBCR, _JPEG):
        return
    found = _REFUSED.get(int(page.photometric), f"colours of kind {int(page.photometric)}")
    raise UnsupportedImageError(f"{found}, which are read as 8 bits alone: save it as grey or RGB")


def _upright(page: "TiffPage") -> np.ndarray:
    array = np.asarray(page.asarray())
    if page.planarconfig == 2 and array.ndim == 3:
        array = array.transpose(1, 2, 0)
    if page.photometric == _WHITE_IS_0 and array.dtype.kind == "u":
        array = array.dtype.type(2**page.bitspersample - 1) - array
    tag = page.tags.get(_ORIENTATION)
    turn = _TURNS.get(tag.value) if tag is not None and array.ndim >= 2 else None
    return array if turn is None else turn(array)
