"""Decode a source once into one array on disk, and open that array ever after.

A cache folder holds `images.npy` (uint8, (N, 3, R, R)) and `index.json` (the rest). Its name is a hash of the source's
listing and of how images are prepared, so that a change of either makes another folder. It is filled under a temporary
name and renamed when complete: a folder of the final name is always whole.

Damage after that is found and mended by packing again: `index.json` is under a SHA-256 of itself, and names the size,
time and CRC-32 of `images.npy`. The CRC is computed only if size or time differ, so that a start stays fast; what a
disk alters without a write is not seen.
"""

import errno
import hashlib
import json
import os
import secrets
import shutil
import time
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tokenize import TokenError
from typing import IO, NamedTuple

import numpy as np

from frugan.data.decode import ImageError, SmallImageError, decode_square
from frugan.data.items import Source
from frugan.data.parallel import map_ordered
from frugan.system.atomic import flush
from frugan.system.bounds import CACHE_INDEX
from frugan.system.errors import RunError, UserError
from frugan.system.foreign_files import read_bounded
from frugan.system.jsonl import JSON

PREPARATION = 4  # raise it whenever decode.py makes other pixels out of the same bytes, or this file another layout


class Skipped(NamedTuple):
    """An image that was left out."""

    name: str
    kind: str  # the `kind` of the ImageError: corrupt, unsupported, too small
    reason: str


@dataclass(frozen=True, eq=False)
class PackedDataset:
    """Images of one size, ready to be indexed. Everything is in the order of the names."""

    images: np.ndarray  # uint8 (N, 3, R, R), memory-mapped, read-only
    sides: np.ndarray  # int64 (N,): R, or the own side of a smaller photo, which lies in the top left corner
    labels: np.ndarray  # int64 (N,): index into class_names, -1 = no class
    names: tuple[str, ...]
    class_names: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    # SHA-256 of the names and encoded bytes of the images in use: equal on every machine, for a folder and its zip, and
    # for every resolution that leaves out the same images.
    fingerprint: str
    folder: Path  # of the cache
    mended: str = ""  # what was wrong with the cache, if it had to be packed again

    def __len__(self) -> int:
        return len(self.images)

    @property
    def resolution(self) -> int:
        return int(self.images.shape[-1])

    def skipped_summary(self) -> list[str]:
        """One sentence for each kind of image left out, and one about a cache that was packed again, for people."""
        mended = [f"The packed images were damaged ({self.mended}) and have been packed again."] if self.mended else []
        return mended + _summarise(self.skipped, self.resolution)


