"""Where shards lie: a folder, an address, or a command whose output they are; files of them as bytes."""

import dataclasses
import hashlib
import os
import re
import shlex
import time
from pathlib import Path

from frugan.config.schema import RunConfig
from frugan.data.shard_index import INDEX, Shard, ShardIndex, parse_index
from frugan.system.bounds import CACHE_INDEX, SHARD, Bound
from frugan.system.errors import RunError, UserError
from frugan.system.foreign_files import read_bounded

PIPE, PERMISSION = "pipe:", "FRUGAN_ALLOW_PIPE"
_ADDRESS = re.compile(r"(https?|gs|ftps|sftp)://[A-Za-z0-9._~/%:@=+,-]+")  # no sign that a shell could take for its own
_TRIES, _WAIT_SECONDS = 4, 0.5
_PIECE = 2**20


def is_shards(data: str | Path) -> bool:
    """Whether `data` is a folder that `frugan data pack` filled, an address, or a command."""
    return is_remote(data) or ((Path(data).expanduser() / INDEX).is_file() and _has_tar(Path(data).expanduser()))


def is_remote(data: str | Path) -> bool:
    """Whether it is an address or a command."""
    return str(data).startswith(PIPE) or re.match(r"[a-z0-9]+://", str(data)) is not None


def read_index(place: str) -> ShardIndex:
    """
    Raises:
        UserError: there is no index, it is damaged, or the place must not be opened.
        RunError: it cannot be read.
    """
    return parse_index(_read(place, INDEX, CACHE_INDEX), f"{place}: {INDEX}")


def as_in_shards(config: RunConfig) -> RunConfig:
    """With the shape and depth of the images if they lie in shards, which come in no other; else as it is.

    Raises:
        UserError, RunError: as `read_index`.
    """
    data = config.data
    if not is_shards(data.source):
        return config
    index = read_index(data.source)
    shape = index.image_shape
    held = dataclasses.replace(
        data,
        resolution=shape.height if shape.height == shape.width else shape.size,
        channels=shape.channels,
        bits=index.bits,
        value_range=data.value_range if data.bits == index.bits else None,
    )
    return dataclasses.replace(config, data=held)


def read_shard(place: str, shard: Shard) -> bytes:
    """Its bytes, as they were written. What comes over a network is asked for again if it is not.

    Raises:
        RunError: it is gone, altered, or cannot be read.
    """
    problem = ""
    for attempt in range(_TRIES if is_remote(place) else 1):
        time.sleep(_WAIT_SECONDS * (2**attempt - 1))
        try:
            content = _read(place, shard.name, SHARD, shard.size)
        except (RunError, UserError) as error:
            problem = str(error)
            continue
        if len(content) == shard.size and hashlib.sha256(content).hexdigest() == shard.sha256:
            return content
        problem = f"{place}: {shard.name} is not what was packed. Copy it again."
    raise RunError(problem)


def _read(place: str, name: str, bound: Bound, most: int | None = None) -> bytes:
    """At most a byte more than `most`."""
    if not is_remote(place):
        try:
            return read_bounded(Path(place).expanduser() / name, bound)
        except OSError as error:
            raise RunError(f"{place}: {name} cannot be read: {error.strerror}.") from error
    opened = _address(place, name)
    try:
        from webdataset.gopen import gopen  # late: it imports torch
    except ImportError as error:
        raise UserError(f"{place}: shards of other machines need a package: pip install 'frugan[shards]'.") from error
    limit, pieces, length = min(bound.now, most or bound.now), [], 0
    try:
        with gopen(opened) as stream:
            while length <= limit and (piece := stream.read(_PIECE)):
                pieces.append(piece)
                length += len(piece)
    except Exception as error:  # whatever the program that fetches it has to say
        raise RunError(f"{place}: {name} cannot be read: {error}") from error
    if length == 0:
        raise RunError(f"{place}: {name} is empty or not there.")
    return b"".join(pieces)


def _address(place: str, name: str) -> str:
    """What to open. A configuration may come from strangers, and must not run a command of theirs.

    Raises:
        UserError: an address that cannot be opened, or a command without the permission.
    """
    if place.startswith(PIPE):
        if os.environ.get(PERMISSION) != "1":
            raise UserError(f"{place}: runs this command. If you wrote it, allow it: {PERMISSION}=1")
        if "{}" not in place:
            raise UserError(f"{place}: write {{}} where the name of the file belongs.")
        return place.replace("{}", shlex.quote(name))
    base = place.removesuffix(INDEX).rstrip("/")
    if not _ADDRESS.fullmatch(base):
        raise UserError(
            f"{place}: cannot be opened. Give https://, gs://, or 'pipe:COMMAND {{}}', such as "
            "'pipe:aws s3 cp s3://bucket/photos/{} -'."
        )
    return f"{base}/{name}"


def _has_tar(folder: Path) -> bool:
    return next(folder.glob("training-*.tar"), None) is not None
