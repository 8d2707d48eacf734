"""Files and folders that appear whole or not at all, whenever the process is killed and however full the disk is."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from frugan.system.errors import RunError


def write_folder(path: Path, fill: Callable[[Path], None]) -> None:
    """`fill` a temporary folder beside `path`, flush it to disk, then give it its name.

    Raises:
        RunError: the disk is full or the folder cannot be written; nothing is left behind and nothing else was touched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with _complaining(path, temporary):
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            fill(temporary)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        for file in temporary.rglob("*"):
            flush(file)
        flush(temporary)
        if path.exists():
            shutil.rmtree(path)
        os.rename(temporary, path)
        flush(path.parent)


def write_file(path: Path, content: bytes) -> None:
    """Write, flush, rename over `path`.

    Raises:
        RunError: the disk is full or the file cannot be written; a previous file of that name is still whole.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file to write, which is flushed and takes `path`'s place at the end, unless an error ends the block.

    Raises:
        RunError: the disk is full or the file cannot be written; a previous file of that name is still whole.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with _complaining(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        flush(temporary)
        os.replace(temporary, path)
        flush(path.parent)


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Delete what killed writers left of files whose name begins with `name`; only their owner may call this."""
    for leftover in folder.glob(f".{name}*.tmp"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()


def flush(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, has reached the disk."""
    if os.name != "posix" and path.is_dir():  # only POSIX can open a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _complaining(path: Path, temporary: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            free = shutil.disk_usage(_existing(path.parent)).free / 1e6
            raise RunError(
                f"{path}: the disk is full ({free:.0f} MB free); nothing that was there before is lost. "
                "Free some space, then go on with `frugan resume`"
            ) from error
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
