"""Where the parts in training stand: a bar each on a terminal, plain lines when piped."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from frugan.cli.terminal import say
from frugan.requests.watching import Tick

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_PLAIN_SECONDS = 10.0


class TrainingProgress:
    """Shows where each part stands: a bar each, on a terminal."""

    def __init__(self) -> None:
        self.bars: Progress | None = None
        self.tasks: dict[str, TaskID] = {}
        self.finished: set[str] = set()
        self.printed = 0.0

    def __call__(self, ticks: Sequence[Tick]) -> None:
        if sys.stderr.isatty():
            self._move_bars(ticks)
            return
        fresh = {tick.part for tick in ticks if tick.nimg >= tick.total} - self.finished
        self.finished |= fresh
        if ticks and (fresh or time.monotonic() - self.printed > _PLAIN_SECONDS):
            self.printed = time.monotonic()
            for tick in ticks:
                say(f"{tick.part:>8} {100 * tick.nimg / tick.total:3.0f} %  {describe(tick)}")

    def _move_bars(self, ticks: Sequence[Tick]) -> None:
        if self.bars is None:
            self.bars = _started_bars()
        for tick in ticks:
            if tick.part not in self.tasks:
                self.tasks[tick.part] = self.bars.add_task(tick.part, total=tick.total, text="")
            self.bars.update(self.tasks[tick.part], completed=tick.nimg, text=describe(tick))

    def close(self) -> None:
        """Leave the bars where they stand, so that other lines can follow."""
        if self.bars is not None:
            self.bars.stop()
            self.bars = None
            self.tasks.clear()


def describe(tick: Tick) -> str:
    """Images seen, speed, time left and losses, on one line."""
    losses = "  ".join(
        f"{label} {tick.values[name]:.3f}"
        for name, label in (("discriminator_loss", "D"), ("generator_loss", "G"), ("decoder_loss", "loss"))
        if name in tick.values
    )
    minutes, seconds = divmod(round(tick.seconds_left), 60)
    return (
        f"{tick.nimg / 1000:7.1f} kimg  {tick.images_per_second:6.0f} img/s  {minutes:3d}:{seconds:02d} left  {losses}"
    )


def _started_bars() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    description, text = TextColumn("{task.description:>8}"), TextColumn("{task.fields[text]}")
    bars = Progress(description, BarColumn(24), text, console=Console(stderr=True))
    bars.start()
    return bars
