"""How flags look in `frugan VERB --help`."""

import dataclasses
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from tyro.conf import arg

F = TypeVar("F")


def readable(flags: type[F]) -> type[F]:
    """Flags whose help says neither "None" nor the Python type of a text."""
    for field in dataclasses.fields(flags):  # type: ignore[arg-type]
        hint = get_type_hints(flags, include_extras=True)[field.name]
        if dataclasses.is_dataclass(field.default) and not isinstance(field.default, type):
            readable(type(field.default))
            continue
        marks: dict[str, Any] = {}
        if (kind := _metavar(hint)) is not None:
            marks["metavar"] = kind
        if field.default is dataclasses.MISSING:
            marks["help_behavior_hint"] = "(required)"
        elif field.default is None or field.default is False or field.default in ("", ()):  # what the sentence says
            marks["help_behavior_hint"] = ""
        if marks:
            flags.__annotations__[field.name] = Annotated[hint, arg(**marks)]
    return flags


def _metavar(hint: Any) -> str | None:
    """Of a value that may be left out, and of texts; None where tyro's own is good, or a flag names one."""
    if get_origin(hint) is Annotated:
        named = any(getattr(mark, "metavar", None) for mark in get_args(hint)[1:])
        return None if named else _metavar(get_args(hint)[0])
    if not isinstance(hint, UnionType):
        return _METAVARS.get(hint)
    kind = next(kind for kind in get_args(hint) if kind is not type(None))
    return "{True,False}" if kind is bool else _METAVARS.get(kind)


_METAVARS: dict[Any, str] = {str: "TEXT", int: "N", float: "NUMBER", Path: "PATH"}
