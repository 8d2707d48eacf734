"""Requests, read strictly: every value is checked, and a wrong one is named in a sentence."""

import asyncio
import json
import math
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from starlette.requests import Request

from frugan.system.errors import ArgumentError, UserError

T = TypeVar("T")
_MOST_BODY = 2**20
_LONGEST = 2000  # characters of a text
_MOST_VALUES = 64
_BODY_SECONDS = 20.0


class TooLargeError(UserError):
    """More was sent than is read."""


class Asked:
    """Values by name, of a query or of a JSON object. Those that are left out have a default, or are asked for.

    Methods raise ArgumentError where a value is missing, of another kind, or out of range.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @classmethod
    def query(cls, request: Request) -> "Asked":
        """What stands behind the question mark; the last of several."""
        return cls(dict(request.query_params))

    @classmethod
    async def body(cls, request: Request) -> "Asked":
        """
        Raises:
            UserError: not a JSON object, or one too large.
        """
        content = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for piece in request.stream():
                    content += piece
                    if len(content) > _MOST_BODY:
                        raise TooLargeError(f"body: larger than {_MOST_BODY} bytes. Send less.")
        except TimeoutError:
            raise UserError(f"body: it did not arrive within {_BODY_SECONDS:g} seconds. Send it again.") from None
        try:
            found = json.loads(bytes(content), parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise UserError(f"body: not valid JSON: {str(error)[:200]}. Send an object.") from None
        if not isinstance(found, dict):
            raise UserError("body: expected a JSON object, such as {}.")
        return cls(found)

    def has(self, name: str) -> bool:
        return self._values.get(name) not in (None, "")

    def text(self, name: str, default: str | None = None) -> str:
        value = self._value(name, default)
        if not isinstance(value, str) or len(value) > _LONGEST:
            raise ArgumentError(name, f"expected text of at most {_LONGEST} characters")
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise ArgumentError(name, "is not valid Unicode")
        return value

    def choice(self, name: str, options: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in options:
            raise ArgumentError(name, f"one of {', '.join(options)}")
        return value

    def integer(self, name: str, default: int | None = None, least: int = 0, most: int = 2**53) -> int:
        value = self._value(name, default)
        if isinstance(value, str) and len(value) < 20 and value.removeprefix("-").isascii():
            value = int(value) if value.removeprefix("-").isdigit() else value
        if type(value) is not int or not least <= value <= most:
            raise ArgumentError(name, f"expected a whole number from {least} to {most}")
        return value

    def number(self, name: str, default: float | None = None, least: float = -1e9, most: float = 1e9) -> float:
        value = self._value(name, default)
        if isinstance(value, str) and len(value) < 40:
            try:
                value = float(value)
            except ValueError:
                value = math.nan
        if type(value) not in (int, float) or not least <= value <= most:
            raise ArgumentError(name, f"expected a number from {least:g} to {most:g}")
        return float(value)

    def integers(self, name: str, default: tuple[int, ...] | None = None, most: int = 2**53) -> tuple[int, ...]:
        """Separated by commas, or a list."""
        return tuple(Asked({name: each}).integer(name, least=-most, most=most) for each in self._several(name, default))

    def numbers(self, name: str, default: tuple[float, ...] | None = None) -> tuple[float, ...]:
        """Separated by commas, or a list."""
        return tuple(Asked({name: each}).number(name) for each in self._several(name, default))

    def pair(self, name: str, default: tuple[int, int] | None = None) -> tuple[int, int]:
        found = self.integers(name, default)
        if len(found) != 2:
            raise ArgumentError(name, "expected two whole numbers, such as 256,256")
        return found[0], found[1]

    def listed(self, name: str) -> list[Any]:
        value = self._value(name, None)
        if not isinstance(value, list) or len(value) > 10_000:
            raise ArgumentError(name, "expected a list")
        return value

    def _several(self, name: str, default: tuple[T, ...] | None) -> list[Any]:
        value = self._value(name, default)
        if isinstance(value, str):
            value = value.split(",") if value else []
        if not isinstance(value, list | tuple) or len(value) > _MOST_VALUES:
            raise ArgumentError(name, f"expected at most {_MOST_VALUES} numbers, separated by commas")
        return list(value)

    def _value(self, name: str, default: Any) -> Any:
        value = self._values.get(name)
        if value is None or (value == "" and default is not None):
            value = default
        if value is None:
            raise ArgumentError(name, "is missing")
        return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number of JSON")
