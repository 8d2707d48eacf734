"""Train the parts of a run: one in this process, or sampler and decoder at the same time in two."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from frugan.config.schema import PartName
from frugan.data.loader import Loader
from frugan.judging.preview import PreviewJudge
from frugan.model.folder import DECODER_FILE, GENERATOR_FILE
from frugan.model.seeds import draw_codes
from frugan.model.weights import write_weights
from frugan.requests.watching import Tick
from frugan.runs.folder import PartFolder, RunFolder
from frugan.runs.prepare import build_part, class_counts, measured_images, open_dataset
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import RunError, UserError
from frugan.system.lock import exclusive
from frugan.training.gan import GANPart
from frugan.training.loop import Hooks, train
from frugan.training.part import Part
from frugan.training.ranks import ALONE, Ranks
from frugan.writing.pictures import contact_sheet, write_png

SNAPSHOT_SEEDS = range(48)
# Enough at a time for speed; some generators draw large images.
_SNAPSHOT_PIECES = [SNAPSHOT_SEEDS[first : first + 16] for first in range(0, len(SNAPSHOT_SEEDS), 16)]
_LOCK_WAIT_SECONDS = 30.0


def train_part(
    run: RunFolder,
    name: PartName,
    on_tick: Callable[[Tick], None],
    should_stop: Callable[[], bool],
    ranks: Ranks = ALONE,
) -> bool:
    """Train or go on training one part, in this process and its peers.

    True when it is finished, False when asked to stop.

    Raises:
        RunError: training failed, or another process is training this part.
        UserError: the data set is no longer what the run began with.
    """
    config = run.config()
    folder = run.part(name)
    complaint = f"{folder.path}: another process is training this part; stop it first"
    with exclusive(folder.lock_file, complaint, _LOCK_WAIT_SECONDS) if ranks.first else contextlib.nullcontext():
        use_threads(config.threads)
        dataset = open_dataset(config)
        began_with = run.env()["data"]["fingerprint"]
        if dataset.fingerprint != began_with:
            raise UserError(
                f"{config.data.source}: the images have changed since this run began "
                f"(fingerprint {dataset.fingerprint[:12]}, "
                f"was {began_with[:12]}); restore them, or begin a new run"
            )
        if config.sampler.initial:
            initial = str(run.path / config.sampler.initial)
            config = replace(config, sampler=replace(config.sampler, initial=initial))
        part = build_part(config, name, choose_device(config.device) if ranks.count == 1 else ranks.device, ranks)
        measured = part.measure(measured_images(dataset))
        loader = Loader(dataset, seed=config.seed, mirror=config.data.mirror)

        def on_event(kind: str, details: dict[str, Any]) -> None:
            folder.events_log.append({"event": kind, **details, "clock": {"time": time.time()}})
            if kind == "checkpoint-skipped":
                print(f"{name}: {details['why']}; an earlier checkpoint is used", file=sys.stderr)

        if measured and ranks.first and folder.events_log.read() == []:
            on_event("measured", measured)
        counts = list(class_counts(dataset).values())
        judges = name == "sampler" and ranks.first
        judge = PreviewJudge(config, dataset, counts, part.device) if judges else None
        hooks = Hooks(on_tick, _Snapshot(run, folder, counts, judge), on_event, should_stop)
        return train(part, loader, folder.path, hooks, config.watts, ranks)


def train_all(
    run: RunFolder,
    on_tick: Callable[[Tick], None],
    should_stop: Callable[[], bool],
    on_wait: Callable[[], None] = lambda: None,
    ranks: Ranks = ALONE,
) -> bool:
    """Train every part: the sampler here, the decoder in a second process beside it. They never wait for each other.
    On several ranks, both on all of them, one after the other.

    `on_wait` is called now and then while the sampler is finished and the decoder is not.

    Raises:
        RunError: either failed; the other has stopped cleanly and can be resumed.
    """
    if ranks.count > 1:
        return all(train_part(run, name, on_tick, should_stop, ranks) for name in run.config().parts())
    if run.config().decoder is None:
        return train_part(run, "sampler", on_tick, should_stop)
    with _BackgroundPart(run, "decoder") as decoder:
        sampler_done = train_part(run, "sampler", on_tick, lambda: should_stop() or decoder.failed())
        return decoder.wait(should_stop, on_wait, stop=not sampler_done) and sampler_done


class _Snapshot:
    """Hook: save the averaged weights, show what they draw, and judge it."""

    def __init__(
        self, run: RunFolder, folder: PartFolder, class_counts: Sequence[int], judge: PreviewJudge | None
    ) -> None:
        self.run, self.folder, self.class_counts, self.judge = run, folder, class_counts, judge

    def __call__(self, part: Part, nimg: int) -> None:
        network = part.exported()
        write_weights(self.folder.snapshot(nimg), network)
        write_weights(self.run.model / (GENERATOR_FILE if part.name == "sampler" else DECODER_FILE), network)
        if isinstance(part, GANPart) and self.judge is not None:
            generator = part.exported()
            with torch.no_grad():
                codes = (draw_codes(generator, seeds, self.class_counts) for seeds in _SNAPSHOT_PIECES)
                images = torch.cat([part.codec.base(code) for code in codes])
            write_png(self.folder.sample_grid(nimg), contact_sheet(images, columns=8))
            self.folder.metrics_log.keep(lambda line: int(line["nimg"]) < nimg)
            self.folder.metrics_log.append({"nimg": nimg, **self.judge.judge(generator, part.codec)})


class _BackgroundPart:
    """A part that trains in a process of its own, through the same command a person would type."""

    def __init__(self, run: RunFolder, name: PartName) -> None:
        self.run, self.name = run, name
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "_BackgroundPart":
        folder = self.run.path / self.name
        folder.mkdir(exist_ok=True)
        self.output = open(folder / "output.log", "ab")
        # -P: never import what happens to lie in the current folder.
        command = [sys.executable, "-P", "-m", "frugan", "resume", str(self.run.path)]
        command += ["--part", self.name, "--background", str(os.getpid())]
        # In a session of its own, so that Ctrl-C reaches only the parent, which then asks it to stop.
        self.process = subprocess.Popen(
            command, stdout=self.output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        return self

    def failed(self) -> bool:
        """Whether it has ended badly."""
        assert self.process is not None
        return self.process.poll() not in (None, 0)

    def wait(self, should_stop: Callable[[], bool], on_wait: Callable[[], None], *, stop: bool) -> bool:
        """Let it finish, or end it early with a checkpoint. True when its schedule is finished."""
        assert self.process is not None
        while self.process.poll() is None:
            on_wait()
            if stop or should_stop():
                stop = True
                self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
        # It may have been asked to stop before it could listen; nothing was begun then.
        if self.process.returncode != 0 and not (stop and self.process.returncode == -signal.SIGTERM):
            log = self.run.path / self.name / "output.log"
            said = "\n  ".join(log.read_text(errors="replace").strip().splitlines()[-5:])
            raise RunError(f"the {self.name} failed with exit code {self.process.returncode} ({log}):\n  {said}")
        return not stop

    def __exit__(self, *exception: object) -> None:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self.output.close()


def parent_is_gone(parent: int) -> bool:
    """Whether the process that started this one has died: a background part then stops too."""
    return os.getppid() != parent
