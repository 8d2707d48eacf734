"""Sources made of files: a folder, or a zip of one. Both give the same names, labels and bytes for the same files."""

import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path, PurePosixPath

from frugan.data.decode import CorruptImageError, ImageError, UnsupportedImageError
from frugan.data.items import Source
from frugan.data.labels import LISTING, label_by_listing
from frugan.data.plugins import PLUGIN_SUFFIXES
from frugan.system import bounds
from frugan.system.errors import RunError, UserError
from frugan.system.foreign_files import read_bounded

IMAGE_SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".mpo"),
    *(".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
    *PLUGIN_SUFFIXES,
)
ARRAY_SUFFIX = ".npy"  # an image where there are no others; beside them it may be anything


def open_folder(root: Path) -> Source:
    """The images below `root`; links are followed.

    Raises:
        UserError: it holds no image, or cannot be listed.
    """
    root = root.resolve()
    try:
        entries = {Path(entry.path).relative_to(root).as_posix(): entry for entry in _walk(root, frozenset())}
        hidden, others, images = _sort_out(entries, lambda name: _is(entries[name].is_file))
        stamps = {name: _file_stamp(entries[name].stat()) for name in images}
    except OSError as error:
        raise UserError(f"{root} cannot be listed: {error.strerror} ({error.filename}).") from error
    _require_images(str(root), images, others, hidden)

    def read(index: int) -> bytes:
        return read_file(root / items[index].name)

    def num_bytes(index: int) -> int:
        return entries[items[index].name].stat().st_size

    listing = read_bounded(root / LISTING, bounds.LISTING) if LISTING in others else None
    items, class_names = label_by_listing(stamps, listing, str(root))
    return Source(str(root), items, class_names, read, num_bytes, str(root), _unused(others), len(hidden))


def open_zip(file: Path | BytesIO, origin: str) -> Source:
    """The images in a zip. If all lies in one folder, as zipping a folder makes it, that is the root.

    Raises:
        UserError: the zip is damaged or encrypted, or holds no image.
    """
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        if _is_cut(file):
            raise UserError(
                f"{origin} is cut off: it begins as a zip, and its end is missing. Copy it again."
            ) from error
        raise UserError(f"{origin} is not a zip that can be read: {error}.") from error
    named = {_name(entry): entry for entry in archive.infolist() if not _name(entry).endswith("/")}
    entries = _strip_wrapper(named, origin)
    hidden, others, images = _sort_out(entries, lambda name: True)
    _require_images(origin, images, others, hidden)
    if any(entry.header_offset < 0 for entry in archive.infolist()):
        raise UserError(f"{origin} is damaged: a part of it is missing. Copy it again.")
    if any(entries[name].flag_bits & _ENCRYPTED for name in images):
        raise UserError(f"{origin} is encrypted: unpack it and give the folder.")

    def read(index: int) -> bytes:
        return _read_entry(archive, entries[items[index].name], bounds.IMAGE)

    def num_bytes(index: int) -> int:
        return entries[items[index].name].file_size

    try:
        listing = _read_entry(archive, entries[LISTING], bounds.LISTING) if LISTING in others else None
    except ImageError as error:
        raise UserError(f"{origin}: {LISTING}: {error}") from error
    stamps = {name: f"{entries[name].file_size}:{entries[name].CRC:08x}" for name in images}
    items, class_names = label_by_listing(stamps, listing, origin)
    return Source(origin, items, class_names, read, num_bytes, other_files=_unused(others), num_hidden=len(hidden))


def _is_cut(file: Path | BytesIO) -> bool:
    """Whether it begins as a zip does. What it holds is listed at its end."""
    if isinstance(file, BytesIO):
        return file.getvalue().startswith(_ENTRY)
    try:
        with file.open("rb") as opened:
            return opened.read(len(_ENTRY)) == _ENTRY
    except OSError:
        return False


def _unused(others: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in others if name != LISTING)


def read_file(path: Path) -> bytes:
    """Its bytes. A file that cannot be read may be sound: a RunError, so that nobody skips it as damaged.

    Raises:
        UnsupportedImageError: no regular file, or a larger one than an image is.
    """
    try:
        return read_bounded(path, bounds.IMAGE)
    except UserError as error:
        raise UnsupportedImageError(str(error)) from error
    except OSError as error:
        raise RunError(f"{path} cannot be read: {error.strerror}.") from error


