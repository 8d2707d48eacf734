"""Decode a source once into one array on disk, and open that array ever after.

A cache folder holds `images.npy` ((N, C, H, W), of 8, 16 or 32 bits) and `index.json` (the rest). Its name is a hash of
the source's listing and of how images are prepared, so that a change of either makes another folder. It is filled under
a temporary name and renamed when complete: a folder of the final name is always whole.

Damage after that is found (`packed`), and mended by packing again.
"""

import errno
import hashlib
import json
import math
import os
import secrets
import shutil
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from frugan.config.schema import DataConfig
from frugan.config.shape import ImageShape, PixelFormat, whole_range
from frugan.data.decode import MODES, ImageError, check_image, decode_picture, decoded, fitted
from frugan.data.deep import check_numbers, decode_deep, needs_deep
from frugan.data.fit import Wanted, aspect_bucket
from frugan.data.items import Source
from frugan.data.packed import DamagedError, PackedDataset, Skipped, checksum, open_packed, stamp, summarise
from frugan.data.parallel import map_ordered
from frugan.system.atomic import flush
from frugan.system.errors import RunError, UserError
from frugan.system.jsonl import JSON

PREPARATION = 5  # raise it whenever decode.py makes other pixels out of the same bytes, or this file another layout

_DEEP_PREPARATION = 1  # the same for deep.py, so that caches of ordinary pictures stay


def pack(
    source: Source,
    wanted: Wanted,
    *,
    value_range: tuple[float, float] | None = None,
    cache_dir: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> PackedDataset:
    """The source's images as they are wanted, out of the cache, or decoded into it first.

    Images that are damaged, or smaller than that without `wanted.allow_upsampling`, are left out and listed in
    `skipped`. With `wanted.smallest`, photos from that side on are used, and those below the wanted one keep their own
    size: the images in use are those of `pack` at `smallest`.
    `value_range`: values that become -1 and 1; None for all that 8 or 16 bits have, or the data set's own of floating
    point numbers. `cache_dir` is by default $FRUGAN_CACHE or ~/.cache/frugan. `progress(done, total)` is called after
    every image, if the cache has to be built. Processes may build the same cache at once: the first to finish serves
    all.

    Raises:
        UserError: no image can be used.
        RunError: the cache cannot be written, or a file cannot be read; nothing half-built is left.
    """
    if min(wanted.shape) < 1:
        raise UserError(f"The resolution is {wanted.shape.size_text}: it must be at least 1.")
    parent = (cache_dir or default_cache_dir()).absolute()
    folder = parent / f"{_size_name(wanted.shape)}-{_key(source, wanted)}"
    damage = ""
    if folder.is_dir():
        try:
            return _with_range(open_packed(folder), value_range)
        except DamagedError as error:
            damage = str(error)
            shutil.rmtree(folder, ignore_errors=True)
    _build(folder, source, wanted, progress)
    try:
        return replace(_with_range(open_packed(folder), value_range), mended=damage)
    except DamagedError as error:
        raise RunError(f"The cache folder {folder} is damaged ({error}): delete it and start again.") from error


def pack_as(source: Source, data: DataConfig, shape: ImageShape | None = None) -> PackedDataset:
    """The source's images as a run's configuration has them, or in another shape."""
    wanted = Wanted(shape or data.shape, PixelFormat(data.bits), data.fit, data.upsample)
    return pack(source, wanted, value_range=data.value_range)


def default_cache_dir() -> Path:
    """$FRUGAN_CACHE or ~/.cache/frugan."""
    return Path(os.environ.get("FRUGAN_CACHE") or "~/.cache/frugan").expanduser()


def _size_name(shape: ImageShape) -> str:
    return f"{shape.height}px" if shape.height == shape.width else f"{shape.height}x{shape.width}px"


def _key(source: Source, wanted: Wanted) -> str:
    shape, pixels, fit, allow_upsampling, smallest = wanted
    side = shape.height if shape == ImageShape.square(shape.height) else list(shape)
    description: list[object] = [PREPARATION, side, allow_upsampling, source.home, source.class_names, source.items]
    if smallest is not None:  # caches of RGB squares of 8 bits keep the names that they had
        description.append(smallest)
    if pixels.bits != 8 or fit != "crop":
        description += [pixels.bits, fit]
    if pixels.bits != 8 or shape.channels not in MODES:
        description.append(_DEEP_PREPARATION)
    return hashlib.sha256(json.dumps(description).encode()).hexdigest()[:24]


def _with_range(dataset: PackedDataset, value_range: tuple[float, float] | None) -> PackedDataset:
    if value_range is None:
        return dataset
    return replace(dataset, pixels=PixelFormat(dataset.pixels.bits, *value_range))


def _build(folder: Path, source: Source, wanted: Wanted, progress: Callable[[int, int], None]) -> None:
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder.parent)
        temporary.mkdir()
        _fill(temporary, source, wanted, progress)
        _publish(temporary, folder)
    except OSError as error:
        num_bytes = len(source) * math.prod(wanted.shape) * wanted.pixels.bits // 8
        raise _explain(error, folder.parent, num_bytes) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _fill(folder: Path, source: Source, wanted: Wanted, progress: Callable[[int, int], None]) -> None:
    """Write the two files of a cache."""
    used: list[int] = []
    sides: list[int] = []
    aspects: list[float] = []
    digests: list[str] = []
    skipped: list[Skipped] = []
    fingerprint, crc = hashlib.sha256(), 0
    low, high = math.inf, -math.inf
    with (folder / "images.npy").open("wb") as file:
        _write_header(file, 0, wanted)
        outcomes = map_ordered(lambda index: prepare_image(source, index, wanted), len(source))
        for index, outcome in enumerate(outcomes):
            if isinstance(outcome, Skipped):
                skipped.append(outcome)
            else:
                _append(file, outcome.pixels)
                crc = zlib.crc32(outcome.pixels.tobytes(), crc)
                fingerprint.update(source.items[index].name.encode(errors="surrogateescape") + b"\0" + outcome.digest)
                used.append(index)
                sides.append(outcome.side)
                aspects.append(outcome.aspect)
                digests.append(outcome.digest.hex())
                if wanted.pixels.bits == 32:
                    low, high = min(low, float(outcome.pixels.min())), max(high, float(outcome.pixels.max()))
            progress(index + 1, len(source))
        file.seek(0)
        _write_header(file, len(used), wanted)
    if not used:
        raise UserError(f"{source.origin}: no image can be used. {' '.join(summarise(skipped, wanted.shape))}")
    if wanted.pixels.bits == 32 and not low < high:
        raise UserError(f"{source.origin}: all values are {low:g}; there is nothing to learn.")
    index_json: JSON = {
        "origin": source.origin,
        "shape": list(wanted.shape),
        "bits": wanted.pixels.bits,
        "value_range": list(whole_range(wanted.pixels.bits) or (low, high)),
        "fit": wanted.fit,
        "allow_upsampling": wanted.allow_upsampling,
        "preparation": PREPARATION,
        "fingerprint": fingerprint.hexdigest(),
        "class_names": source.class_names,
        "names": [source.items[index].name for index in used],
        "digests": digests,
        "labels": [source.items[index].label for index in used],
        "skipped": skipped,
        "pixels": {"crc32": crc, **stamp(folder / "images.npy")},
    }
    if wanted.smallest is not None:
        index_json["sides"] = sides
    if wanted.fit == "aspect-buckets":
        index_json["aspects"] = aspects
    index_json["sha256"] = checksum(index_json)
    (folder / "index.json").write_text(json.dumps(index_json))


