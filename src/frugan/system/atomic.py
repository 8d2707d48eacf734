"""Files and folders that appear whole or not at all, whenever the process is killed and however full the disk is."""

import errno
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from frugan.system.errors import RunError


def write_folder(path: Path, fill: Callable[[Path], None], on_filled: Callable[[], None] = lambda: None) -> None:
    """`fill` a temporary folder beside `path`, flush it to disk, then give it its name.

    `on_filled` is called before an earlier folder of that name goes, whole, and this one takes its place.

    Raises:
        RunError: the disk is full or the folder cannot be written; nothing is left behind and nothing else was touched.
    """
    temporary, earlier = _temporary(path), _temporary(path, _EARLIER)
    with _complaining(path, temporary):
        _remove_of_dead(path)
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
        on_filled()
        if path.exists():
            shutil.rmtree(earlier, ignore_errors=True)
            os.rename(path, earlier)  # a kill while it is deleted leaves no half of it under its name
        try:
            os.rename(temporary, path)
        except OSError:
            if earlier.exists():
                os.rename(earlier, path)
            raise
        flush(path.parent)
        shutil.rmtree(earlier, ignore_errors=True)


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
    temporary = _temporary(path)
    with _complaining(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_of_dead(path)
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


def holds_something(folder: Path) -> bool:
    """Whether a folder is there that holds more than what killed writers left."""
    return folder.is_dir() and any(not _TEMPORARY.fullmatch(path.name) for path in folder.iterdir())


def is_gone(process: str) -> bool:
    """Whether no process of that number runs on this machine."""
    if os.name != "posix":  # where asking would end it
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except (ValueError, OverflowError, PermissionError):
        pass
    return False


def flush(path: Path) -> None:
    """Wait until a file's content, or a folder's list of names, has reached the disk."""
    if os.name != "posix" and path.is_dir():  # only POSIX can open a folder
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Of this machine: process numbers of another, which may share the disk, say nothing here.
_EARLIER = ".earlier"  # what a folder is called while another takes its place
_HOST = re.sub(r"\W", "-", socket.gethostname())
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)@(?P<host>[\w-]*)(?:\.earlier)?\.tmp")


def _temporary(path: Path, kind: str = "") -> Path:
    """What stands for `path` while this process writes it."""
    return path.with_name(f".{path.name}.{os.getpid()}@{_HOST}{kind}.tmp")


def _remove_of_dead(path: Path) -> None:
    """Delete what killed writers of that name left. Those of other names in the folder may be another program's."""
    for process, leftover in _leftovers(path.parent.absolute()).pop(path.name, ()):
        if is_gone(process):
            if leftover.name.endswith(f"{_EARLIER}.tmp") and not path.exists():
                os.rename(leftover, path)  # killed between the two renames: what was there is still whole
                continue
            shutil.rmtree(leftover, ignore_errors=True)
            with suppress(OSError):
                leftover.unlink(missing_ok=True)


@cache
def _leftovers(folder: Path) -> dict[str, list[tuple[str, Path]]]:
    """By the name that they were to have. Listed once in a process: it may write very many files into the folder."""
    found: dict[str, list[tuple[str, Path]]] = {}
    for path in folder.glob(".*.tmp"):
        match = _TEMPORARY.fullmatch(path.name)
        if match and match["host"] == _HOST:
            found.setdefault(match["name"], []).append((match["process"], path))
    return found


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
