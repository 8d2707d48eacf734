"""Names and files from strangers: any text as one safe part of a path, and reads that end and fit."""

import hashlib
import os
import stat
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from frugan.system.bounds import HINT, Bound, MiB
from frugan.system.errors import UserError

_LONGEST_NAME = 120  # Bytes: file systems take 255, and names get endings and temporary prefixes.
_PLAIN_MARKS = "-_.=+, ()"
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(10))}


def file_names(names: Sequence[str]) -> list[str]:
    """Each name as one part of a path: never "", ".", "..", hidden, or with a separator, and all different.

    Letters and digits of any script stay. Where a name had to be changed, or differs from another by case only, a hash
    of it is appended, so that names stay apart on every file system and a name gives the same file every time.
    """
    plain = [_plain(name) for name in names]
    folded = [_folded(name) for name in plain]
    return [
        short if short == name and folded.count(_folded(short)) == 1 else f"{short}-{_hash(name)}"
        for name, short in zip(names, plain, strict=True)
    ]


def read_bounded(path: Path, bound: Bound) -> bytes:
    """The bytes of a regular file, or of the regular file that a link leads to, within a bound.

    Raises:
        OSError: no such file, or one that cannot be read.
        UserError: a pipe, device or folder; more bytes than that.
    """
    # Without O_NONBLOCK, opening a pipe would wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise UserError(f"{path}: is not a regular file. Give a file with {bound.purpose}.")
        if found.st_size > bound.now:
            raise UserError(f"{path}: is larger than {bound.now / MiB:g} MiB, the bound for {bound.purpose}. {HINT}")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(found.st_size)
    finally:
        os.close(descriptor)


def read_text(path: Path, bound: Bound) -> str:
    """As `read_bounded`, in UTF-8.

    Raises:
        OSError, UserError: as `read_bounded`; not UTF-8.
    """
    try:
        return read_bounded(path, bound).decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text (byte {error.start}). Give a file with {bound.purpose}.") from error


def _plain(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in _PLAIN_MARKS else "_" for c in unicodedata.normalize("NFC", name))
    kept = kept.lstrip(". ").rstrip(". ")
    while len(kept.encode(errors="replace")) > _LONGEST_NAME:
        kept = kept[:-1]
    return f"_{kept}" if not kept or kept.split(".")[0].casefold() in _RESERVED else kept


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
