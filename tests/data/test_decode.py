"""Every kind of pixel and orientation comes out as it looks; what has no meaning is refused in words."""

import io
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile

from frugan.data.budget import Budget
from frugan.data.decode import (
    CorruptImageError,
    SmallImageError,
    UnsupportedImageError,
    check_image,
    decode_image,
    decode_picture,
)
from frugan.data.fit import Wanted

RED, WHITE = [255, 0, 0], [255, 255, 255]


def pixels(data):
    image = decode_image(data)
    assert image.mode == "RGB"
    return np.asarray(image)


def _picture(width, height):
    return Image.fromarray(np.random.RandomState(0).randint(0, 256, (height, width, 4), np.uint8))


def square(data, side, allow_upsampling=False, smallest=None):
    wanted = Wanted.square(side, allow_upsampling=allow_upsampling, smallest=smallest)
    return decode_picture(data, wanted).transpose(1, 2, 0)


def test_rgb_is_unchanged(encode, noise):
    assert np.array_equal(pixels(encode(noise(0))), noise(0))


@pytest.mark.parametrize("format", ["PNG", "BMP", "PPM", "TIFF", "GIF", "TGA"])
def test_grey_becomes_three_equal_channels(encode, noise, format):
    grey = noise(0)[:, :, 0]
    assert np.array_equal(pixels(encode(grey, format)), np.repeat(grey[:, :, None], 3, axis=2))


def test_transparency_lies_on_white(encode):
    rgba = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 128]]], np.uint8)
    assert pixels(encode(rgba)).tolist() == [[RED, WHITE, [127, 127, 127]]]


def test_grey_with_alpha(encode):
    image = Image.fromarray(np.array([[[0, 255], [0, 0]]], np.uint8), "LA")
    assert pixels(encode(image)).tolist() == [[[0, 0, 0], WHITE]]


def test_palette_with_and_without_transparency(encode):
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    assert pixels(encode(image)).tolist() == [[RED, [0, 0, 255]]]
    assert pixels(encode(image, transparency=1)).tolist() == [[RED, WHITE]]
    assert pixels(encode(image, transparency=bytes([255, 128]))).tolist() == [[RED, [127, 127, 255]]]


def test_rgb_and_grey_with_a_transparent_colour(encode):
    rgb = Image.fromarray(np.array([[RED, [0, 0, 255]]], np.uint8))
    assert pixels(encode(rgb, transparency=(0, 0, 255))).tolist() == [[RED, WHITE]]
    grey = Image.fromarray(np.array([[7, 9]], np.uint8))
    assert pixels(encode(grey, transparency=9)).tolist() == [[[7, 7, 7], WHITE]]


def test_one_bit(encode):
    image = Image.fromarray(np.array([[True, False]]))
    assert image.mode == "1"
    assert pixels(encode(image)).tolist() == [[WHITE, [0, 0, 0]]]


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk(encode, format):
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    assert np.abs(pixels(encode(image, format)).astype(int) - RED).max() <= 2


@pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey_is_scaled_not_cut(encode, format):
    grey = np.array([[0, 257, 128 * 257, 65535, 300]], np.uint16)
    assert pixels(encode(grey, format))[0, :, 0].tolist() == [0, 1, 128, 255, 1]


def test_big_endian_16_bit_grey(encode):
    assert pixels(encode(np.array([[257, 65535]], ">u2"), "TIFF"))[0, :, 0].tolist() == [1, 255]


