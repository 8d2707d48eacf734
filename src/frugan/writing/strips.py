"""Pictures that arrive strip by strip, as PNG, TIFF, Deep Zoom or `.npy`: the file's ending says which."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from frugan.system.atomic import replacing, write_file, write_folder
from frugan.writing.endings import check_ending, tiles_of
from frugan.writing.pictures import png_bytes, tiff_extra, tiff_photometric
from frugan.writing.png_stream import write_png_strips

_TILE = 256  # side of Deep Zoom's tiles
_CLASSIC_TIFF = 2**32 - 2**25  # a TIFF's offsets have 32 bits, a BigTIFF's 64


def write_strips(
    path: Path, strips: Iterable[np.ndarray], width: int, height: int, profile: bytes | None = None, text: str = ""
) -> None:
    """Strips (rows, width, C), together `height` rows, into a file that appears whole or not at all.

    PNG and Deep Zoom hold 1, 3 or 4 channels; PNG of 8 or 16 bits, Deep Zoom of 8. Deep Zoom is `path` and a folder of
    tiles beside it, NAME_files, as viewers for the web expect. `profile`: of the colours (ICC), and `text`: where the
    picture comes from, for PNG alone.

    Raises:
        UserError: an ending that is not one of ENDINGS, or TIFF without the package for it.
        RunError: the disk is full or the file cannot be written.
    """
    check_ending(path)
    if path.suffix.lower() == ".dzi":
        _write_deep_zoom(path, strips, width, height)
    elif path.suffix.lower() == ".png":
        write_png_strips(path, strips, width, height, profile, text)
    elif path.suffix.lower() == ".npy":
        _write_npy(path, strips, width, height)
    else:
        _write_tiff(path, strips, width, height)


def _write_npy(path: Path, strips: Iterable[np.ndarray], width: int, height: int) -> None:
    first, strips = _peeked(strips)
    header = {"shape": (height, width, first.shape[2]), "fortran_order": False, "descr": first.dtype.str}
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for strip in strips:
            file.write(np.ascontiguousarray(strip).tobytes())


def _write_tiff(path: Path, strips: Iterable[np.ndarray], width: int, height: int) -> None:
    import tifffile

    first, strips = _peeked(strips)
    row_bytes, whole = first.shape[2] * first.dtype.itemsize * width, first.dtype.kind == "u"
    rows = max(1, min(height, 2**20 // row_bytes))
    big = row_bytes * height > _CLASSIC_TIFF
    with replacing(path) as temporary, tifffile.TiffWriter(temporary, bigtiff=big) as writer:
        writer.write(
            (_compressed(strip) if whole else zlib.compress(strip.tobytes(), 6) for strip in _regular(strips, rows)),
            shape=(height, width, first.shape[2]) if first.shape[2] > 1 else (height, width),
            dtype=first.dtype,
            rowsperstrip=rows,
            photometric=tiff_photometric(first.shape[2]),
            planarconfig="contig" if first.shape[2] > 1 else None,
            extrasamples=tiff_extra(first.shape[2]),
            compression="zlib",
            predictor=whole,
            metadata=None,
        )


def _peeked(strips: Iterable[np.ndarray]) -> tuple[np.ndarray, Iterator[np.ndarray]]:
    """The first strip, which tells the format of all, and all of them."""
    iterator = iter(strips)
    first = next(iterator)
    return first, chain([first], iterator)


def _compressed(strip: np.ndarray) -> bytes:
    """As TIFF's horizontal predictor wants it: each pixel as its difference from the one before."""
    differences = strip.copy()
    differences[:, 1:] -= strip[:, :-1]
    return zlib.compress(differences.tobytes(), 6)


def _write_deep_zoom(path: Path, strips: Iterable[np.ndarray], width: int, height: int) -> None:
    levels, folder = max(width, height, 1) - 1, tiles_of(path)

    def fill(temporary: Path) -> None:
        pyramid = _Pyramid(temporary, levels.bit_length())
        for strip in strips:
            pyramid.add(strip)
        pyramid.close()

    # An earlier description goes before its tiles: at no moment does one stand beside tiles of another picture.
    write_folder(folder, fill, on_filled=lambda: path.unlink(missing_ok=True))
    description = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" '
        f'Format="png" Overlap="0" TileSize="{_TILE}"><Size Width="{width}" Height="{height}"/></Image>\n'
    )
    write_file(path, description.encode())


class _Pyramid:
    """One level's tiles, and the level of half its size, which is fed as rows arrive."""

    def __init__(self, folder: Path, level: int) -> None:
        self.folder = folder / str(level)
        self.folder.mkdir()
        self.below = _Pyramid(folder, level - 1) if level else None
        self.waiting: list[np.ndarray] = []
        self.row = 0

    def add(self, strip: np.ndarray) -> None:
        self.waiting.append(strip)
        while sum(map(len, self.waiting)) >= _TILE:
            rows = np.concatenate(self.waiting)
            self.waiting = [rows[_TILE:]]
            self._write(rows[:_TILE])

    def close(self) -> None:
        rows = np.concatenate(self.waiting)
        if len(rows):
            self._write(rows)
        if self.below:
            self.below.close()

    def _write(self, rows: np.ndarray) -> None:
        for column, left in enumerate(range(0, rows.shape[1], _TILE)):
            tile = np.ascontiguousarray(rows[:, left : left + _TILE])
            (self.folder / f"{column}_{self.row}.png").write_bytes(png_bytes(tile))
        self.row += 1
        if self.below:
            self.below.add(_halved(rows))


def _halved(rows: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels, of RGBA by their opacity; what is left over at odd edges counts twice."""
    padded = np.pad(rows, ((0, len(rows) % 2), (0, rows.shape[1] % 2), (0, 0)), mode="edge").astype(np.uint32)
    if rows.shape[2] != 4:
        return _mean(_summed(padded), 4)
    opacity = _summed(padded[..., 3:])
    colours = _mean(_summed(padded[..., :3] * padded[..., 3:]), np.maximum(opacity, 1))
    return np.concatenate([colours, _mean(opacity, 4)], axis=2)


def _summed(pixels: np.ndarray) -> np.ndarray:
    total: np.ndarray = pixels[::2, ::2] + pixels[1::2, ::2] + pixels[::2, 1::2] + pixels[1::2, 1::2]
    return total


def _mean(total: np.ndarray, weight: np.ndarray | int) -> np.ndarray:
    return ((total + weight // 2) // weight).astype(np.uint8)


def _regular(strips: Iterable[np.ndarray], rows: int) -> Iterator[np.ndarray]:
    """The same picture in strips of `rows` rows; the last may have fewer."""
    waiting = np.zeros((0, 0, 0), np.uint8)
    for strip in strips:
        waiting = np.concatenate([waiting, strip]) if len(waiting) else strip
        while len(waiting) >= rows:
            yield np.ascontiguousarray(waiting[:rows])
            waiting = waiting[rows:]
    if len(waiting):
        yield np.ascontiguousarray(waiting)
