"""Numbers and what is said of them in one `.npz` file: a zip of `.npy` files, of which nothing is ever run.

What is said is JSON, as the bytes of the array `about`, so that numpy reads these files without permission to unpickle.
"""

import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from frugan.config.records import parse_record
from frugan.system.atomic import write_file
from frugan.system.bounds import LATENTS
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_bounded
from frugan.system.jsonl import JSON
from frugan.system.numpy_files import numbers_of

T = TypeVar("T")


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], about: JSON) -> None:
    """A file that appears whole or not at all; equal contents give equal bytes.

    Raises:
        RunError: it cannot be written.
    """
    said = np.frombuffer(json.dumps(about).encode(), np.uint8)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in {**arrays, "about": said}.items():
            member = io.BytesIO()
            np.save(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    write_file(path, content.getvalue())


def read_arrays(path: Path, cls: type[T], name: str, writer: str) -> tuple[np.ndarray, T]:
    """One array of finite float32 numbers, and what is said of it.

    Args:
        name: of the array.
        writer: the verb that writes such files, for sentences.

    Raises:
        UserError: no such file, not one of that verb, or a damaged one.
    """
    advice = f"Give a file that `frugan {writer}` wrote."
    try:
        with zipfile.ZipFile(io.BytesIO(read_bounded(path, LATENTS))) as archive:
            array, said = (numbers_of(_member(archive, f"{wanted}.npy")) for wanted in (name, "about"))
        about = json.loads(said.tobytes())
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file. {advice}") from error
    except UserError:
        raise
    except (OSError, ValueError, KeyError, RecursionError, NotImplementedError) as error:
        raise UserError(f"{path}: cannot be read ({error}). {advice}") from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        RuntimeError,
    ) as error:  # a password is a RuntimeError
        raise UserError(f"{path}: is no sound .npz file ({error}). {advice}") from error
    if array.dtype != np.float32 or not np.isfinite(array).all():
        raise UserError(f"{path}: '{name}' are not finite numbers of float32. {advice}")
    return array, parse_record(cls, about, str(path))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Of no more bytes than its bound, whatever its header says."""
    with archive.open(name) as file:
        content = file.read(LATENTS.now + 1)
    if len(content) > LATENTS.now:
        raise ValueError(f"{name} is larger than the bound for {LATENTS.purpose}")
    return content
