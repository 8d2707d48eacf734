"""Train the parts of a run: one in this process, or sampler and decoder at the same time in two."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import torch

from frugan.codecs.base import Codec
from frugan.config.schema import PartName, RunConfig
from frugan.data.images import TrainingImages
from frugan.data.loader import Loader
from frugan.model.folder import DECODER_FILE, GENERATOR_FILE
from frugan.model.seeds import draw_codes
from frugan.model.weights import write_weights
from frugan.networks.base import Generator
from frugan.requests.watching import SILENT, Tick, Watcher, never
from frugan.runs.clusters import with_kept_clusters
from frugan.runs.folder import PartFolder, RunFolder
from frugan.runs.logs import is_train_line
from frugan.runs.prepare import build_part, measured_images, open_dataset
from frugan.system.atomic import remove_leftovers
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import DivergedError, RunError, UserError
from frugan.system.jsonl import JSON, is_count
from frugan.system.lock import exclusive
from frugan.system.text import printable
from frugan.system.worker import STOPPED, Worker
from frugan.training.loop import Hooks, run_loop
from frugan.training.part import Part
from frugan.training.ranks import ALONE, Ranks
from frugan.writing.pictures import contact_sheet, write_sheet

SNAPSHOT_SEEDS = range(48)
# Enough at a time for speed; some generators draw large images.
_SNAPSHOT_PIECES = [SNAPSHOT_SEEDS[first : first + 16] for first in range(0, len(SNAPSHOT_SEEDS), 16)]
_MODEL_FILES: dict[PartName, str] = {"sampler": GENERATOR_FILE, "decoder": DECODER_FILE}
_LOCK_WAIT_SECONDS = 30.0
DIVERGED = 4  # exit code of the decoder's process: its training failed, and would again
_POLL_SECONDS = 0.2


class Preview(Protocol):
    """Judges a sampler in passing, at each snapshot."""

    def judge(self, generator: Generator, codec: Codec) -> JSON:
        """What is worth a line of metrics.jsonl."""


# (configuration, images, images of each class, device) -> one for this run.
MakePreview = Callable[[RunConfig, TrainingImages, Sequence[int], torch.device], Preview]


def train_all(
    run: RunFolder,
    watcher: Watcher = SILENT,
    should_stop: Callable[[], bool] = never,
    preview: MakePreview | None = None,
    ranks: Ranks = ALONE,
) -> bool:
    """Train every part: the sampler here, the decoder in a second process beside it. They never wait for each other.
    On several ranks, both on all of them, one after the other.

    Returns:
        True when all are finished, False when asked to stop.

    Raises:
        RunError: either failed; the other has stopped cleanly and can be resumed.
    """
    config = run.config()
    if ranks.count > 1:
        return all(train_part(run, name, watcher, should_stop, preview, ranks) for name in config.parts())
    if config.decoder is None:
        return train_part(run, "sampler", watcher, should_stop, preview)
    decoder = _DecoderBeside(run, config.decoder.schedule.total_nimg)
    beside = replace(watcher, on_ticks=lambda ticks: watcher.on_ticks([*ticks, *decoder.ticks()]))
    try:
        done = train_part(run, "sampler", beside, lambda: should_stop() or decoder.worker.failed(), preview)
        return decoder.finish(watcher, should_stop, stop=not done) and done
    finally:
        decoder.end()


def train_part(
    run: RunFolder,
    name: PartName,
    watcher: Watcher = SILENT,
    should_stop: Callable[[], bool] = never,
    preview: MakePreview | None = None,
    ranks: Ranks = ALONE,
) -> bool:
    """Train or go on training one part, in this process and its peers.

    Returns:
        True when it is finished, False when asked to stop.

    Raises:
        RunError: training failed, or another process is training this part.
        UserError: the data set is no longer what the run began with.
    """
    config, folder = run.config(), run.part(name)
    complaint = f"{folder.path}: another process is training this part; stop it first"
    with exclusive(folder.lock_file, complaint, _LOCK_WAIT_SECONDS) if ranks.first else contextlib.nullcontext():
        use_threads(config.threads)
        dataset = open_dataset(config)
        _check_unchanged(run, config, dataset)
        if config.data.clusters:
            dataset = with_kept_clusters(run.path, dataset)
        if config.sampler.initial:
            initial = str(run.path / config.sampler.initial)
            config = replace(config, sampler=replace(config.sampler, initial=initial))
        if ranks.first:
            for written in (folder.path, folder.samples, folder.snapshots):
                remove_leftovers(written)
            remove_leftovers(run.model, _MODEL_FILES[name])  # the other part writes there too
        device = choose_device(config.device) if ranks.count == 1 else ranks.device
        part = build_part(config, name, device, ranks, dataset)
        measured = part.measure(measured_images(dataset))
        loader = Loader(dataset, seed=config.seed, mirror=config.data.mirror, batch=part.schedule.batch)

        def on_event(kind: str, details: JSON) -> None:
            folder.events_log.append({"event": kind, **details, "clock": {"time": time.time()}})
            if kind == "checkpoint-skipped":
                watcher.say(f"{name}: {details['why']}; an earlier checkpoint is used")

        if measured and ranks.first and folder.events_log.read() == []:
            on_event("measured", measured)
        counts = list(dataset.class_counts().values())
        judges = preview is not None and name == "sampler" and ranks.first
        judge = preview(config, dataset, counts, part.device) if judges and preview else None
        snapshot = _Snapshot(run, folder, counts, judge)
        hooks = Hooks(lambda tick: watcher.on_ticks([tick]), snapshot, on_event, should_stop)
        return run_loop(part, loader, folder.path, hooks, config.watts, ranks, run.env().identity)


def train_decoder(run: str, *, should_stop: Callable[[], bool]) -> int:
    """The decoder of a run, in a process of its own: what a `Worker` calls."""
    try:
        return 0 if train_part(RunFolder.open(Path(run)), "decoder", should_stop=should_stop) else STOPPED
    except DivergedError as error:
        print(printable(f"frugan: {error}"), file=sys.stderr)
        return DIVERGED


def _check_unchanged(run: RunFolder, config: RunConfig, dataset: TrainingImages) -> None:
    began_with = run.env().data.fingerprint
    if dataset.fingerprint != began_with:
        raise UserError(
            f"{config.data.source}: the images have changed since this run began "
            f"(fingerprint {dataset.fingerprint[:12]}, was {began_with[:12]}); restore them, or begin a new run"
        )


class _Snapshot:
    """Hook: save the averaged weights, show what they draw, and judge it."""

    def __init__(self, run: RunFolder, folder: PartFolder, class_counts: Sequence[int], judge: Preview | None) -> None:
        self.run, self.folder, self.class_counts, self.judge = run, folder, class_counts, judge

    def __call__(self, part: Part, nimg: int) -> None:
        network = part.exported()
        write_weights(self.folder.snapshot(nimg), network)
        write_weights(self.run.model / _MODEL_FILES[self.folder.name], network)
        if isinstance(network, Generator) and self.judge is not None:
            generator = network
            with torch.no_grad():
                codes = (draw_codes(generator, seeds, self.class_counts) for seeds in _SNAPSHOT_PIECES)
                images = torch.cat([part.codec.base(code) for code in codes])
            write_sheet(self.folder.sample_grid(nimg), contact_sheet(images, columns=8))
            self.folder.metrics_log.keep(lambda line: is_count(line.get("nimg")) and line["nimg"] < nimg)
            self.folder.metrics_log.append({"nimg": nimg, **self.judge.judge(generator, part.codec)})


class _DecoderBeside:
    """The decoder, training in a second process."""

    def __init__(self, run: RunFolder, total: int) -> None:
        self.folder, self.total = run.part("decoder"), total
        log = self.folder.path / "output.log"
        self.worker = Worker("frugan.runs.train:train_decoder", [str(run.path)], log)

    def ticks(self) -> list[Tick]:
        """Where it stands, from the end of its log; nothing before it has begun."""
        try:
            with open(self.folder.train_log.path, "rb") as file:
                file.seek(max(file.seek(0, 2) - 4096, 0))
                line = json.loads(file.read().splitlines()[-1])
        except (OSError, IndexError, ValueError, RecursionError):
            return []
        if not is_train_line(line):
            return []
        return [Tick("decoder", line["nimg"], self.total, line["clock"]["images_per_second"], line)]

    def finish(self, watcher: Watcher, should_stop: Callable[[], bool], *, stop: bool) -> bool:
        """Let it finish, or end it early with a checkpoint. True when its schedule is finished.

        Raises:
            DivergedError, RunError, UserError: what it ended with.
        """
        while self.worker.exit_code() is None:
            watcher.on_ticks(self.ticks())
            if stop or should_stop():
                stop = True
                self.worker.ask_to_stop()
            self.worker.wait(_POLL_SECONDS)
        code = self.worker.exit_code()
        if self.worker.failed():
            said = self.worker.last_words().replace("\n", "\n  ")
            kind = {DIVERGED: DivergedError, UserError.exit_code: UserError}.get(code or 0, RunError)
            raise kind(f"the decoder failed with exit code {code} ({self.worker.log}):\n  {said}")
        return not stop and code != STOPPED

    def end(self) -> None:
        """Whatever became of the sampler."""
        if self.worker.exit_code() is None:
            self.worker.ask_to_stop()
            self.worker.wait()
