"""One encoded image -> upright pixels of 8 bits -> the wanted shape; `deep` has those of more bits or other channels.

Every kind of pixel comes out as it looks on a white page, unless opacity is wanted: 16-bit grey is scaled (not cut) to
8 bits, a camera's note to turn the picture is obeyed, colours with a profile become sRGB (see `colour`). Of an
animation, the first frame.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.Image import Resampling, Transpose

from frugan.data.budget import Budget
from frugan.data.colour import Profile, profile_of, to_srgb
from frugan.data.fit import Placement, Wanted, placement
from frugan.data.jpeg_scan import scan_damage
from frugan.data.plugins import open_with_plugin
from frugan.system.bounds import BYTES_AT_ONCE, HINT, IMAGE_PIXELS
from frugan.system.errors import UserError


class ImageError(ValueError):
    """One image cannot be used; the message is the reason, without the image's name."""

    kind = "unusable"


class CorruptImageError(ImageError):
    """The bytes are damaged, cut off, or no image."""

    kind = "corrupt"


class UnsupportedImageError(ImageError):
    """A sound image whose pixels have no clear 8-bit RGB meaning, or too many of them."""

    kind = "unsupported"


class SmallImageError(ImageError):
    """Smaller than what is wanted."""

    kind = "too small"


class ImageHeader(NamedTuple):
    """What a file says of itself."""

    format: str
    mode: str  # Pillow's word: RGB, L, P, CMYK, I;16 ...
    width: int
    height: int
    is_turned: bool  # a camera's note asks for turning or mirroring
    profile: Profile = "none"
    largest: int = 0  # value, of grey pictures of 16 bits


def decode_image(data: bytes) -> Image.Image:
    """Encoded bytes -> upright RGB image.

    Raises:
        CorruptImageError: the bytes are damaged, cut off, or no image.
        UnsupportedImageError: float or other pixels of unknown range, or so many that it may be a decompression bomb.
    """
    with decoded(data) as picture:
        return picture.rows(0, picture.height)


def decode_picture(data: bytes, wanted: Wanted) -> np.ndarray:
    """Encoded bytes -> the upright image in the wanted shape, uint8 (C, H, W), of 1, 3 or 4 channels.

    4 channels are RGB multiplied by its opacity, and the opacity: what is transparent carries no colour. With
    `wanted.smallest`, a square between that and the wanted one keeps its own size, and a smaller one is brought to that
    size: the result is then smaller.

    Resizing is Pillow's Lanczos, whose window grows with the reduction (antialiased). An image that has the right size
    already keeps its pixels bit by bit. A far larger JPEG is decoded at 1/2, 1/4 or 1/8 of its size, always at least
    twice the wanted one: 3.6 times faster for photos of 12 megapixels, 49 dB from the slow way.

    Raises:
        CorruptImageError, UnsupportedImageError: as `decode_image`.
        SmallImageError: it would have to be enlarged, without `allow_upsampling`.
    """
    with decoded(data, shrink_to=wanted.shape.size) as picture:
        return fitted(picture, wanted)


def fitted(picture: "Picture", wanted: Wanted) -> np.ndarray:
    """A decoded image in the wanted shape, as `decode_picture` has it.

    Raises:
        SmallImageError: as there.
    """
    rows, columns = wanted.shape.size
    if wanted.smallest is not None:
        rows = columns = min(rows, max(min(picture.width, picture.height), wanted.smallest))
    place = placement((picture.height, picture.width), (rows, columns), wanted.fit)
    if place.enlarges and not wanted.allow_upsampling:
        raise SmallImageError(f"{picture.height} x {picture.width} is smaller than {rows} x {columns}")
    mode = MODES[wanted.shape.channels]
    if place.keeps_pixels:
        left, top, right, bottom = (int(edge) for edge in place[:4])
        drawn = picture.rows(top, bottom, mode).crop((left, 0, right, bottom - top))
    else:
        drawn = _resized(picture, place, mode)
    if drawn.size != (columns, rows):
        page = Image.new(mode, (columns, rows), 0 if mode == "RGBa" else "white")
        page.paste(drawn, (place.before, place.above))
        drawn = page
    pixels = np.asarray(drawn)
    return pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def check_image(data: bytes) -> ImageHeader:
    """What the file says of itself, upright, once its pixels have been decoded; raises as `decode_image`."""
    with decoded(data) as picture:
        picture.rows(0, 1)
        height, width = picture.full_size
        header = picture.header._replace(height=height, width=width)
        if not _has_16_bit(picture.stored, picture.stored.format):
            return header
        return header._replace(largest=int(np.asarray(picture.stored).max()))


