"""Other programs that follow a training: TensorBoard, trackio and Weights & Biases are told what the run's logs say.

A tracker reads the run's own files, never the training. So nothing is lost when one fails: it is left alone from then
on, and told the rest the next time that the run is resumed with it.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from PIL import Image

from frugan.config.records import plain, read_json
from frugan.runs.folder import PartFolder, RunFolder
from frugan.system.atomic import write_file
from frugan.system.errors import UserError, check_choice
from frugan.system.extras import extra_module
from frugan.system.jsonl import JSON, is_count, is_number

TrackerName = Literal["tensorboard", "trackio", "wandb"]
TOLD_FILE = "trackers.json"  # of a run: how much of its logs each tracker was told


class Entry(NamedTuple):
    """What a part's log says, or a sheet of its samples, at a number of images.

    Attributes:
        source: "train", "metrics" or "samples".
    """

    part: str
    source: str
    nimg: int
    values: dict[str, float]
    picture: Path | None = None


class Tracker(Protocol):
    """One of the programs."""

    def tell(self, entry: Entry) -> None:
        """Hand it over."""

    def close(self) -> None:
        """Nothing more comes."""


def check_trackers(names: Sequence[TrackerName]) -> None:
    """Before anything is done for them.

    Raises:
        ArgumentError: there is none of that name.
        UserError: a package is not installed.
    """
    for name in names:
        check_choice("trackers", name, _KINDS)
        extra_module(name, name, f"logs for {name}")


class Followers:
    """All trackers of a training.

    Args:
        run: the run that they follow.
        names: of the trackers; each needs its package.
        say: is told of one that failed.

    Raises:
        UserError: as `check_trackers`.
    """

    def __init__(self, run: RunFolder, names: Sequence[TrackerName], say: Callable[[str], None]) -> None:
        self._run, self._say = run, say
        self._trackers: dict[str, Tracker] = {}
        check_trackers(names)
        for name in dict.fromkeys(names):
            self._attempt(name, lambda name=name: self._trackers.update({name: _KINDS[name](run)}))  # type: ignore[misc]

    def tell(self) -> None:
        """All that was written since the last time."""
        for name in list(self._trackers):
            self._attempt(name, lambda name=name: self._tell(name))  # type: ignore[misc]

    def close(self) -> None:
        """Tell the rest, and let go of them."""
        self.tell()
        for name, tracker in list(self._trackers.items()):
            self._attempt(name, tracker.close)
        self._trackers.clear()

    def _tell(self, name: str) -> None:
        told = _read_told(self._run)
        known = told.setdefault(name, {})
        try:
            for part in self._run.config().parts():
                for entry in _entries(self._run.part(part), part):
                    if entry.nimg > known.get(f"{part}/{entry.source}", -1):
                        self._trackers[name].tell(entry)
                        known[f"{part}/{entry.source}"] = entry.nimg
        finally:  # of one that fails half-way, too: nothing is told twice
            write_file(self._run.path / TOLD_FILE, json.dumps(told).encode())

    def _attempt(self, name: str, action: Callable[[], object]) -> None:
        try:
            action()
        except (
            Exception
        ) as error:  # whatever foreign programs meet: a network that is gone, a full disk, their own bugs
            self._trackers.pop(name, None)
            reason = f"{type(error).__name__}: {error}"
            self._say(f"{name} failed ({reason}). The training goes on without it; resume with it later")


def _entries(folder: PartFolder, part: str) -> Iterator[Entry]:
    """All that was written of a part, in order."""
    found: list[Entry] = []
    for source, log in (("train", folder.train_log), ("metrics", folder.metrics_log)):
        found += [
            Entry(part, source, int(line["nimg"]), _numbers(line)) for line in log.read() if is_count(line.get("nimg"))
        ]
    for picture in folder.samples.glob("*.png"):
        if picture.stem.isdecimal():
            found.append(Entry(part, "samples", int(picture.stem), {}, picture))
    yield from sorted(found, key=lambda entry: entry.nimg)


def _numbers(line: JSON) -> dict[str, float]:
    """The numbers of a line; of the five quantiles of a distribution, the median."""
    flat = {**line, **(line["clock"] if isinstance(line.get("clock"), dict) else {})}
    numbers = {
        name: value[len(value) // 2] if isinstance(value, list) and value else value for name, value in flat.items()
    }
    return {
        name: float(value)
        for name, value in numbers.items()
        if name != "nimg" and is_number(value) and math.isfinite(value)
    }


def _read_told(run: RunFolder) -> dict[str, dict[str, int]]:
    """Damaged, it is as if nothing had been told."""
    try:
        found = read_json(run.path / TOLD_FILE) or {}
    except UserError:
        return {}
    return {
        name: {part: nimg for part, nimg in parts.items() if is_count(nimg)}
        for name, parts in found.items()
        if isinstance(parts, dict)
    }


class _TensorBoard:
    """Event files in the run's folder: tensorboard --logdir RUN."""

    def __init__(self, run: RunFolder) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(run.path / "tensorboard"))

    def tell(self, entry: Entry) -> None:
        for name, value in entry.values.items():
            self._writer.add_scalar(f"{entry.part}/{name}", value, entry.nimg)
        if entry.picture is not None:
            pixels = np.asarray(Image.open(entry.picture).convert("RGB"))
            self._writer.add_image(f"{entry.part}/samples", pixels, entry.nimg, dataformats="HWC")
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class _Logged:
    """trackio and wandb, which have the same functions."""

    def __init__(self, run: RunFolder, module: Any) -> None:
        self._module = module
        self._session: Any = module.init(project="frugan", name=run.path.resolve().name, config=plain(run.config()))

    def tell(self, entry: Entry) -> None:
        # Parts have counts of their own, so that none of them can be the program's one step.
        values: dict[str, object] = {f"{entry.part}/{name}": value for name, value in entry.values.items()}
        if entry.picture is not None:
            values[f"{entry.part}/samples"] = self._module.Image(str(entry.picture))
        self._session.log({f"{entry.part}/nimg": entry.nimg, **values})

    def close(self) -> None:
        self._session.finish()


def _trackio(run: RunFolder) -> Tracker:
    import trackio

    return _Logged(run, trackio)


def _wandb(run: RunFolder) -> Tracker:
    import wandb

    logged = _Logged(run, wandb)
    for part in run.config().parts():
        logged._session.define_metric(f"{part}/*", step_metric=f"{part}/nimg")
    return logged


_KINDS: dict[str, Callable[[RunFolder], Tracker]] = {"tensorboard": _TensorBoard, "trackio": _trackio, "wandb": _wandb}
