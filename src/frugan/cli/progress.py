"""Progress on the terminal: what a use case's watcher shows."""

import os
import sys
import time

from frugan.cli.bars import TrainingProgress
from frugan.cli.stop import StopRequest
from frugan.cli.terminal import say
from frugan.requests.watching import Watcher

_PLAIN_SECONDS = 10.0


def training_watcher() -> Watcher:
    """Everything that training tells, on the terminal; Ctrl-C and SIGTERM ask it to stop.

    Of several processes that torchrun started, only the first speaks.
    """
    if os.environ.get("RANK", "0") != "0":
        return Watcher(interruptible=lambda: StopRequest(speaks=False))
    progress = TrainingProgress()

    def sentence(text: str) -> None:
        progress.close()
        say(text)

    return Watcher(sentence, _show_stage, progress, lambda: StopRequest(on_end=progress.close))


class _StageProgress:
    """One line that is written over on a terminal; when piped, a line now and then."""

    def __init__(self) -> None:
        self.printed = time.monotonic()

    def __call__(self, stage: str, done: int, total: int) -> None:
        if sys.stderr.isatty():
            end = "\r" if done < total else "\r\033[K"
            print(f"\033[K  {stage}: {done} of {total}", end=end, file=sys.stderr, flush=True)
        elif time.monotonic() - self.printed > _PLAIN_SECONDS:
            self.printed = time.monotonic()
            say(f"  {stage}: {done} of {total}")


_show_stage = _StageProgress()
SHOWN = Watcher(say=say, on_stage=_show_stage)
