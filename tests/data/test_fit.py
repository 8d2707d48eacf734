"""How images of other shapes, channels and depths become those that are wanted."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, ImageCms

from frugan.config.shape import ImageShape, PixelFormat
from frugan.data.cache import pack
from frugan.data.decode import SmallImageError, UnsupportedImageError, decode_picture
from frugan.data.deep import decode_deep, needs_deep
from frugan.data.fit import Placement, Wanted, placement
from frugan.data.loader import Loader, to_float
from frugan.data.source import open_source
from frugan.data.whole import decode_whole
from frugan.ops.projection import as_rgb, for_eyes, projection_text, straight_alpha
from frugan.system.errors import UserError
from frugan.writing.pictures import to_stored
from frugan.writing.strips import _halved

imagecodecs = pytest.importorskip("imagecodecs")


def png(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **options)  # type: ignore[arg-type]
    return file.getvalue()


def tiff(*pages: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for page in pages:
            writer.write(page, **options)  # type: ignore[arg-type]
    return file.getvalue()


def read_deep(data: bytes, channels: int, pixels: PixelFormat) -> np.ndarray:
    return decode_whole(data, channels, pixels).pixels


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize(
    ("size", "wanted", "fit", "expected"),
    [
        ((60, 100), (30, 30), "crop", Placement(20, 0, 80, 60, 30, 30)),
        ((100, 60), (30, 30), "crop", Placement(0, 20, 60, 80, 30, 30)),
        ((60, 100), (30, 60), "crop", Placement(0, 5, 100, 55, 30, 60)),
        ((60, 100), (30, 30), "stretch", Placement(0, 0, 100, 60, 30, 30)),
        ((60, 100), (30, 30), "pad", Placement(0, 0, 100, 60, 18, 30, 6, 0)),
        ((100, 60), (50, 50), "pad", Placement(0, 0, 60, 100, 50, 30, 0, 10)),
    ],
)
def test_where_images_go(size: tuple[int, int], wanted: tuple[int, int], fit: str, expected: Placement) -> None:
    assert placement(size, wanted, fit) == expected  # type: ignore[arg-type]


def test_an_image_of_the_wanted_shape_keeps_its_pixels() -> None:
    pixels = noise(36, 50, 3)
    for fit in ("crop", "stretch", "pad"):
        wanted = Wanted(ImageShape(3, 36, 50), fit=fit)  # type: ignore[arg-type]
        assert np.array_equal(decode_picture(png(pixels), wanted), pixels.transpose(2, 0, 1))
    cut = decode_picture(png(pixels), Wanted(ImageShape(3, 30, 50)))  # nothing is resized
    assert np.array_equal(cut, pixels[3:33].transpose(2, 0, 1))
    with pytest.raises(SmallImageError, match="36 x 50 is smaller than 37 x 50"):
        decode_picture(png(pixels), Wanted(ImageShape(3, 37, 50)))


def test_padding_is_white_or_transparent() -> None:
    padded = decode_picture(png(noise(20, 40, 3)), Wanted(ImageShape(3, 40, 40), fit="pad"))
    assert (padded[:, :10] == 255).all()
    assert (padded[:, 30:] == 255).all()
    clear = decode_picture(png(noise(20, 40, 3)), Wanted(ImageShape(4, 40, 40), fit="pad"))
    assert (clear[:, :10] == 0).all()
    assert (clear[3, 10:30] == 255).all()


def test_transparent_pixels_carry_no_hidden_colour() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[..., 0] = 255  # red everywhere, but only the left half is seen
    pixels[:, :32, 3] = 255
    small = decode_picture(png(pixels), Wanted(ImageShape.square(16, 4))).astype(int)
    assert (small[:, :, 12:] == 0).all()
    assert np.abs(small[0] - small[3]).max() <= 1  # red times its opacity, also where both halves mix
    images = torch.from_numpy(small)[None].float() / 127.5 - 1
    files = to_stored(images)[0]
    assert (files[files[..., 3] > 20][:, 0] >= 250).all()  # straight again, and as red as it was
    over_white = as_rgb(images)
    assert (over_white[0, 0] > 0.98).all()
    assert torch.allclose(over_white[0, 1], -images[0, 3], atol=0.01)  # what is not covered is white


def test_projections() -> None:
    bands = torch.rand(2, 5, 4, 4) * 2 - 1
    assert torch.equal(as_rgb(bands), bands[:, :3])
    assert torch.equal(as_rgb(bands, (4, 2, 0)), bands[:, [4, 2, 0]])
    assert torch.equal(as_rgb(bands[:, :1]), bands[:, :1].expand(-1, 3, -1, -1))
    assert torch.equal(as_rgb(bands[:, :2]), bands[:, [0, 1, 1]])
    assert (projection_text(3), projection_text(5), projection_text(5, (2, 1, 0))) == ("", "bands 1,2,3", "bands 3,2,1")
    with pytest.raises(ValueError, match="three bands from 1 to 5, got 1,2,6"):
        as_rgb(bands, (0, 1, 5))
    clear = -torch.ones(1, 4, 16, 16)
    assert for_eyes(clear).unique().tolist() == [0.5, 1.0]  # a checkerboard
    assert torch.equal(straight_alpha(clear), clear)


def test_grey_needs_a_third_and_colours_become_luma() -> None:
    pixels = noise(16, 16, 3)
    grey = decode_picture(png(pixels), Wanted(ImageShape.square(16, 1)))
    assert grey.nbytes * 3 == decode_picture(png(pixels), Wanted.square(16)).nbytes
    assert np.abs(grey[0] - pixels @ [0.299, 0.587, 0.114]).max() <= 1
    assert np.array_equal(decode_picture(png(pixels[..., 0]), Wanted(ImageShape.square(16, 1)))[0], pixels[..., 0])


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_stay(channels: int) -> None:
    pixels = np.random.RandomState(0).randint(0, 65536, (12, 20, channels)).astype(np.uint16)
    if channels == 4:
        pixels[..., 3] = 65535
    stored = imagecodecs.png_encode(pixels[..., 0] if channels == 1 else pixels)
    wanted = Wanted(ImageShape(channels, 12, 20), PixelFormat(16))
    assert needs_deep(stored, wanted)
    assert np.array_equal(decode_deep(stored, wanted), pixels.transpose(2, 0, 1))
    assert np.array_equal(read_deep(stored, channels, PixelFormat(16)), pixels.transpose(2, 0, 1))


def test_8_bits_widen_and_resizing_is_that_of_pillow() -> None:
    pixels = noise(40, 60, 3)
    wide = decode_deep(png(pixels), Wanted(ImageShape(3, 40, 60), PixelFormat(16)))
    assert np.array_equal(wide, pixels.transpose(2, 0, 1).astype(np.uint16) * 257)
    y, x = np.mgrid[0:40, 0:60]
    soft = np.stack([120 + 60 * np.sin(x / 3), 120 + 60 * np.cos(y / 4), 120 + 60 * np.sin((x + y) / 5)], axis=2)
    data = png(soft.astype(np.uint8))  # 8 bits between the two passes cut nothing off
    fine = decode_deep(data, Wanted(ImageShape(3, 20, 30), PixelFormat(16)))
    coarse = decode_picture(data, Wanted(ImageShape(3, 20, 30)))
    assert np.abs(fine / 257 - coarse).max() <= 1.01  # of two roundings


def test_bands_of_tiff_pages_and_arrays(tmp_path: Path) -> None:
    bands = np.random.RandomState(0).normal(100, 30, (5, 18, 26)).astype(np.float32)
    file = tmp_path / "bands.tif"
    tifffile.imwrite(file, bands, photometric="minisblack")
    array = io.BytesIO()
    np.save(array, bands.transpose(1, 2, 0))
    wanted = Wanted(ImageShape(5, 18, 26), PixelFormat(32, 0, 1))
    for data in (file.read_bytes(), array.getvalue()):
        assert np.array_equal(decode_deep(data, wanted), bands)
    with pytest.raises(UnsupportedImageError, match=r"5 bands, where RGB are wanted: set --channels"):
        decode_deep(file.read_bytes(), Wanted(ImageShape(3, 18, 26), PixelFormat(32, 0, 1)))
    with pytest.raises(UnsupportedImageError, match=r"float32 have no known range: set --bits 32"):
        decode_deep(file.read_bytes(), Wanted(ImageShape(5, 18, 26), PixelFormat(16)))


def test_floating_point_numbers_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    values = np.random.RandomState(0).normal(1000, 200, (4, 10, 12, 2)).astype(np.float32)
    for i, image in enumerate(values):
        np.save(folder / f"{i}.npy", image)
    wanted = Wanted(ImageShape(2, 10, 12), PixelFormat(32, 0, 1))
    dataset = pack(open_source(folder), wanted, cache_dir=tmp_path / "cache")
    assert (dataset.pixels.low, dataset.pixels.high) == (values.min(), values.max())
    ((images, _),) = Loader(dataset, seed=0, mirror=False).all_images(4)
    assert (images.min(), images.max()) == (-1, 1)
    assert np.abs(to_stored(images, dataset.pixels) - values).max() < 1e-3
    np.save(folder / "0.npy", np.full((10, 12, 2), 5, np.float32))
    for i in (1, 2, 3):
        np.save(folder / f"{i}.npy", np.full((10, 12, 2), 5, np.float32))
    with pytest.raises(UserError, match="all values are 5; there is nothing to learn"):
        pack(open_source(folder), wanted, cache_dir=tmp_path / "cache")


def test_whole_images_keep_opacity_and_profile() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = noise(8, 8, 4)
    whole = decode_whole(png(pixels, icc_profile=profile), 3)
    assert whole.profile == profile
    assert whole.opacity is not None
    assert np.array_equal(whole.opacity[0], pixels[..., 3])
    premultiplied = pixels[..., :3] * (pixels[..., 3:] / 255)
    assert np.abs(whole.pixels[:3].transpose(1, 2, 0) - premultiplied).max() <= 1
    assert decode_whole(png(pixels[..., :3]), 3).profile is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiffs_of_16_bits_are_set_upright_as_those_of_8(orientation: int) -> None:
    pixels = noise(9, 14, 3)
    tag = [(274, "H", 1, orientation, True)]
    upright = read_deep(tiff(pixels.astype(np.uint16), photometric="rgb", extratags=tag), 3, PixelFormat(16))
    of_8_bits = tiff(pixels, photometric="rgb", extratags=tag)
    expected = decode_whole(of_8_bits, 3).pixels  # Pillow turns it
    assert np.array_equal(upright, expected)
    assert np.array_equal(read_deep(of_8_bits, 3, PixelFormat(16)), 257 * expected.astype(int))


def test_tiffs_say_what_their_numbers_mean() -> None:
    dark = np.full((6, 7), 10, np.uint8)
    assert (read_deep(tiff(dark, photometric="miniswhite"), 1, PixelFormat(16)) == 245 * 257).all()
    red = np.zeros((3, 256), np.uint16)
    red[0] = 65535
    with pytest.raises(UnsupportedImageError, match="colours of a palette"):
        read_deep(tiff(dark, photometric="palette", colormap=red), 3, PixelFormat(16))
    with pytest.raises(UnsupportedImageError, match="CMYK"):
        read_deep(tiff(np.zeros((6, 7, 4), np.uint16), photometric="separated"), 4, PixelFormat(16))


def test_thumbnails_are_passed_over_and_pages_of_other_sizes_are_named() -> None:
    image = np.random.RandomState(0).randint(0, 65536, (16, 20, 3)).astype(np.uint16)
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(image, photometric="rgb")
        writer.write(image[::4, ::4].astype(np.uint8), photometric="rgb", subfiletype=1)
    assert np.array_equal(read_deep(file.getvalue(), 3, PixelFormat(16)), image.transpose(2, 0, 1))
    with pytest.raises(UnsupportedImageError, match="pages of several sizes"):
        read_deep(tiff(image[..., 0], image[:8, :, 0], photometric="minisblack"), 2, PixelFormat(16))
    with pytest.raises(UnsupportedImageError, match="more than 64 pages"):
        read_deep(tiff(*[image[:4, :4, 0]] * 65, photometric="minisblack"), 5, PixelFormat(16))


def test_numbers_are_bounded_before_they_are_decoded() -> None:
    """All of them, of every page: a small file can ask for any amount of memory."""

    def bomb(*shapes: tuple[int, ...]) -> bytes:
        file = io.BytesIO()
        with tifffile.TiffWriter(file, bigtiff=True) as writer:
            for shape in shapes:
                strips = iter([zlib.compress(b"")] * shape[0])  # nothing is ever unpacked
                writer.write(
                    strips,
                    shape=shape,
                    dtype="float64",
                    rowsperstrip=1,
                    compression="zlib",
                    photometric="minisblack",
                    planarconfig="contig" if len(shape) == 3 else None,
                )
        return file.getvalue()

    for data in (bomb((2000, 2000, 64 + 64)), bomb(*[(2200, 2000)] * 64)):
        assert len(data) < 2**23
        with pytest.raises(UnsupportedImageError, match="more than 2 GiB of numbers: shrink or cut it first"):
            read_deep(data, 64, PixelFormat(32, 0, 1))
    with pytest.raises(UnsupportedImageError, match="pages of several sizes"):
        read_deep(bomb((8, 8), (30000, 30000)), 2, PixelFormat(32, 0, 1))
    wide = b"IHDR" + (2**20).to_bytes(4, "big") * 2 + b"\x10\x02"
    with pytest.raises(UnsupportedImageError, match="179 megapixels"):
        read_deep(b"\x89PNG\r\n\x1a\n\0\0\0\r" + wide, 3, PixelFormat(16))


def test_arrays_are_padded_with_white_as_pictures_are() -> None:
    pixels = noise(20, 40, 3)
    for channels in (1, 3, 4):
        wanted = Wanted(ImageShape(channels, 40, 40), fit="pad")
        assert np.array_equal(decode_deep(npy(pixels), wanted)[:, :10], decode_picture(png(pixels), wanted)[:, :10])


def test_small_images_with_many_bands_stay_as_they_lie() -> None:
    pixels = noise(32, 32, 64)
    assert np.array_equal(read_deep(npy(pixels), 64, PixelFormat(8)), pixels.transpose(2, 0, 1))
    assert np.array_equal(read_deep(npy(pixels[:5]), 5, PixelFormat(8)), pixels[:5])  # as torch has them
    in_page = tiff(pixels, photometric="minisblack", planarconfig="contig")
    assert np.array_equal(read_deep(in_page, 64, PixelFormat(8)), pixels.transpose(2, 0, 1))
    with pytest.raises(SmallImageError, match="20 x 30 is smaller than 64 x 96"):
        decode_deep(npy(noise(20, 30, 5)), Wanted(ImageShape(5, 64, 96)))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_whole_images_keep_opacity_for_decoders_without(channels: int, bits: int) -> None:
    pixels = noise(6, 7, 4).astype(f"u{bits // 8}") * (257 if bits == 16 else 1)
    most = 2**bits - 1
    premultiplied = pixels[..., :3] * (pixels[..., 3:] / most)
    expected = premultiplied if channels == 3 else (premultiplied @ [0.299, 0.587, 0.114])[..., None]
    for data in (npy(pixels), imagecodecs.png_encode(pixels)):
        whole = decode_whole(data, channels, PixelFormat(bits, 0, most))  # type: ignore[arg-type]
        assert whole.opacity is not None
        assert np.array_equal(whole.opacity[0], pixels[..., 3])
        assert np.abs(whole.pixels.transpose(1, 2, 0) - expected).max() <= 1.5  # of two roundings
        assert whole.written_channels == 4


def test_a_profile_goes_along_only_with_pixels_of_its_space() -> None:
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = png(noise(8, 8, 3), icc_profile=wide)
    assert decode_whole(data, 3).profile == wide
    assert decode_whole(data, 1).profile is None  # a grey PNG cannot have it
    assert decode_whole(png(noise(8, 8, 4), icc_profile=wide), 1).profile is None


def test_low_opacity_of_16_bits_is_kept() -> None:
    pixels = np.full((4, 4, 4), 40000, np.uint16)
    pixels[..., 3] = 120
    full = PixelFormat(16, 0, 65535)
    packed = decode_deep(npy(pixels), Wanted(ImageShape(4, 4, 4), full))
    back = to_stored(to_float(packed[None], full), full)[0].astype(int)
    assert (back[..., 3] == 120).all()
    assert np.abs(back[..., :3] - 40000).max() <= 65535 / 120 / 2 + 1  # half a step of what the product holds
    of_8_bits = torch.full((1, 4, 1, 1), 2 * 0.49 / 255 - 1)
    assert (to_stored(of_8_bits) == 0).all()
    twelve = to_stored(torch.ones(1, 4, 1, 1), PixelFormat(16, 0, 4095))
    assert twelve.ravel().tolist() == [4095, 4095, 4095, 65535]


def test_means_of_colours_are_weighted_by_opacity() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = 255, 0, 0, 255
    assert _halved(pixels)[0, 0].tolist() == [255, 0, 0, 64]
    pixels[1, 1] = 0, 100, 0, 85
    assert _halved(pixels)[0, 0].tolist() == [191, 25, 0, 85]
    assert (_halved(np.zeros((3, 5, 4), np.uint8)) == 0).all()
