"""Ctrl-C and SIGTERM ask training to write a checkpoint and end; a second Ctrl-C ends it at once."""

import signal
import sys
from types import FrameType


class StopRequest:
    """In `with StopRequest() as stop`, `stop()` is True once a signal has arrived. Outside, signals act as usual.

    `speaks`: say so on the terminal.
    """

    def __init__(self, speaks: bool = True) -> None:
        self.requested, self.speaks = False, speaks

    def __enter__(self) -> "StopRequest":
        self.before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        return self.requested

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = True
        if not self.speaks:
            return
        print("\nstopping after this step; a checkpoint will be written", file=sys.stderr, flush=True)
