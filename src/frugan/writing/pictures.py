"""Images to PNG files and contact sheets."""

import io
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from frugan.system.atomic import write_file


def to_uint8(images: Tensor) -> np.ndarray:
    """(N, 3, H, W) in [-1, 1] -> (N, H, W, 3) uint8, clamped and rounded."""
    pixels: np.ndarray = ((images.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return pixels


def png_bytes(image: np.ndarray) -> bytes:
    """(H, W, 3) uint8 -> a PNG file's content."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG")
    return buffer.getvalue()


def contact_sheet(images: Tensor, columns: int = 0) -> np.ndarray:
    """(N, 3, H, W) in [-1, 1] -> one uint8 picture (rows * H, columns * W, 3), row by row; white where none is left.

    `columns` defaults to a little wider than square, without empty places where that is possible.
    """
    pixels = to_uint8(images)
    count, height, width, _ = pixels.shape
    columns = columns or _columns(count)
    rows = -(-count // columns)
    sheet = np.full((rows * height, columns * width, 3), 255, dtype=np.uint8)
    for i, picture in enumerate(pixels):
        row, column = divmod(i, columns)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return sheet


def _columns(count: int) -> int:
    wanted = (count * 1.5) ** 0.5
    full = [n for n in range(1, count + 1) if count % n == 0 and wanted / 1.5 <= n <= wanted * 1.5]
    return min(full, key=lambda n: abs(n - wanted)) if full else max(1, round(wanted))


def write_png(path: Path, image: np.ndarray) -> None:
    """(H, W, 3) uint8 -> a file that appears whole or not at all."""
    write_file(path, png_bytes(image))