def pack(
    source: Source,
    resolution: int,
    *,
    allow_upsampling: bool = False,
    smallest: int | None = None,
    cache_dir: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> PackedDataset:
    """The source's images as `resolution` x `resolution`, out of the cache, or decoded into it first.

    Images that are damaged, or smaller than that without `allow_upsampling`, are left out and listed in `skipped`.
    With `smallest`, photos from that side on are used, and those below `resolution` keep their own size: the images in
    use are those of `pack` at `smallest`.
    `cache_dir` is by default $FRUGAN_CACHE or ~/.cache/frugan. `progress(done, total)` is called after every image, if
    the cache has to be built. Processes may build the same cache at once: the first to finish serves all.

    Raises:
        UserError: no image can be used.
        RunError: the cache cannot be written, or a file cannot be read; nothing half-built is left.
    """
    if resolution < 1:
        raise UserError(f"The resolution is {resolution}: it must be at least 1.")
    parent = (cache_dir or default_cache_dir()).absolute()
    fit = _Fit(resolution, allow_upsampling, smallest)
    folder = parent / f"{resolution}px-{_key(source, fit)}"
    damage = ""
    if folder.is_dir():
        try:
            return _open(folder)
        except _DamagedError as error:
            damage = str(error)
            shutil.rmtree(folder, ignore_errors=True)
    _build(folder, source, fit, progress)
    try:
        return replace(_open(folder), mended=damage)
    except _DamagedError as error:
        raise RunError(f"The cache folder {folder} is damaged ({error}): delete it and start again.") from error


def default_cache_dir() -> Path:
    """$FRUGAN_CACHE or ~/.cache/frugan."""
    return Path(os.environ.get("FRUGAN_CACHE") or "~/.cache/frugan").expanduser()


class _Fit(NamedTuple):
    """How images are brought to a size."""

    resolution: int
    allow_upsampling: bool
    smallest: int | None


def _key(source: Source, fit: _Fit) -> str:
    description = [PREPARATION, *fit[:2], source.home, source.class_names, source.items]
    if fit.smallest is not None:  # caches of one size keep the names that they had
        description.append(fit.smallest)
    return hashlib.sha256(json.dumps(description).encode()).hexdigest()[:24]


def _build(folder: Path, source: Source, fit: _Fit, progress: Callable[[int, int], None]) -> None:
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder.parent)
        temporary.mkdir()
        _fill(temporary, source, fit, progress)
        _publish(temporary, folder)
    except OSError as error:
        raise _explain(error, folder.parent, len(source) * 3 * fit.resolution**2) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _fill(folder: Path, source: Source, fit: _Fit, progress: Callable[[int, int], None]) -> None:
    """Write the two files of a cache."""
    resolution = fit.resolution
    used: list[int] = []
    sides: list[int] = []
    skipped: list[Skipped] = []
    fingerprint, crc = hashlib.sha256(), 0
    with (folder / "images.npy").open("wb") as file:
        _write_header(file, 0, resolution)
        outcomes = map_ordered(lambda index: _prepare(source, index, fit), len(source))
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, Skipped):
                skipped.append(outcome)
            else:
                _append(file, outcome.pixels)
                crc = zlib.crc32(outcome.pixels.tobytes(), crc)
                fingerprint.update(source.items[index].name.encode(errors="surrogateescape") + b"\0" + outcome.digest)
                used.append(index)
                sides.append(outcome.side)
            progress(index + 1, len(source))
        file.seek(0)
        _write_header(file, len(used), resolution)
    if not used:
        raise UserError(f"{source.origin}: no image can be used. {' '.join(_summarise(skipped, resolution))}")
    index_json: JSON = {
        "origin": source.origin,
        "resolution": resolution,
        "allow_upsampling": fit.allow_upsampling,
        "preparation": PREPARATION,
        "fingerprint": fingerprint.hexdigest(),
        "class_names": source.class_names,
        "names": [source.items[index].name for index in used],
        "labels": [source.items[index].label for index in used],
        "skipped": skipped,
        "pixels": {"crc32": crc, **_stamp(folder / "images.npy")},
    }
    if fit.smallest is not None:
        index_json["sides"] = sides
    index_json["sha256"] = _checksum(index_json)
    (folder / "index.json").write_text(json.dumps(index_json))


class _Prepared(NamedTuple):
    pixels: np.ndarray  # uint8 (3, R, R)
    side: int  # of the part of it that is the image
    digest: bytes  # SHA-256 of the encoded bytes


def _prepare(source: Source, index: int, fit: _Fit) -> _Prepared | Skipped:
    try:
        with source.reading(index) as data:
            pixels = np.asarray(decode_square(data, *fit)).transpose(2, 0, 1)
            side = pixels.shape[1]
            missing = fit.resolution - side
            if missing:
                pixels = np.pad(pixels, ((0, 0), (0, missing), (0, missing)))
            return _Prepared(pixels, side, hashlib.sha256(data).digest())
    except ImageError as error:
        return Skipped(source.items[index].name, error.kind, str(error))


def _write_header(file: IO[bytes], count: int, resolution: int) -> None:
    # numpy pads this header so that its length does not depend on the first dimension: it can be written again once the
    # count is known. (Writing through a memory map instead would end in SIGBUS on a full disk.)
    header = {"shape": (count, 3, resolution, resolution), "fortran_order": False, "descr": "|u1"}
    np.lib.format.write_array_header_1_0(file, header)


