"""Lists of numbers that people type as text."""

from frugan.system.errors import ArgumentError


def numbers(argument: str, text: str, between: str = ",") -> tuple[float, ...]:
    """ "1,.5" -> (1, .5); none of "".

    Raises:
        ArgumentError: something else stands there.
    """
    try:
        values = tuple(float(piece) for piece in text.split(between) if text.strip())
    except ValueError:
        values = (float("nan"),)
    if not all(abs(value) < 1e9 for value in values):
        raise ArgumentError(argument, f"expected numbers with '{between}' between them", text)
    return values


def pair(argument: str, text: str, between: str = ",") -> tuple[float, float]:
    """ "0,.5" -> (0, .5).

    Raises:
        ArgumentError: not two numbers.
    """
    first, second = _exactly(2, argument, text, between)
    return first, second


def whole_pair(argument: str, text: str) -> tuple[int, int]:
    """ "64,128" -> (64, 128).

    Raises:
        ArgumentError: not two whole numbers.
    """
    first, second = pair(argument, text)
    if first != int(first) or second != int(second):
        raise ArgumentError(argument, "expected whole numbers", text)
    return int(first), int(second)


def box(argument: str, text: str) -> tuple[float, float, float, float]:
    """ "0,0,1,.5" -> (0, 0, 1, .5).

    Raises:
        ArgumentError: not four numbers.
    """
    left, top, right, bottom = _exactly(4, argument, text, ",")
    return left, top, right, bottom


def _exactly(count: int, argument: str, text: str, between: str) -> tuple[float, ...]:
    values = numbers(argument, text, between)
    if len(values) != count:
        raise ArgumentError(argument, f"expected {count} numbers with '{between}' between them", text)
    return values
