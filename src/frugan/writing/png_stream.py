"""A PNG file written strip by strip, for pictures that do not fit in memory, and for 16 bits, which Pillow lacks."""

import io
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np

from frugan.system.atomic import replacing
from frugan.writing.provenance import KEY

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_UP = 2  # the filter that stores each row as its difference from the one above: what pictures compress well with
_KINDS = {1: 0, 3: 2, 4: 6}  # PNG's colour types, of so many channels


def write_png_strips(
    path: Path,
    strips: Iterable[np.ndarray],
    width: int,
    height: int,
    profile: bytes | None = None,
    text: str = "",
) -> None:
    """Write strips (rows, width, C), together `height` rows, as one PNG that appears whole or not at all.

    1, 3 or 4 channels, all strips uint8, or all uint16. `profile`: of the colours (ICC). `text`: where the picture
    comes from.

    Raises:
        RunError: the disk is full or the file cannot be written.
        ValueError: the strips do not add up to the picture.
    """
    with replacing(path) as temporary, open(temporary, "wb") as file:
        _write(file, strips, width, height, profile, text)


def png_strips_bytes(picture: np.ndarray, text: str = "") -> bytes:
    """(H, W, C) -> the content of such a file."""
    file = io.BytesIO()
    _write(file, [picture], picture.shape[1], picture.shape[0], text=text)
    return file.getvalue()


def _write(
    file: IO[bytes],
    strips: Iterable[np.ndarray],
    width: int,
    height: int,
    profile: bytes | None = None,
    text: str = "",
) -> None:
    compressor, above, rows = zlib.compressobj(6), np.zeros(0, np.uint8), 0
    shape: tuple[int, ...] = ()
    for strip in strips:
        if not shape:
            shape, bits = (width, *strip.shape[2:]), 8 * strip.dtype.itemsize
            header = struct.pack(">IIBBBBB", width, height, bits, _KINDS[shape[-1]], 0, 0, 0)
            file.write(_SIGNATURE + _chunk(b"IHDR", header))
            if profile:
                file.write(_chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile)))
            if text:
                file.write(_chunk(b"tEXt", KEY.encode() + b"\0" + text.encode("latin-1")))
            above = np.zeros(width * shape[-1] * strip.dtype.itemsize, np.uint8)
        if strip.shape[1:] != shape:
            raise ValueError(f"a strip is {strip.shape}, but rows are {shape}")
        stored = strip if strip.dtype == np.uint8 else strip.astype(">u2")
        flat = np.ascontiguousarray(stored).view(np.uint8).reshape(strip.shape[0], len(above))
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