def _append(file: IO[bytes], pixels: np.ndarray) -> None:
    file.write(pixels.tobytes())


def _publish(temporary: Path, folder: Path) -> None:
    """Flush everything to disk, then give it its name, unless another process was first: its folder is as good."""
    for path in (*temporary.iterdir(), temporary):
        flush(path)
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    flush(folder.parent)


def _remove_abandoned(parent: Path) -> None:
    """Delete what killed builds left: temporary folders that nobody has written to for a day."""
    for temporary in parent.glob(".*px-*"):
        with suppress(OSError):  # another process may be deleting it too
            newest = max(path.stat().st_mtime for path in (temporary, *temporary.iterdir()))
            if newest < time.time() - 24 * 3600:
                shutil.rmtree(temporary)


def _explain(error: OSError, parent: Path, num_bytes: int) -> RunError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(
            f"The disk of {parent} is full: packing needs {num_bytes / 1e6:.1f} MB there. "
            "Free that much, or set FRUGAN_CACHE to a folder on another disk."
        )
    return RunError(f"The cache in {parent} cannot be written ({error}): set FRUGAN_CACHE to a folder that can.")


class _DamagedError(ValueError):
    """A cache folder that is not what was written."""


def _open(folder: Path) -> PackedDataset:
    try:
        index = json.loads(read_bounded(folder / "index.json", CACHE_INDEX))
        if not isinstance(index, dict) or index.get("sha256") != _checksum(index):
            raise _DamagedError("index.json was altered")
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        _check_pixels(folder / "images.npy", images, index)
        return PackedDataset(
            images=images,
            sides=np.array(index.get("sides", [index["resolution"]] * len(images)), np.int64),
            labels=np.array(index["labels"], np.int64),
            names=tuple(index["names"]),
            class_names=tuple(index["class_names"]),
            skipped=tuple(Skipped(*entry) for entry in index["skipped"]),
            fingerprint=index["fingerprint"],
            folder=folder,
        )
    except PermissionError as error:
        raise RunError(f"The cache folder {folder} cannot be read: {error.strerror}. Check its permissions.") from error
    except (
        OSError,
        ValueError,
        EOFError,
        OverflowError,
        MemoryError,
        RecursionError,
        SyntaxError,
        TokenError,
    ) as error:  # numpy's header is Python
        raise _DamagedError(str(error)) from error


def _check_pixels(file: Path, images: np.ndarray, index: JSON) -> None:
    expected, side = index["pixels"], index["resolution"]
    shape = (len(index["names"]), 3, side, side)
    if images.shape != shape or images.dtype != np.uint8 or not images.flags.c_contiguous:
        raise _DamagedError("images.npy has another layout")
    found = _stamp(file)
    if found["bytes"] != expected["bytes"]:
        raise _DamagedError("images.npy has another size")
    if found != {name: expected[name] for name in found}:  # written to, or only copied: its content decides
        crc = 0
        for image in images:
            crc = zlib.crc32(image, crc)
        if crc != expected["crc32"]:
            raise _DamagedError("images.npy was altered")


def _stamp(file: Path) -> dict[str, int]:
    found = file.stat()
    return {"bytes": found.st_size, "mtime_ns": found.st_mtime_ns}


def _checksum(index: JSON) -> str:
    covered = {name: value for name, value in index.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()


def _summarise(skipped: list[Skipped] | tuple[Skipped, ...], resolution: int) -> list[str]:
    counts = Counter(entry.kind for entry in skipped)
    sentences = []
    for kind, count in sorted(counts.items()):
        images = "1 image is" if count == 1 else f"{count} images are"
        if kind == SmallImageError.kind:
            sentences.append(f"{images} smaller than {resolution}: skipped; set upsample, or a smaller resolution.")
        else:
            example = next(entry for entry in skipped if entry.kind == kind)
            sentences.append(f"{images} {kind}: skipped, such as {example.name} ({example.reason}).")
    return sentences
