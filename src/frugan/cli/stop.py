"""Ctrl-C and SIGTERM ask training to write a checkpoint and end; a second Ctrl-C ends it at once."""

import signal
import sys
from types import FrameType


class StopRequest:
    """Callable: True once a signal has arrived. Installs its handlers when made."""

    def __init__(self) -> None:
        self.requested = False
        signal.signal(signal.SIGINT, self._handle)
        signal.signal(signal.SIGTERM, self._handle)

    def __call__(self) -> bool:
        return self.requested

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = True
        print("\nstopping after this step; a checkpoint will be written", file=sys.stderr, flush=True)
