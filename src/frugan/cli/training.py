"""What `train` and `resume` share once torch is loaded: messages, progress, signals, and what follows training."""

import sys
from pathlib import Path

from frugan.cli.flags import Part
from frugan.cli.progress import TrainingProgress, show_stage
from frugan.cli.report import write
from frugan.cli.stop import StopRequest
from frugan.config.schema import RunConfig
from frugan.config.yaml import dump
from frugan.judging.evaluate_folder import evaluate_folder, format_evaluation
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import Prepared, create_run, prepare
from frugan.runs.probe import fit_to_minutes, probe_parts
from frugan.runs.train import parent_is_gone, train_all, train_part
from frugan.runs.transfer import trained_weights
from frugan.system.errors import UserError
from frugan.training.part import total_nimg
from frugan.training.ranks import Ranks
from frugan.training.torchrun import joined, restarted


def say(sentence: str) -> None:
    """A line for the person at the terminal; results go to stdout, everything else to stderr."""
    print(sentence, file=sys.stderr, flush=True)


def prepare_with_messages(config: RunConfig) -> Prepared:
    """Pack the data and resolve the configuration, telling what is found."""
    return fit_to_minutes(prepare(config, say), say)


def show_estimates(prepared: Prepared, part: Part) -> int:
    """Print the resolved settings and what a short probe predicts; changes nothing on disk but the packed data."""
    print(dump(prepared.config), flush=True)
    say("measuring speed and memory with a few steps ...")
    for name, estimate in probe_parts(prepared, None if part == "all" else part).items():
        networks = ", ".join(
            f"{network} {count / 1e6:.2f} M parameters" for network, count in estimate.parameters.items()
        )
        print(
            f"# {name}: {networks}; {estimate.images_per_second:.0f} images/s on {prepared.device} with "
            f"{prepared.config.threads} thread(s), {estimate.minutes:.1f} minutes in all, "
            f"about {estimate.peak_memory_mb:.0f} MB"
        )
    return 0


def begin(config: RunConfig, out: Path, *, replace: bool, part: Part, start: Path | None = None) -> int:
    """Make the run folder and train, in this process and those that torchrun started with it.

    A job that torchrun started anew goes on with the run that it had made. `start`: a run whose trained sampler the
    networks begin with.
    """
    with joined(config.device) as ranks:
        if ranks.first and not (restarted() and (out / "config.yaml").is_file()):
            initial = None if start is None else trained_weights(RunFolder.open(start))
            create_run(prepare_with_messages(config), out, replace=replace, initial=initial)
        ranks.agree(0)  # wait for the folder
        return _train(RunFolder.open(out), part, ranks, parent=0)


def go_on(run: RunFolder, part: Part, *, parent: int = 0) -> int:
    """Train what is left of a run; when all of it is done, evaluate and report.

    `parent`: number of the process that trains the other part; this one then works silently and stops with it.
    """
    with joined(run.config().device) as ranks:
        return _train(run, part, ranks, parent)


def _train(run: RunFolder, part: Part, ranks: Ranks, parent: int) -> int:
    config = run.config()
    complete = all_done(run, config) and run.evaluation_file.exists() and run.report_file.exists()
    if part == "all" and ranks.agree(int(complete)):
        if ranks.first:
            say(f"{run.path} is finished and evaluated; again: frugan evaluate {run.path}, frugan report {run.path}")
        return 0
    with StopRequest(speaks=ranks.first) as stop:
        if parent:
            if part == "all":
                raise UserError("--background: say which part: --part sampler or --part decoder")
            train_part(run, part, lambda tick: None, lambda: stop() or parent_is_gone(parent))
            return 0
        in_parallel = part == "all" and ranks.count == 1
        others = {"decoder": total_nimg(config.decoder.schedule)} if in_parallel and config.decoder else {}
        with TrainingProgress(run, others, speaks=ranks.first) as progress:
            done = (
                train_all(run, progress, stop, progress.show_others, ranks)
                if part == "all"
                else train_part(run, part, progress, stop, ranks)
            )
    # One process writes, and so knows.
    if ranks.agree(int(done and all_done(run, config))):
        _finish(run, config, ranks)
    elif ranks.first:
        _say_what_is_left(run, part, done)
    return 0


def _say_what_is_left(run: RunFolder, part: Part, done: bool) -> None:
    if not done:
        say(f"stopped; go on with: frugan resume {run.path}")
    elif part == "all":
        say(f"a part was stopped; go on with: frugan resume {run.path}")
    elif part == "decoder":
        say(f"the decoder is finished: frugan evaluate-decoder {run.path}, frugan upscale IMAGE --decoder {run.path}")
        say(f"the sampler, too: frugan resume {run.path}")
    else:
        say(f"the sampler is finished: frugan sample {run.path} --out pictures")
        say(f"the decoder, too: frugan resume {run.path}")


def _finish(run: RunFolder, config: RunConfig, ranks: Ranks) -> None:
    """Evaluate, which fills in the model card, and report. Each can be done again by its own verb."""
    settings = config.evaluation
    if ranks.first:
        say(f"evaluating {settings.samples} generated images")
    result = evaluate_folder(
        run.path, features=settings.features, device=config.device, on_progress=show_stage, ranks=ranks
    )
    if ranks.first:
        say(format_evaluation(result))
        say(f"report: {write(run)}")


def all_done(run: RunFolder, config: RunConfig) -> bool:
    """Whether every part has reached the end of its schedule."""
    return all(
        run.part(name).snapshot(total_nimg(section.schedule)).exists() for name, section in config.parts().items()
    )
