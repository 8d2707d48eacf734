"""What was computed and may be asked for again: the newest, within a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Results by their names; the one that was not asked for the longest goes first.

    Args:
        most: sum of the sizes that are kept.
        size: of one result.
    """

    def __init__(self, most: int, size: Callable[[T], int]) -> None:
        self._most, self._size, self._sum = most, size, 0
        self._results: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, name: Hashable) -> T | None:
        """The result, if it is kept."""
        with self._lock:
            if name in self._results:
                self._results.move_to_end(name)
            return self._results.get(name)

    def put(self, name: Hashable, result: T) -> T:
        """Keep it, and let others go."""
        with self._lock:
            if name in self._results:
                self._sum -= self._size(self._results.pop(name))
            self._results[name] = result
            self._sum += self._size(result)
            while self._sum > self._most and len(self._results) > 1:
                self._sum -= self._size(self._results.popitem(last=False)[1])
        return result

    def or_computed(self, name: Hashable, compute: Callable[[], T]) -> T:
        """The kept result, or a new one."""
        found = self.get(name)
        return self.put(name, compute()) if found is None else found
