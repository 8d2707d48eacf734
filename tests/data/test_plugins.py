"""Formats that packages of their own read: what comes out of files that others wrote, and what is said without them."""

import io
import struct
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from frugan.config.shape import ImageShape, PixelFormat
from frugan.data.decode import ImageError, check_image, decode_image
from frugan.data.deep import check_numbers, decode_deep
from frugan.data.fit import Wanted

RED, BLUE = (200, 30, 40), (30, 60, 200)


def corners() -> Image.Image:
    """48 x 80: red above on the left, blue below on the right, black elsewhere."""
    pixels = np.zeros((48, 80, 3), np.uint8)
    pixels[:24, :40], pixels[24:, 40:] = RED, BLUE
    return Image.fromarray(pixels)


def encoded(format_: str, image: Image.Image | None = None, turned: bool = False, **settings: object) -> bytes:
    exif = Image.Exif()
    if turned:
        exif[0x112] = 6  # to be shown turned by a quarter, clockwise
    file = io.BytesIO()
    (image or corners()).save(file, format_, exif=exif.tobytes(), **settings)
    return file.getvalue()


def test_heic_and_its_turn():
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    upright = decode_image(encoded("HEIF", quality=-1, chroma=444))
    assert np.abs(np.asarray(upright).astype(int) - np.asarray(corners())).max() <= 4  # YCbCr of 8 bits, no more loss
    turned = decode_image(encoded("HEIF", turned=True, quality=-1, chroma=444))
    assert np.array_equal(np.asarray(turned), np.asarray(upright.transpose(Image.Transpose.ROTATE_270)))


def test_jpeg_xl_and_its_opacity():
    pytest.importorskip("pillow_jxl")
    assert np.array_equal(np.asarray(decode_image(encoded("JXL", lossless=True))), np.asarray(corners()))
    half = corners().convert("RGBA")
    half.putalpha(51)  # a fifth
    over_white = np.asarray(decode_image(encoded("JXL", half, lossless=True))).astype(int)
    assert np.abs(over_white - (0.2 * np.asarray(corners()) + 0.8 * 255)).max() <= 1


def test_notes_of_a_camera_in_jpeg_xl_turn_nothing():
    pytest.importorskip("pillow_jxl")
    assert decode_image(encoded("JXL", turned=True, lossless=True)).size == (80, 48)


def dng(values: np.ndarray) -> bytes:
    """The least that is a DNG: a Bayer pattern of 16 bits, of a camera whose colours are those of sRGB."""
    to_srgb = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    matrix = [part for entry in np.linalg.inv(to_srgb).ravel() for part in (round(entry * 10_000), 10_000)]
    tags = [
        (33421, "H", 2, (2, 2), True),  # size and colours of the pattern
        (33422, "B", 4, bytes([0, 1, 1, 2]), True),
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),
        (50708, "s", 0, "Camera", True),
        (271, "s", 0, "Maker", True),
        (272, "s", 0, "Camera", True),
        (50717, "I", 1, 65535, True),
        (50721, "2i", 9, matrix, True),
        (50778, "H", 1, 21, True),  # D65
        (50728, "2I", 3, [1] * 6, True),
    ]
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric=32803, extratags=tags)
    return file.getvalue()


def test_raw_files_are_developed_to_srgb():
    pytest.importorskip("rawpy")
    light = np.tile(np.linspace(0, 65535, 512), (64, 1))
    data = dng(light.astype(np.uint16))
    assert check_image(data)[:4] == ("RAW", "RGB", 512, 64)
    drawn = np.asarray(decode_image(data)).astype(float)
    linear = light[32] / 65535
    expected = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(drawn[32, 2:-2] - expected[2:-2, None]).max() < 3  # its brightening of the last hundredth


def test_raw_files_are_developed_for_16_bits_too():
    """Their first page, which other TIFFs' readers take, is the mosaic, or a small copy."""
    pytest.importorskip("rawpy")
    data = dng(np.tile(np.linspace(0, 65535, 64), (64, 1)).astype(np.uint16))
    deep = decode_deep(data, Wanted(ImageShape.square(64), PixelFormat(16, 0.0, 65535.0)))
    assert np.array_equal(deep, np.asarray(decode_image(data)).transpose(2, 0, 1).astype(np.uint16) * 257)
    assert check_numbers(data) is None


@pytest.mark.parametrize(
    ("module", "extra", "data"),
    [
        ("pillow_heif", "heic", b"\x00\x00\x00\x1cftypheic" + bytes(64)),
        ("pillow_jxl", "jxl", b"\xff\x0a" + bytes(64)),
        ("rawpy", "raw", b"FUJIFILMCCD-RAW " + bytes(64)),
        ("rawpy", "raw", dng(np.full((16, 16), 9, np.uint16))),
    ],
    ids=["heic", "jxl", "fuji", "dng"],
)
def test_without_the_package_the_extra_is_named(monkeypatch, module, extra, data):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImageError, match=rf"pip install 'frugan\[{extra}\]'"):
        decode_image(data)


def broken() -> list[bytes]:
    heads = (b"\x00\x00\x00\x1cftypheic", b"\xff\x0a", b"\x00\x00\x00\x0cJXL \r\n\x87\n", b"FUJIFILMCCD-RAW")
    rubbish = np.random.RandomState(0).bytes(512)
    whole = [encoded("JXL", lossless=True), encoded("HEIF"), dng(np.full((64, 64), 9, np.uint16))]
    return [
        *(head + tail for head in heads for tail in (b"", bytes(100), rubbish)),
        *(data[: len(data) // part] for data in whole for part in (2, 3)),
        b"II*\0" + struct.pack("<I", 2**31),
    ]


@pytest.mark.parametrize("number", range(19))
def test_damaged_ones_are_said_to_be_so(number):
    for module in ("pillow_jxl", "rawpy"):
        pytest.importorskip(module)
    pytest.importorskip("pillow_heif").register_heif_opener()  # writes them, whichever test ran before
    with pytest.raises(ImageError):
        decode_image(broken()[number])
