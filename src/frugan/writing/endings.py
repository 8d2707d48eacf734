"""What kind of file a name asks for, and whether it can be written: told before anything is drawn. Without torch."""

import os
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from frugan.system.errors import ArgumentError

ENDINGS = (".png", ".tif", ".tiff", ".dzi", ".npy")


def check_ending(path: Path) -> None:
    """
    Raises:
        ArgumentError: an ending that is not one of ENDINGS, TIFF without the package for it, or something in its place
            that must not be lost.
    """
    ending, tiles = path.suffix.lower(), tiles_of(path)
    if ending not in ENDINGS:
        raise ArgumentError("out", f"must end in {', '.join(ENDINGS)}", path)
    if path.is_dir():
        raise ArgumentError("out", "is a folder", path)
    if ending == ".dzi" and not path.exists() and tiles.exists() and not _are_tiles(tiles):
        problem = f"its tiles would replace the folder {tiles}, which is no picture's; choose another"
        raise ArgumentError("out", problem, path)
    if ending in (".tif", ".tiff") and find_spec("tifffile") is None:
        raise ArgumentError("out", "TIFF needs one more package: pip install 'frugan[tiff]'", path)


def tiles_of(path: Path) -> Path:
    """The folder of a Deep Zoom picture's tiles."""
    return path.with_name(f"{path.stem}_files")


def _are_tiles(folder: Path) -> bool:
    """Whether a folder holds levels of tiles and nothing else: their picture was killed before its description."""
    return folder.is_dir() and all(re.fullmatch(r"\d+/\d+_\d+\.png", name) for name in _files_below(folder))


def _files_below(folder: Path) -> Iterator[str]:
    for place, _, names in os.walk(folder):
        yield from (Path(place, name).relative_to(folder).as_posix() for name in names)


def check_video(path: Path, size: tuple[int, int] = (2, 2)) -> None:
    """
    Raises:
        ArgumentError: .mp4 without the package for it, or with odd sides (width, height); another kind of file; a
            folder that is not empty.
    """
    if path.suffix.lower() == ".mp4":
        if size[0] % 2 or size[1] % 2:
            raise ArgumentError("size", ".mp4 needs even sides", f"{size[0]}x{size[1]}")
        if find_spec("imageio_ffmpeg") is None:
            problem = ".mp4 needs one more package: pip install 'frugan[video]'; or name a folder, for PNGs"
            raise ArgumentError("out", problem, path)
    elif path.suffix.lower() in (".gif", ".webp"):
        if path.is_dir():
            raise ArgumentError("out", "is a folder", path)
    elif path.suffix:
        raise ArgumentError("out", "an .mp4, .gif or .webp file, or a folder for PNG frames", path)
    elif path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ArgumentError("out", "is there already, and not an empty folder", path)
