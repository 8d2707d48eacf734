"""The live progress of training: a bar for each part on a terminal, a plain line now and then when piped."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from frugan.requests.watching import Tick
from frugan.runs.folder import RunFolder

_PLAIN_SECONDS = 10.0


class TrainingProgress:
    """Use as a context manager and as the loop's `on_tick`.

    `others`: parts that train in other processes, and their totals. `speaks`: show anything at all.
    """

    def __init__(self, run: RunFolder, others: dict[str, int], speaks: bool = True) -> None:
        self.run, self.others = run, others
        self.terminal = speaks and Console(stderr=True).is_terminal
        self.bars = Progress(
            TextColumn("{task.description:>8}"),
            BarColumn(24),
            TextColumn("{task.fields[text]}"),
            console=Console(stderr=True),
        )
        self.tasks: dict[str, Any] = {}
        self.printed = 0.0

    def __enter__(self) -> "TrainingProgress":
        if self.terminal:
            self.bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self.terminal:
            self.bars.stop()

    def __call__(self, tick: Tick) -> None:
        """Show where the part in this process stands, and the others with it."""
        self._show([tick, *self._other_ticks()], at_once=tick.nimg >= tick.total)

    def show_others(self) -> None:
        """Show only the parts in other processes: this one has nothing left to train."""
        self._show(self._other_ticks(), at_once=False)

    def _other_ticks(self) -> list[Tick]:
        ticks = [_last_tick(self.run.path / name, name, total) for name, total in self.others.items()]
        return [tick for tick in ticks if tick is not None]

    def _show(self, ticks: list[Tick], *, at_once: bool) -> None:
        if self.terminal:
            for each in ticks:
                if each.part not in self.tasks:
                    self.tasks[each.part] = self.bars.add_task(each.part, total=each.total, text="")
                self.bars.update(self.tasks[each.part], completed=each.nimg, text=describe(each))
            return
        now = time.monotonic()
        if now - self.printed > _PLAIN_SECONDS or at_once:
            self.printed = now
            for each in ticks:
                print(
                    f"{each.part:>8} {100 * each.nimg / each.total:3.0f} %  {describe(each)}",
                    file=sys.stderr,
                    flush=True,
                )


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


def _last_tick(folder: Path, name: str, total: int) -> Tick | None:
    """Where another process's part stands, from the end of its log."""
    try:
        with open(folder / "train.jsonl", "rb") as file:
            file.seek(max(file.seek(0, 2) - 4096, 0))
            line = json.loads(file.read().splitlines()[-1])
    except (OSError, IndexError, ValueError):
        return None
    return Tick(name, line["nimg"], total, line["clock"]["images_per_second"], line)


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
            print(f"  {stage}: {done} of {total}", file=sys.stderr, flush=True)


show_stage = _StageProgress()
