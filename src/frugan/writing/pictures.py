"""Images to files that hold them as they are, and to contact sheets that people look at."""

import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from frugan.config.shape import PLAIN, PixelFormat, channels_text
from frugan.ops.projection import for_eyes, straight_alpha
from frugan.system.atomic import replacing, write_file
from frugan.system.errors import ArgumentError
from frugan.writing.png_stream import png_strips_bytes
from frugan.writing.provenance import KEY


def to_uint8(images: Tensor) -> np.ndarray:
    """(N, C, H, W) in [-1, 1] -> what people see of it, (N, H, W, 3) uint8, clamped and rounded."""
    return _rounded(for_eyes(images))


def to_stored(images: Tensor, pixels: PixelFormat = PLAIN) -> np.ndarray:
    """(N, C, H, W) in [-1, 1] -> what files hold, (N, H, W, C) of that format; RGBA with straight alpha.

    Opacity of 16 bits has all of them, whatever range colours have.
    """
    has_opacity = images.shape[1] == 4
    images = straight_alpha(images, 255 if pixels.bits == 8 else 65535) if has_opacity else images
    if pixels.is_plain:
        return _rounded(images)
    shares = (images.clamp(-1, 1).double() + 1) / 2
    values = pixels.low + (pixels.high - pixels.low) * shares
    if has_opacity and pixels.bits == 16:
        values[:, 3] = 65535 * shares[:, 3]
    numbers: np.ndarray = values.permute(0, 2, 3, 1).cpu().numpy()
    return numbers.astype(np.float32) if pixels.bits == 32 else numbers.round().astype(pixels.dtype)


def _rounded(images: Tensor) -> np.ndarray:
    pixels: np.ndarray = ((images.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return pixels


def converter(path: Path, channels: int, pixels: PixelFormat) -> Callable[[Tensor], np.ndarray]:
    """From images (N, C, H, W) to what a file of that name holds, (N, H, W, C).

    Raises:
        ArgumentError: it cannot hold such images.
    """
    ending, shown = path.suffix.lower(), channels in (1, 3, 4)
    if ending in (".tif", ".tiff", ".npy") or (ending == ".png" and shown and pixels.bits <= 16):
        return partial(to_stored, pixels=pixels)
    if ending == ".dzi":
        return to_stored if shown else to_uint8
    held = f"{channels_text(channels)} of {pixels.bits} bits"
    raise ArgumentError("out", f"{ending or 'a file without ending'} cannot hold {held}; use .npy or .tif", path)


def usual_ending(channels: int, pixels: PixelFormat) -> str:
    """Of files for such images: PNG where it can hold them."""
    return ".png" if channels in (1, 3, 4) and pixels.bits <= 16 else ".npy"


def write_picture(path: Path, picture: np.ndarray, text: str = "") -> None:
    """(H, W, C), as of `to_stored`, -> a PNG, TIFF or `.npy` file that appears whole or not at all.

    `text`: where the picture comes from (`writing.provenance`), for PNG alone.
    """
    ending, channels = path.suffix.lower(), picture.shape[2]
    if ending == ".npy":
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.save(file, picture)
    elif ending in (".tif", ".tiff"):
        import tifffile

        with replacing(path) as temporary:
            tifffile.imwrite(
                temporary,
                picture[..., 0] if channels == 1 else picture,
                photometric=tiff_photometric(channels),
                planarconfig="contig" if channels > 1 else None,
                extrasamples=tiff_extra(channels),
            )
    else:
        write_file(path, png_bytes(picture, text))


def tiff_photometric(channels: int) -> str:
    """What a TIFF says of so many channels."""
    return "rgb" if channels in (3, 4) else "minisblack"


def tiff_extra(channels: int) -> list[str] | None:
    """Of those beyond colours: RGBA has straight alpha."""
    return ["unassalpha"] if channels == 4 else None


def png_bytes(image: np.ndarray, text: str = "") -> bytes:
    """(H, W, C) of 1, 3 or 4 channels, uint8 or uint16 -> a PNG file's content."""
    if image.dtype != np.uint8:
        return png_strips_bytes(image, text)
    buffer, known = io.BytesIO(), PngInfo()
    if text:
        known.add_text(KEY, text)
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, format="PNG", pnginfo=known)
    return buffer.getvalue()


def contact_sheet(images: Tensor, columns: int = 0) -> np.ndarray:
    """(N, C, H, W) in [-1, 1] -> one uint8 picture (rows * H, columns * W, 3), row by row; white where none is left.

    `columns` defaults to a little wider than square, without empty places where that is possible.
    """
    pixels = to_uint8(images)
    count, height, width, _ = pixels.shape
    columns = columns or _columns(count, width / height)
    rows = -(-count // columns)
    sheet = np.full((rows * height, columns * width, 3), 255, dtype=np.uint8)
    for i, picture in enumerate(pixels):
        row, column = divmod(i, columns)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return sheet


def _columns(count: int, aspect: float) -> int:
    wanted = (count * 1.5 / aspect) ** 0.5
    full = [n for n in range(1, count + 1) if count % n == 0 and wanted / 1.5 <= n <= wanted * 1.5]
    return min(full, key=lambda n: abs(n - wanted)) if full else max(1, round(wanted))


def write_sheet(path: Path, sheet: np.ndarray) -> None:
    """(H, W, 3) uint8 -> a PNG or JPEG file that appears whole or not at all."""
    if path.suffix.lower() not in (".jpg", ".jpeg"):
        write_file(path, png_bytes(sheet))
        return
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, format="JPEG", quality=95, subsampling=0)
    write_file(path, buffer.getvalue())
