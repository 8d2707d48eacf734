"""Ctrl-C and SIGTERM ask training to write a checkpoint and end; a second Ctrl-C ends it at once."""

import signal
from collections.abc import Callable
from types import FrameType

from frugan.cli.terminal import say


class StopRequest:
    """In `with StopRequest() as stop`, `stop()` is True once a signal has arrived. Outside, signals act as usual.

    `speaks`: say so on the terminal. `on_end`: called when the block ends, however it does.
    """

    def __init__(self, speaks: bool = True, on_end: Callable[[], None] = lambda: None) -> None:
        self.requested, self.speaks, self.on_end = False, speaks, on_end

    def __enter__(self) -> "StopRequest":
        self.before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        self.on_end()

    def __call__(self) -> bool:
        return self.requested

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = True
        if self.speaks:
            say("\nstopping after this step; a checkpoint will be written")