class PreparedImage(NamedTuple):
    """An image as it is packed.

    Attributes:
        pixels: (C, H, W), stored numbers.
        side: of the part of it that is the image; what lies below and right of that is filled up.
        digest: SHA-256 of the encoded bytes.
        aspect: width over height of the bucket that it was stretched from, where there are such.
    """

    pixels: np.ndarray
    side: int
    digest: bytes
    aspect: float = 1.0


def prepare_image(source: Source, index: int, wanted: Wanted) -> PreparedImage | Skipped:
    """The image of that place in the source as it is wanted, or why it cannot be had."""
    try:
        with source.reading(index) as data:
            if wanted.fit == "aspect-buckets" and not needs_deep(data, wanted):
                with decoded(data, shrink_to=wanted.shape.size) as picture:
                    aspect = aspect_bucket(*picture.full_size)
                    return PreparedImage(
                        fitted(picture, wanted), wanted.shape.height, hashlib.sha256(data).digest(), aspect
                    )
            pixels = (decode_deep if needs_deep(data, wanted) else decode_picture)(data, wanted)
            side = pixels.shape[1]
            missing = wanted.shape.height - side
            if missing:
                pixels = np.pad(pixels, ((0, 0), (0, missing), (0, missing)))
            aspect = 1.0
            if wanted.fit == "aspect-buckets":
                header = check_numbers(data) or check_image(data)
                aspect = aspect_bucket(header.height, header.width)
            return PreparedImage(pixels, side, hashlib.sha256(data).digest(), aspect)
    except ImageError as error:
        return Skipped(source.items[index].name, error.kind, str(error))


def _write_header(file: IO[bytes], count: int, wanted: Wanted) -> None:
    # numpy pads this header so that its length does not depend on the first dimension: it can be written again once the
    # count is known. (Writing through a memory map instead would end in SIGBUS on a full disk.)
    header = {"shape": (count, *wanted.shape), "fortran_order": False, "descr": wanted.pixels.dtype}
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
