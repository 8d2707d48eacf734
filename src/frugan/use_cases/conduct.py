"""Train what is left of a run, and when all of it is done, evaluate it and write its report."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from frugan.config.schema import RunConfig
from frugan.judging.evaluate_folder import evaluate_folder
from frugan.judging.evaluation import Evaluation
from frugan.judging.preview import PreviewJudge
from frugan.networks.base import Autoencoder
from frugan.requests.judging import Judge
from frugan.requests.watching import Tick, Watcher
from frugan.runs.folder import RunFolder, is_run
from frugan.runs.trackers import Followers, TrackerName
from frugan.runs.train import train_all, train_part
from frugan.system.errors import ArgumentError
from frugan.training.ranks import Ranks
from frugan.training.torchrun import joined, restarted
from frugan.use_cases.plan import PartChoice
from frugan.use_cases.report import report


@dataclass(frozen=True)
class Trained:
    """What became of a training.

    Attributes:
        run: its folder.
        part: what was asked for: "sampler", "decoder" or "all".
        ended: whether that reached the end of its schedule, and was not asked to stop before.
        finished: whether every part of the run has.
        anew: whether anything was trained or judged now; False where all of it had been before.
        evaluation: of the finished run, if it was evaluated now.
        report: the page of the finished run, if it was written now.
    """

    run: Path
    part: PartChoice
    ended: bool
    finished: bool
    anew: bool = True
    evaluation: Evaluation | None = None
    report: Path | None = None


def begin(
    path: Path,
    config: RunConfig,
    part: PartChoice,
    create: Callable[[], object],
    watcher: Watcher,
    trackers: Sequence[TrackerName] = (),
) -> Trained:
    """Make a run by `create` and conduct it, in this process and the others that torchrun started with it.

    The first process alone makes it, and not again in a job that torchrun began anew.
    """
    refuse_sampler_of_autoencoder(config, part)
    with joined(config.device) as ranks:
        if ranks.first and not (restarted() and is_run(path)):
            create()
        ranks.agree(0)  # wait for the folder
        return conduct(RunFolder.open(path), part, ranks, watcher, trackers)


def refuse_sampler_of_autoencoder(config: RunConfig, part: PartChoice) -> None:
    """
    Raises:
        ArgumentError: a sampler is to be trained whose codes the decoder could not decode.
    """
    network = None if config.decoder is None else config.decoder.network.target
    if part != "decoder" and isinstance(network, type) and issubclass(network, Autoencoder):
        raise ArgumentError(
            "part",
            f"{network.__name__} is an autoencoder, which decodes no sampler's codes. Train the part decoder alone",
            part,
        )


def conduct(
    run: RunFolder, part: PartChoice, ranks: Ranks, watcher: Watcher, trackers: Sequence[TrackerName] = ()
) -> Trained:
    """In this process, and the others that torchrun started with it; the result is the same on all of them."""
    watcher = watcher if ranks.first else watcher.silenced()
    config = run.config()
    complete = run.finished() and run.evaluation_file.exists() and run.report_file.exists()
    if part == "all" and ranks.agree(int(complete)):
        return Trained(run.path, part, ended=True, finished=True, anew=False)
    with watcher.interruptible() as should_stop, _followed(run, trackers if ranks.first else (), watcher) as followed:
        if part == "all":
            ended = train_all(run, followed, should_stop, PreviewJudge, ranks)
        else:
            ended = train_part(run, part, followed, should_stop, PreviewJudge, ranks)
    # One process writes, and so knows.
    finished = bool(ranks.agree(int(ended and run.finished())))
    if not finished:
        return Trained(run.path, part, ended, finished)
    return _finish(run, config, part, ranks, watcher)


@contextmanager
def _followed(run: RunFolder, names: Sequence[TrackerName], watcher: Watcher) -> Iterator[Watcher]:
    """A watcher beside whom the trackers follow."""
    if not names:
        yield watcher
        return
    followers = Followers(run, names, watcher.say)

    def on_ticks(ticks: Sequence[Tick]) -> None:
        watcher.on_ticks(ticks)
        followers.tell()

    try:
        yield replace(watcher, on_ticks=on_ticks)
    finally:
        followers.close()


def _finish(run: RunFolder, config: RunConfig, part: PartChoice, ranks: Ranks, watcher: Watcher) -> Trained:
    """Evaluate, which fills in the model card, and report. Each can be done again by its own verb."""
    settings = config.evaluation
    watcher.say(f"evaluating {settings.samples} generated images")
    judge, told = Judge(settings.features), watcher.on_stage
    try:
        evaluation = evaluate_folder(run.path, judge=judge, device=config.device, ranks=ranks, on_progress=told)
        watcher.say("writing the report")
        page = report(run.path, watcher=watcher) if ranks.first else run.report_file
    except KeyboardInterrupt:
        watcher.say(f"the training is finished; evaluate and report with: frugan resume {run.path}")
        raise
    return Trained(run.path, part, ended=True, finished=True, evaluation=evaluation, report=page)
