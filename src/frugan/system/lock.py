"""Only one process at a time: locks that end with their process, however it ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from frugan.system.errors import RunError


@contextmanager
def exclusive(file: Path, complaint: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold a lock on `file`, which is made if need be; wait so long for another process that may just be ending.

    Raises:
        RunError: another process holds it; `complaint` says what that means.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a+") as lock:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    raise RunError(complaint) from error
                time.sleep(0.2)
        yield
