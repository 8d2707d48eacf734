"""Formats that packages of their own read: HEIC (phones), JPEG XL, and the raw files of cameras."""

import math
from collections.abc import Callable
from io import BytesIO
from types import ModuleType
from typing import NamedTuple

from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from frugan.system.extras import extra_module

PLUGIN_SUFFIXES = (
    *(".heic", ".heif", ".hif", ".jxl"),
    *(".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2", ".srw"),
)


def open_with_plugin(data: bytes) -> Image.Image | None:
    """The image, if one of the packages reads it; None if Pillow itself does, or nobody.

    Raises:
        UserError: the package is not installed.
        Image.DecompressionBombError: a raw file has more pixels than Pillow's own bound for all formats.
    """
    for kind in _KINDS:
        if kind.recognises(data):
            return kind.open(extra_module(kind.module, kind.extra, kind.what), data)
    return None


class _Kind(NamedTuple):
    what: str
    extra: str
    module: str
    recognises: Callable[[bytes], bool]  # by content, for names lie
    open: Callable[[ModuleType, bytes], Image.Image]


_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_JPEG_XL = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n")
_RAW = (b"II*\0\x10\0\0\0CR", b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
_TIFF = (b"II*\0", b"MM\0*")
_NEW_SUBFILE, _SUB_IFDS, _DNG_VERSION, _REDUCED = 254, 330, 50706, 1
_SRGB_CURVE = (2.4, 12.92)  # IEC 61966-2-1: exponent, and slope near black


def _is_heif(data: bytes) -> bool:
    # AVIF files may name mif1 among their brands; their own, which Pillow reads, comes first.
    return data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS and b"avif" not in data[8:40]


def is_camera_raw(data: bytes) -> bool:
    """Whether a camera wrote the sensor's values, which are no picture yet, even where the file is a TIFF."""
    if data.startswith(_RAW) or data[4:12] == b"ftypcrx ":
        return True
    if not data.startswith(_TIFF):
        return False
    file, tags = BytesIO(data), ImageFileDirectory_v2(data[:8])
    try:
        file.seek(tags.next)
        tags.load(file)
        # Nikon and Sony: the first image is a small one to look at, the sensor's values lie behind it.
        return _DNG_VERSION in tags or (tags.get(_NEW_SUBFILE) == _REDUCED and _SUB_IFDS in tags)
    except Exception:  # whatever Pillow's parsing meets in a damaged file: who opens it next says so
        return False


def _open_heif(module: ModuleType, data: bytes) -> Image.Image:
    module.register_heif_opener()
    return Image.open(BytesIO(data))


def _open_jpeg_xl(module: ModuleType, data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))  # to import the package is to register it


def _develop(module: ModuleType, data: bytes) -> Image.Image:
    """The sensor's values as LibRaw develops them: white balance of the camera, upright, sRGB."""
    with module.imread(BytesIO(data)) as raw:
        size = (raw.sizes.width, raw.sizes.height)
        if Image.MAX_IMAGE_PIXELS and math.prod(size) > 2 * Image.MAX_IMAGE_PIXELS:
            raise Image.DecompressionBombError
        image = Image.fromarray(raw.postprocess(use_camera_wb=True, gamma=_SRGB_CURVE, output_bps=8))
    image.format = "RAW"
    return image


_KINDS = (
    _Kind("HEIC images", "heic", "pillow_heif", _is_heif, _open_heif),
    _Kind("JPEG XL images", "jxl", "pillow_jxl", lambda data: data.startswith(_JPEG_XL), _open_jpeg_xl),
    _Kind("raw files of cameras", "raw", "rawpy", is_camera_raw, _develop),
)
