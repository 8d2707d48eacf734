"""Values that people type as text: seeds, sizes, lists of numbers."""

from collections.abc import Mapping, Sequence

from frugan.config import shape
from frugan.system.errors import ArgumentError


def parse_seeds(text: str) -> Sequence[int]:
    """ "0-3,7" -> 0, 1, 2, 3, 7; one range alone stays a range, however long.

    Raises:
        ArgumentError: not a list of seeds and ranges.
    """
    ranges = [_parse_range(piece.strip(), text) for piece in text.split(",")]
    return ranges[0] if len(ranges) == 1 else [seed for each in ranges for seed in each]


def parse_size(text: str) -> tuple[int, int]:
    """ "6144x4096" -> width and height.

    Raises:
        ArgumentError: not two whole numbers.
    """
    width, _, height = text.partition("x")
    if not (_is_number(width) and _is_number(height)):
        raise ArgumentError("size", "not a width and height in pixels. Give both, such as 128x128", text)
    return int(width), int(height)


def parse_move(text: str) -> tuple[str, float]:
    """ "smile=2" -> "smile" and 2.0.

    Raises:
        ArgumentError: no name, or no number.
    """
    name, _, amount = text.partition("=")
    try:
        return name.strip(), float(amount)
    except ValueError as error:
        raise ArgumentError("moves", "a name or number and an amount, such as smile=2", text) from error


def parse_resolution(text: str) -> int | tuple[int, int] | None:
    """ "128" -> 128, "96x160" -> height and width, "" -> None.

    Raises:
        ArgumentError: neither a side nor two.
    """
    try:
        return shape.parse_resolution(text) if text else None
    except ValueError as error:
        raise ArgumentError("resolution", str(error)) from error


def parse_channels(text: str) -> int | None:
    """ "rgba" -> 4, "" -> None.

    Raises:
        ArgumentError: no name and no number of channels.
    """
    try:
        return shape.parse_channels(text) if text else None
    except ValueError as error:
        raise ArgumentError("channels", str(error)) from error


def refuse_beside(chosen: str, given: Mapping[str, object]) -> None:
    """An argument that would do nothing beside another is a misunderstanding.

    Raises:
        ArgumentError: one of them was given.
    """
    for name, value in given.items():
        if value:
            raise ArgumentError(chosen, f"does not go with `{name}`")


def _parse_range(piece: str, text: str) -> range:
    first, dash, last = piece.partition("-")
    if not _is_number(first) or (dash and not _is_number(last)) or (dash and int(last) < int(first)):
        problem = f"expected seeds and ranges such as 0-63 or 1,5,9-12; '{piece}' is neither"
        raise ArgumentError("seeds", problem, text)
    return range(int(first), int(last or first) + 1)


def _is_number(text: str) -> bool:
    """Digits of ASCII alone, and no more of them than any number here needs."""
    return text.isascii() and text.isdigit() and len(text) < 19
