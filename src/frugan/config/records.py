"""Results between dataclasses and JSON files: checked when they are read, for files may be damaged or of elsewhere."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from frugan.system.bounds import RESULT
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_bounded
from frugan.system.jsonl import JSON

T = TypeVar("T")
SCHEMA = 1


def plain(record: Any) -> JSON:
    """A dataclass as a JSON-ready dictionary, with everything below it."""
    found: JSON = dataclasses.asdict(record)
    return found


def parse_record(cls: type[T], data: object, where: str) -> T:
    """A dataclass from what a file holds; entries that it does not know are ignored.

    Raises:
        UserError: an entry is missing or of the wrong type; it names the entry.
    """
    try:
        return TypeAdapter(cls).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        entry = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(f"{where}: damaged: {entry}: {first['msg']}. Delete it, and make it again") from error


def read_json(path: Path) -> JSON | None:
    """The object that a file holds; None if there is no such file.

    Raises:
        UserError: not a JSON object.
    """
    try:
        loaded = json.loads(read_bounded(path, RESULT))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path}: damaged, or cannot be read: {error}. Delete it, and make it again") from error
    return entry_of(loaded, str(path))


def entry_of(value: object, where: str, entry: str = "the file") -> JSON:
    """An entry of a file that should be an object.

    Raises:
        UserError: it is something else.
    """
    if not isinstance(value, Mapping):
        raise UserError(
            f"{where}: damaged: {entry}: expected an object, got {type(value).__name__}. Delete it, and make it again"
        )
    return dict(value)
