"""The shape of images, and what their numbers stand for. Everything that knows images' size is told by these two."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Bits = Literal[8, 16, 32]
CHANNEL_NAMES = {"grey": 1, "rgb": 3, "rgba": 4}


class ImageShape(NamedTuple):
    """What an image holds: (channels, height, width), as tensors have it.

    1 channel is grey, 3 are RGB, 4 are RGB multiplied by its opacity, and the opacity; any other number are bands.
    """

    channels: int
    height: int
    width: int

    @classmethod
    def square(cls, side: int, channels: int = 3) -> "ImageShape":
        """As most of this field has it."""
        return cls(channels, side, side)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def longest(self) -> int:
        """The longer side."""
        return max(self.height, self.width)

    def __str__(self) -> str:
        return self.size_text + ("" if self.channels == 3 else f", {channels_text(self.channels)}")

    @property
    def size_text(self) -> str:
        """For people, height first."""
        return f"{self.height} x {self.width}"


@dataclass(frozen=True)
class PixelFormat:
    """How images are kept on disk: bits a channel, and the values that become -1 and 1.

    Attributes:
        bits: 8 and 16 are whole numbers, 32 floating point numbers.
        low: the value that becomes -1.
        high: the value that becomes 1.
    """

    bits: Bits = 8
    low: float = 0.0
    high: float = 255.0

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"value_range: must be from a lower to a higher value, got {self.low:g} and {self.high:g}")

    @property
    def dtype(self) -> str:
        """NumPy's name of it, little-endian."""
        return {8: "|u1", 16: "<u2", 32: "<f4"}[self.bits]

    @property
    def is_plain(self) -> bool:
        """Whether it is that of ordinary files: 8 bits, from 0 to 255."""
        return self == PLAIN


PLAIN = PixelFormat()


def whole_range(bits: Bits) -> tuple[float, float] | None:
    """Least and largest value of a format of whole numbers; None for floating point numbers, which have none."""
    return None if bits == 32 else (0.0, 2.0**bits - 1)


def channels_text(channels: int) -> str:
    """What so many channels are called."""
    return {1: "grey", 3: "RGB", 4: "RGBA"}.get(channels, f"{channels} bands")


def resolution_entry(shape: ImageShape) -> int | str:
    """As files have it: a side, or "96x160"."""
    return shape.height if shape.height == shape.width else f"{shape.height}x{shape.width}"


def size_of(entry: int | str) -> tuple[int, int]:
    """The inverse: height and width.

    Raises:
        ValueError: neither a side nor two.
    """
    size = parse_resolution(str(entry))
    return (size, size) if isinstance(size, int) else size


def size_text(entry: int | str) -> str:
    """For people: height x width."""
    return "{} x {}".format(*size_of(entry))


def parse_channels(text: str) -> int:
    """`rgb`, `grey`, `rgba` or a number of bands.

    Raises:
        ValueError: anything else; the message is a sentence.
    """
    number = CHANNEL_NAMES.get(text.lower(), int(text) if text.isascii() and text.isdigit() else 0)
    if not 1 <= number <= 64:
        raise ValueError(f"expected rgb, grey, rgba or a number of bands from 1 to 64, got {text!r}")
    return number


def parse_resolution(text: str) -> int | tuple[int, int]:
    """`128` for squares, `96x160` for height x width.

    Raises:
        ValueError: anything else; the message is a sentence.
    """
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and int(part) > 0 for part in parts):
        raise ValueError(f"expected a side, such as 128, or height x width, such as 96x160, got {text!r}")
    sides = [int(part) for part in parts]
    return sides[0] if len(sides) == 1 or sides[0] == sides[1] else (sides[0], sides[1])