_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_SIDEWAYS = {Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90}
# Turns that bring the end of what is stored to the top. ROTATE_90 is anticlockwise: the last column becomes row 0.
_FROM_THE_END = {Transpose.ROTATE_180, Transpose.FLIP_TOP_BOTTOM, Transpose.TRANSVERSE, Transpose.ROTATE_90}
_LANCZOS_SUPPORT = 3
_LFS = b"version https://git-lfs.github.com/spec/"
MODES = {1: "L", 3: "RGB", 4: "RGBa"}  # Pillow's, of so many channels
_PLAIN_MODES = ("RGB", "RGBX", "L", "1", "P", "CMYK", "YCbCr", "HSV")
# Of all threads together. Pillow holds a pixel in up to 4 bytes, and some formats' readers hold it twice.
_BYTES_A_PIXEL, _WEBP_BYTES_A_PIXEL = 8, 16
_memory = Budget(BYTES_AT_ONCE)
_STRIP_PIXELS = 2**21  # converted at once
# Pillow warns at half of the bound; `_open` names the bound itself.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # of notes in the file, which no pixel needs


@dataclass(frozen=True)
class Picture:
    """A decoded image that becomes upright RGB in strips, so that the pixels are in memory only once."""

    header: ImageHeader  # with the size of all stored pixels, before turning
    stored: Image.Image
    turn: Transpose | None
    profile: bytes | None

    @property
    def width(self) -> int:
        return self.stored.height if self.turn in _SIDEWAYS else self.stored.width

    @property
    def height(self) -> int:
        return self.stored.width if self.turn in _SIDEWAYS else self.stored.height

    @property
    def full_size(self) -> tuple[int, int]:
        """Height and width of the upright image in the file, however small it was decoded."""
        width, height = self.header.width, self.header.height
        return (width, height) if self.turn in _SIDEWAYS else (height, width)

    def rows(self, first: int, last: int, mode: str = "RGB") -> Image.Image:
        """Upright rows from `first` to before `last`, as RGB, L, RGBA or RGBa."""
        start, end = first, last
        if self.turn in _FROM_THE_END:
            start, end = self.height - last, self.height - first
        if self.turn in _SIDEWAYS:
            box = (start, 0, end, self.stored.height)
        else:
            box = (0, start, self.stored.width, end)
        whole = box == (0, 0, *self.stored.size)
        strip = _to_mode(self.stored if whole else self.stored.crop(box), self.stored.format, self.profile, mode)
        return strip if self.turn is None else strip.transpose(self.turn)


@contextmanager
def decoded(data: bytes, shrink_to: tuple[int, int] | None = None) -> Iterator[Picture]:
    """The decoded image, for as long as the block lasts; waits while other threads hold large ones."""
    image = _open(data)
    is_jpeg = image.format in ("JPEG", "MPO")
    stated = str(image.format), image.mode, *image.size
    # Pillow turns these while it loads. Of others, the note is read afterwards: a PNG's may follow its pixels.
    turned_by_pillow = image.format == "TIFF" and _orientation(image) in _TURNS
    # The coefficients of all of a progressive JPEG are held, however small it is decoded.
    whole = math.prod(image.size) if image.info.get("progressive") else 0
    draft = None if shrink_to is None else (2 * shrink_to[1], 2 * shrink_to[0])
    if draft:
        image.draft(None, draft)
    per_pixel = _WEBP_BYTES_A_PIXEL if image.format == "WEBP" else _BYTES_A_PIXEL
    with _memory.take(per_pixel * max(whole, math.prod(image.size))):
        try:
            image.load()
        except MemoryError:
            raise
        except Exception as error:  # Pillow's readers fail on damaged bytes with whatever their parsing meets
            raise CorruptImageError(str(error) or type(error).__name__) from error
        if image.mode == "P" and image.palette is None:
            raise CorruptImageError("its colours are numbers of a palette, and it has none")
        damage = scan_damage(data, image, lambda changed: _loaded(changed, draft)) if is_jpeg else ""
        if damage:
            raise CorruptImageError(damage)
        turn = _TURNS.get(_orientation(image))
        turned = turned_by_pillow or turn is not None
        header = ImageHeader(*stated, is_turned=turned, profile=profile_of(image))
        yield Picture(header, image, turn, image.info.get("icc_profile"))


def _loaded(data: bytes, draft: tuple[int, int] | None) -> Image.Image:
    """Other bytes of a JPEG, decoded at the same size."""
    image = Image.open(BytesIO(data))
    if draft:
        image.draft(None, draft)
    image.load()
    return image


