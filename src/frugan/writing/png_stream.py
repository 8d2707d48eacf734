"""A PNG file written strip by strip, for pictures that do not fit in memory."""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from frugan.system.atomic import replacing

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2  # the filter that stores each row as its difference from the one above: what pictures compress well with


def write_png_strips(path: Path, strips: Iterable[np.ndarray], width: int, height: int) -> None:
    """Write strips (rows, width, 3) uint8, together `height` rows, as one PNG that appears whole or not at all.

    Raises:
        RunError: the disk is full or the file cannot be written.
        ValueError: the strips do not add up to the picture.
    """
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(_SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        compressor, above, rows = zlib.compressobj(6), np.zeros(3 * width, np.uint8), 0
        for strip in strips:
            if strip.shape[1:] != (width, 3):
                raise ValueError(f"a strip is {strip.shape}, but rows have {width} pixels of 3 colours")
            flat = np.ascontiguousarray(strip).reshape(strip.shape[0], 3 * width)
            filtered = flat - np.concatenate([above[None], flat[:-1]])  # modulo 256, as PNG wants it
            kinds = np.full((strip.shape[0], 1), _UP, np.uint8)
            data = compressor.compress(np.concatenate([kinds, filtered], axis=1).tobytes())
            if data:
                file.write(_chunk(b"IDAT", data))
            above, rows = flat[-1], rows + strip.shape[0]
        if rows != height:
            raise ValueError(f"strips of {rows} rows do not make a picture of {height}")
        file.write(_chunk(b"IDAT", compressor.flush()) + _chunk(b"IEND", b""))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