_ENTRY = b"PK\3\4"  # what the first file in a zip begins with
_ENCRYPTED, _UTF8 = 0x1, 0x800  # general purpose bits 0 and 11 of a zip entry
_MOST_LINKS = 4  # folders that link to each other have so many ways through them that a walk does not end


def _walk(folder: Path, ancestors: frozenset[Path], links: int = 0) -> Iterator[os.DirEntry[str]]:
    """All files below, and hidden folders as one entry each. `links`: how many were followed on the way."""
    real = folder.resolve()
    if real in ancestors:  # a link back up
        return
    if links > _MOST_LINKS:
        raise UserError(
            f"{folder}: is reached by more than {_MOST_LINKS} links to folders, one below another. Remove some."
        )
    for entry in os.scandir(folder):
        if _is(entry.is_dir) and not _is_hidden(entry.name):
            yield from _walk(Path(entry.path), ancestors | {real}, links + entry.is_symlink())
        else:
            yield entry


def _is(kind: Callable[[], bool]) -> bool:
    """Also of a link to itself, which is nothing."""
    try:
        return kind()
    except OSError:
        return False


def _sort_out(names: Iterable[str], is_file: Callable[[str], bool]) -> tuple[list[str], list[str], list[str]]:
    """Names -> (hidden, others, images), each sorted. A link to nowhere is no file and falls to the others."""
    hidden: list[str] = []
    others: list[str] = []
    images: list[str] = []
    for name in sorted(names):
        if _is_hidden(name):
            hidden.append(name)
        elif is_file(name) and PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES:
            images.append(name)
        else:
            others.append(name)
    if not images:
        arrays = {name for name in others if is_file(name) and name.lower().endswith(ARRAY_SUFFIX)}
        images = [name for name in others if name in arrays]
        others = [name for name in others if name not in arrays]
    return hidden, others, images


def _is_hidden(name: str) -> bool:
    # macOS adds a shadow of every file to its zips, below __MACOSX.
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _file_stamp(stat: os.stat_result) -> str:
    return f"{stat.st_size}:{stat.st_mtime_ns}"


def _require_images(origin: str, images: list[str], others: list[str], hidden: list[str]) -> None:
    if images:
        return
    suffixes = Counter(PurePosixPath(name).suffix.lower() or "without suffix" for name in others)
    found = [f"{count} {suffix}" for suffix, count in suffixes.most_common(5)]
    found += [f"{len(hidden)} hidden"] if hidden else []
    if not found:
        raise UserError(f"{origin} is empty: put images into it.")
    raise UserError(
        f"{origin} holds no image: {len(others) + len(hidden)} other files were found ({', '.join(found)}). "
        f"Images are known by their suffix: {' '.join(IMAGE_SUFFIXES)}."
    )


def _strip_wrapper(entries: dict[str, zipfile.ZipInfo], origin: str) -> dict[str, zipfile.ZipInfo]:
    """Without the one folder that all visible files lie in, if it is called like the zip or holds folders alone; else
    it is a class."""
    visible = [name for name in entries if not _is_hidden(name)]
    tops = {name.partition("/")[0] for name in visible}
    if len(tops) != 1 or any("/" not in name for name in visible):
        return entries
    (top,) = tops
    if top != Path(origin).stem and any(name.count("/") == 1 for name in visible):
        return entries
    return {name.removeprefix(f"{top}/"): entry for name, entry in entries.items()}


def _name(entry: zipfile.ZipInfo) -> str:
    """As file managers show it: Windows' back slashes are folders, and names in UTF-8 need not say so."""
    name = entry.filename
    if not entry.flag_bits & _UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, bound: bounds.Bound) -> bytes:
    if entry.file_size > bound.now:
        size, most = entry.file_size / bounds.MiB, bound.now / bounds.MiB
        raise UnsupportedImageError(
            f"unpacks to {size:.0f} MiB; {most:g} MiB are the bound for {bound.purpose}. {bounds.HINT}"
        )
    try:
        return archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise CorruptImageError(f"damaged inside the zip: {error}") from error
    except NotImplementedError as error:
        raise UnsupportedImageError(f"packed in a way that this Python cannot unpack: {error}") from error
    except OSError as error:
        raise RunError(f"{archive.filename} cannot be read: {error.strerror}.") from error