@pytest.mark.parametrize(("dtype", "mode"), [(np.float32, "F"), (np.int32, "I")])
def test_pixels_of_unknown_range_are_refused(encode, dtype, mode):
    with pytest.raises(UnsupportedImageError, match=f"mode {mode} .* save it as 8-bit"):
        decode_image(encode(np.ones((4, 4), dtype), "TIFF"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation(encode, orientation, format):
    # What a camera stores: the upright picture, turned by the inverse of what the note asks for.
    upright = np.zeros((16, 32, 3), np.uint8)
    upright[:8, :8] = RED
    upright[8:, :8] = [0, 0, 255]
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: np.rot90(upright.transpose(1, 0, 2), 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if format == "JPEG" else {"lossless": True} if format == "WEBP" else {}
    data = encode(np.ascontiguousarray(turned), format, exif=exif, **options)
    assert np.abs(pixels(data).astype(int) - upright).max() <= 8
    assert check_image(data).is_turned == (orientation != 1)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"garbage", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_damaged_exif_leaves_the_picture_usable(encode, noise, exif):
    assert pixels(encode(noise(0), exif=exif)).shape == (16, 16, 3)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"])
def test_cut_off_file(encode, noise, format):
    data = encode(noise(0, 64, 64), format)
    with pytest.raises(CorruptImageError, match=r"[a-z]"):
        decode_image(data[: len(data) * 2 // 3])


@pytest.mark.parametrize(("data", "reason"), [(b"", "empty"), (b"no image at all", "format")])
def test_not_an_image(data, reason):
    with pytest.raises(CorruptImageError, match=reason):
        decode_image(data)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_decompression_bomb_is_refused_before_decoding(encode, monkeypatch):
    bomb = encode(Image.new("1", (20_000, 9_000)))
    with pytest.raises(UnsupportedImageError, match=r"more than 179 megapixels.*FRUGAN_BOUNDS=4"):
        square(bomb, 16)
    small = encode(Image.new("1", (2000, 1001)))
    monkeypatch.setenv("FRUGAN_BOUNDS", "0.01")
    with pytest.raises(UnsupportedImageError, match="more than 2 megapixels"):
        square(small, 16)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # back to this afterwards
    monkeypatch.setenv("FRUGAN_BOUNDS", "2")
    assert square(bomb, 16).shape == (16, 16, 3)


def test_header(encode, noise):
    assert check_image(encode(noise(0, 4, 6), "JPEG")) == ("JPEG", "RGB", 6, 4, False, "none", 0)


def test_exact_size_keeps_every_bit(encode, noise):
    assert np.array_equal(square(encode(noise(0)), 16), noise(0))


def test_exact_short_side_is_cut_from_the_middle(encode, noise):
    assert np.array_equal(square(encode(noise(0, 16, 21)), 16), noise(0, 16, 21)[:, 2:18])


@pytest.mark.parametrize("shape", [(64, 48), (48, 64), (33, 32)])
def test_resizing_gives_the_square_antialiased(encode, shape):
    # A fine chequerboard must come out as its mean, not as the beat of two grids.
    board = (np.indices(shape).sum(axis=0) % 2 * 255).astype(np.uint8)
    resized = square(encode(board), 15)
    assert resized.shape == (15, 15, 3)
    assert np.abs(resized.astype(float) - 127.5).max() < 26


def test_resizing_keeps_the_centre(encode):
    ramp = np.tile(np.arange(128, dtype=np.uint8), (64, 1))
    row = square(encode(ramp), 16)[8, :, 0]
    assert np.abs(row - (32 + 4 * np.arange(16) + 1.5)).max() <= 1


def test_small_images(encode, noise):
    with pytest.raises(SmallImageError, match="12 x 40 is smaller than 16 x 16"):
        square(encode(noise(0, 12, 40)), 16)
    assert square(encode(noise(0, 12, 40)), 16, allow_upsampling=True).shape == (16, 16, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
@pytest.mark.parametrize("size", [(97, 61), (40, 301), (30, 26)])
def test_strips_change_no_bit(encode, noise, monkeypatch, orientation, mode, size):
    picture = _picture(*size).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(picture, exif=exif)
    upright = decode_image(data)  # in one piece, and its turns are tested above
    side, (width, height) = min(size), upright.size
    left, top = (width - side) // 2, (height - side) // 2
    rows = upright.resize((24, height), Image.Resampling.LANCZOS, box=(left, 0, left + side, height))
    whole = rows.resize((24, 24), Image.Resampling.LANCZOS, box=(0, top, 24, top + side))
    monkeypatch.setattr("frugan.data.decode._STRIP_PIXELS", 700)
    assert np.array_equal(square(data, 24), np.asarray(whole))


def test_pixels_of_a_large_image_are_in_memory_once(encode):
    """36 megapixels, which Pillow holds in 137 MiB. Strips of 4 megapixels, in up to 5 copies, may be added."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    program = """
import re, sys
from frugan.data.decode import decode_picture
from frugan.data.fit import Wanted
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
data = sys.stdin.buffer.read()
before = peak()
decode_picture(data, Wanted.square(64))
print((peak() - before) / 1024)
"""
    for mode in ("RGB", "RGBA"):
        data = encode(Image.new(mode, (6000, 6000), "red"), compress_level=1)
        run = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
        assert float(run.stdout) < 137 + 110, mode


def test_large_images_wait_for_one_another(encode, monkeypatch):
    budget = Budget(10_000)
    monkeypatch.setattr("frugan.data.decode._memory", budget)
    held, most = [], []

    load = ImageFile.ImageFile.load

    def watched(image):
        held.append(image.size)
        most.append(len(held))
        time.sleep(0.02)
        result = load(image)
        held.pop()
        return result

    monkeypatch.setattr(ImageFile.ImageFile, "load", watched)
    data = encode(Image.new("L", (30, 30)))  # 7,200 bytes of the budget: one fits
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(lambda _: square(data, 16), range(8)))) == 8
    assert max(most) == 1


@pytest.mark.parametrize(
    ("options", "bytes_a_pixel"),
    [({"format": "JPEG"}, 8 / 64), ({"format": "JPEG", "progressive": True}, 8), ({"format": "WEBP"}, 16)],
)
def test_memory_is_counted_as_the_readers_take_it(encode, monkeypatch, options, bytes_a_pixel):
    """A JPEG is decoded at an eighth of its sides here, but all of a progressive one is held."""
    taken = []

    class Watched(Budget):
        def take(self, amount):
            taken.append(amount)
            return super().take(amount)

    monkeypatch.setattr("frugan.data.decode._memory", Watched(2**30))
    square(encode(Image.new("RGB", (512, 512)), **options), 16)
    assert taken == [512 * 512 * bytes_a_pixel]


def test_checking_decodes_once(encode, monkeypatch):
    loads, load = [], ImageFile.ImageFile.load
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: loads.append(id(image)) or load(image))
    check_image(encode(Image.new("RGB", (64, 64))))
    assert len(set(loads)) == 1


def test_extreme_shapes(encode):
    for size in ((3_000_000, 1), (1, 3_000_000)):
        data = encode(Image.new("L", size, 77))
        assert np.array_equal(square(data, 4, allow_upsampling=True), np.full((4, 4, 3), 77))
        assert check_image(data)[2:4] == size


def test_large_jpegs_are_decoded_small_with_the_same_look(encode):
    rows, columns = np.indices((512, 640)) / 640
    picture = np.stack([rows, columns, np.sin(20 * rows * columns) / 2 + 0.5], axis=-1)
    data = encode((picture * 255).astype(np.uint8), "JPEG", quality=95)
    whole = decode_image(data)
    box = (64, 0, 576, 512)
    difference = square(data, 64).astype(float) - np.asarray(whole.resize((64, 64), Image.Resampling.LANCZOS, box=box))
    assert 0 < np.sqrt((difference**2).mean()) < 1.5


def _to_srgb(rgb, to_xyz, gamma):
    """The definition: decode, to XYZ (D65), to linear sRGB, encode (IEC 61966-2-1)."""
    xyz_to_srgb = np.linalg.inv([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    linear = xyz_to_srgb @ (np.array(to_xyz) @ (np.array(rgb) / 255) ** gamma)
    linear = linear.clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_colours_with_a_profile_become_srgb(encode):
    """Adobe RGB (1998) by its definition: what its 8-bit numbers mean in sRGB."""
    data = (Path(__file__).parent / "faulty" / "icc_wide_gamut.png").read_bytes()
    profile = Image.open(io.BytesIO(data)).info["icc_profile"]
    assert pixels(data)[0, 0].tolist() == [0, 201, 80]
    to_xyz = [[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]]
    colours = [[60, 200, 90], [128, 128, 128], [200, 100, 100], [10, 20, 200], [255, 255, 255]]
    picture = np.array([colours], np.uint8)
    expected = [_to_srgb(colour, to_xyz, 2.19921875) for colour in colours]
    for format, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
        found = pixels(encode(picture, format, icc_profile=profile, **options))[0]
        assert np.abs(found - np.array(expected)).max() < 2.5, format
    # Under transparency, too; what is opaque is the same.
    alpha = np.dstack([picture, np.full((1, 5), 255, np.uint8)])
    assert np.array_equal(pixels(encode(alpha, icc_profile=profile)), pixels(encode(picture, icc_profile=profile)))
    assert check_image(data).profile == "converted"


def test_srgb_and_unreadable_profiles_leave_pixels_as_they_are(encode, noise):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile, kind in (
        (srgb, "sRGB"),
        (b"no profile", "unreadable"),
        (srgb[:200], "unreadable"),
        (lab, "unreadable"),
    ):
        data = encode(noise(0), icc_profile=profile)
        assert np.array_equal(pixels(data), noise(0)), kind
        assert check_image(data).profile == kind
    # A profile of three colours says nothing of grey.
    wide = Image.open(Path(__file__).parent / "faulty" / "icc_wide_gamut.png").info["icc_profile"]
    grey = encode(noise(0)[:, :, 0], icc_profile=wide)
    assert np.array_equal(pixels(grey)[:, :, 0], noise(0)[:, :, 0])
    assert check_image(grey).profile == "unreadable"


def test_strips_and_threads_convert_alike(encode, noise):
    profile = Image.open(Path(__file__).parent / "faulty" / "icc_wide_gamut.png").info["icc_profile"]
    files = [encode(noise(seed, 40, 30), icc_profile=profile) for seed in range(24)]
    alone = [square(data, 16) for data in files]
    with ThreadPoolExecutor(8) as pool:
        assert all(map(np.array_equal, pool.map(lambda data: square(data, 16), files), alone))
