"""The two nouns of a source: its items and itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from frugan.data.budget import Budget
from frugan.system.bounds import BYTES_AT_ONCE

NO_CLASS = -1


class Item(NamedTuple):
    """One image that a source lists."""

    name: str  # path inside the source, with "/"; its first folder is its class
    label: int  # index into the source's class_names, or NO_CLASS
    stamp: str  # differs when the content differs: size and time of change, or size and CRC


@dataclass(frozen=True)
class Source:
    """A listing of encoded images; nothing is decoded before it is read.

    `read(index)` gives the encoded bytes of `items[index]`, from any thread. It raises an ImageError (see decode.py) if
    only this image is damaged, a RunError if reading itself fails.
    """

    origin: str  # for people: the path or the data set's name
    items: tuple[Item, ...]  # sorted by name
    class_names: tuple[str, ...]  # sorted; empty if no item has a class
    read: Callable[[int], bytes]
    num_bytes: Callable[[int], int] = lambda index: 0  # of what `read` will give; 0 if it is sure to be small
    home: str = ""  # the place within which stamps can be compared; empty if they hold everywhere
    other_files: tuple[str, ...] = ()  # names of the files that are not images
    num_hidden: int = 0

    def __len__(self) -> int:
        return len(self.items)

    @contextmanager
    def reading(self, index: int) -> Iterator[bytes]:
        """As `read`, for as long as the block lasts; waits while other threads hold much that they read."""
        with _encoded.take(self.num_bytes(index)):
            yield self.read(index)


_encoded = Budget(BYTES_AT_ONCE)
