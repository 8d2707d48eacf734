"""Work on many images at once. Threads suffice: Pillow and hashlib release Python's lock while they work."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from frugan.system.cores import available_cores

T = TypeVar("T")


def map_ordered(work: Callable[[int], T], count: int) -> Iterator[T]:
    """work(0), work(1) ... work(count - 1) in this order, by a thread a core, with few results in memory at a time."""
    workers = available_cores()
    pending: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for index in range(count):
                pending.append(pool.submit(work, index))
                if len(pending) > 4 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