def _resized(picture: Picture, place: Placement, mode: str) -> Image.Image:
    """The part that is used: first every row is resized, then every column.

    In one call, Pillow would choose the order by the shape and by its version, and pixels differ with it.
    """
    left, top, right, bottom, rows, columns = place[:6]
    # Pixels above and below that the window sees.
    margin = math.ceil(_LANCZOS_SUPPORT * max(1, (bottom - top) / rows)) + 1
    first, last = max(math.floor(top) - margin, 0), min(math.ceil(bottom) + margin, picture.height)
    narrow = Image.new(mode, (columns, last - first))
    step = max(1, _STRIP_PIXELS // picture.width)
    for start in range(first, last, step):
        strip = picture.rows(start, min(start + step, last), mode)
        box = (left, 0, right, strip.height)
        narrow.paste(strip.resize((columns, strip.height), Resampling.LANCZOS, box=box), (0, start - first))
    return narrow.resize((columns, rows), Resampling.LANCZOS, box=(0, top - first, columns, bottom - first))


def _open(data: bytes) -> Image.Image:
    if not data:
        raise CorruptImageError("the file is empty")
    if data.startswith(_LFS):
        raise CorruptImageError("a pointer of Git LFS, not the image. Fetch the images: git lfs pull")
    most = IMAGE_PIXELS.now
    if most > IMAGE_PIXELS.most:
        Image.MAX_IMAGE_PIXELS = most // 2  # Pillow refuses from twice that
    try:
        image = open_with_plugin(data) or Image.open(BytesIO(data))
    except UserError as error:
        raise UnsupportedImageError(str(error)) from error
    except UnidentifiedImageError as error:
        raise CorruptImageError("not an image of a format that Pillow reads") from error
    except Image.DecompressionBombError as error:
        raise too_large(most) from error
    except MemoryError:
        raise
    except Exception as error:  # as in _decoded
        raise CorruptImageError(str(error) or type(error).__name__) from error
    if math.prod(image.size) > most:
        raise too_large(most)
    return image


def too_large(most: int) -> UnsupportedImageError:
    """That an image has more than so many pixels."""
    return UnsupportedImageError(f"more than {most / 10**6:.0f} megapixels: shrink or cut it first. {HINT}")


def _orientation(image: Image.Image) -> int:
    if image.format == "JXL":
        return 1  # its decoder has turned it: ISO/IEC 18181-2 has the codestream's note count, not Exif's
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a damaged note about the picture does not damage the picture: leave it as stored
        return 1


def _to_mode(image: Image.Image, format_: str | None, profile: bytes | None, mode: str) -> Image.Image:
    """sRGB pixels as RGB or L, transparency on a white page; or as RGBA, or RGBa, which is premultiplied."""
    if mode == "L" and image.mode in ("L", "1") and not image.has_transparency_data and not profile:
        return image.convert("L")
    colours, opacity = _separated(image, format_, profile)
    if mode in ("RGBA", "RGBa"):
        straight = Image.merge("RGBA", (*colours.split(), opacity or Image.new("L", image.size, 255)))
        return straight.convert("RGBa") if mode == "RGBa" else straight
    if opacity is not None:
        drawn = Image.merge("RGBA", (*colours.split(), opacity))
        colours = Image.alpha_composite(Image.new("RGBA", image.size, "white"), drawn).convert("RGB")
    return colours if mode == "RGB" else colours.convert("L")


def _separated(
    image: Image.Image, format_: str | None, profile: bytes | None
) -> tuple[Image.Image, Image.Image | None]:
    """sRGB, and opacity as L where there are transparent pixels, or one colour that is transparent."""
    if image.mode == "RGB" and not image.has_transparency_data:
        return to_srgb(image, profile), None
    if _has_16_bit(image, format_):
        grey = to_srgb(_from_16_bit(image), profile).convert("RGB")
        if not image.has_transparency_data:
            return grey, None
        visible = np.asarray(image).astype(np.int64) != image.info["transparency"]
        return grey, Image.fromarray(np.where(visible, 255, 0).astype(np.uint8))
    if image.has_transparency_data:
        drawn = image.convert("RGBA")
        return to_srgb(drawn.convert("RGB"), profile), drawn.getchannel("A")
    if image.mode in _PLAIN_MODES:
        own = image if image.mode in ("L", "CMYK") else image.convert("RGB")
        return to_srgb(own, profile).convert("RGB"), None
    raise UnsupportedImageError(f"pixels of mode {image.mode} have no known range: save it as 8-bit RGB")


def _has_16_bit(image: Image.Image, format_: str | None) -> bool:
    return image.mode.startswith("I;16") or (image.mode == "I" and format_ in ("PNG", "PPM"))  # they hold no more


def _from_16_bit(image: Image.Image) -> Image.Image:
    grey = np.asarray(image).astype(np.int64)
    return Image.fromarray(((grey * 255 + 32767) // 65535).astype(np.uint8))
