"""Evaluate what lies on disk, a run or a model folder, and keep the result where the report finds it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from frugan.config.schema import DataConfig
from frugan.data.images import TrainingImages
from frugan.data.opening import open_images
from frugan.features.choose import load_extractor
from frugan.judging.card import write_model_card
from frugan.judging.evaluate import evaluate_model
from frugan.judging.evaluation import Evaluation, write_evaluation
from frugan.model.model import Model
from frugan.requests.drawing import Finishing
from frugan.requests.judging import Judge, RealImages, enough_samples
from frugan.runs.folder import RunFolder, is_run
from frugan.runs.models import load_finished
from frugan.runs.prepare import open_dataset, open_held_out
from frugan.system.cores import available_cores, processes_here
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import ArgumentError
from frugan.training.ranks import ALONE, Ranks

_SAMPLES = 2048  # for model folders, which have no configuration
_OWN_IMAGES, _JUDGE, _FINISHING = RealImages(), Judge(), Finishing()


def evaluate_folder(
    path: Path,
    images: RealImages = _OWN_IMAGES,
    judge: Judge = _JUDGE,
    *,
    samples: int | None = None,
    truncation: float = 1.0,
    finishing: Finishing = _FINISHING,
    snapshot: int | None = None,
    device: str = "auto",
    threads: int = 0,
    ranks: Ranks = ALONE,
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> Evaluation:
    """Evaluate a run or a model folder.

    A run's result is also kept in its folder, if it is of its final state on its own data, without truncation, with the
    run's own settings, and of no fewer samples than they say. `threads` of the CPU: 0 for all of them. Several `ranks`
    share the work; the result is the same on each, and the first keeps it.

    Raises:
        UserError: a model folder without data, or no such snapshot.
    """
    chosen = choose_device(device) if ranks.count == 1 else ranks.device
    use_threads(threads or available_cores() // processes_here())
    run = RunFolder.open(path) if is_run(path) else None
    asked = run.config().evaluation if run is not None else None
    model = load_finished(path, str(chosen), finishing, snapshot)
    dataset = images_to_compare(path, images, model)
    extractor = load_extractor(judge.features, chosen, weights=judge.inception_weights, bands=judge.bands)
    count = enough_samples(samples or (asked.samples if asked else _SAMPLES), ranks.count)
    told = on_progress if ranks.first else _silent
    own = run is not None and not images.data
    found = evaluate_model(
        model,
        dataset,
        extractor,
        samples=count,
        truncation=truncation,
        held_out=open_held_out(run.config(), model.shape) if run is not None and own else None,
        ranks=ranks,
        on_progress=told,
    )
    as_asked = asked is not None and judge.features == asked.features and truncation == 1 and count >= asked.samples
    unfinished = _unfinished(run) if run is not None and snapshot is None else ()
    evaluation = replace(
        found,
        model=str(path),
        warnings=(*found.warnings, *unfinished),
        nimg=snapshot if snapshot is not None or run is None else run.part("sampler").newest_snapshot(),
        kept=as_asked and not images.data and snapshot is None and finishing == _FINISHING,
    )
    if ranks.first and run is not None and evaluation.kept:
        write_evaluation(run.evaluation_file, evaluation)
        write_model_card(run)
    return evaluation


def images_to_compare(path: Path, images: RealImages, model: Model) -> TrainingImages:
    """Those that are named, else those that the run was trained on, in the shape of the model's.

    Raises:
        ArgumentError: a model folder without data.
    """
    if images.data:
        data = replace(_as_trained(path, model), source=images.data, upsample=images.upsample)
        return open_images(data, model.shape)
    if not is_run(path):
        raise ArgumentError("data", f"{path} is a model folder and has no images. Give the real images")
    return open_dataset(RunFolder.open(path).config(), model.shape)


def _as_trained(path: Path, model: Model) -> DataConfig:
    """How images were brought to the model's shape; of a model folder only what their numbers stand for is known."""
    if is_run(path):
        return RunFolder.open(path).config().data
    pixels = model.pixels
    value_range = None if pixels.is_plain else (pixels.low, pixels.high)
    return DataConfig(channels=model.shape.channels, bits=pixels.bits, value_range=value_range)


def _unfinished(run: RunFolder) -> list[str]:
    """A sentence for each part that has not reached the end of its schedule."""
    sentences = []
    for name, section in run.config().parts().items():
        shown, total = run.part(name).newest_snapshot() or 0, section.schedule.total_nimg
        if shown < total:
            sentences.append(
                f"the {name} is not finished: its newest snapshot is at {shown / 1000:g} of {total / 1000:g} kimg. "
                f"Resume with: frugan resume {run.path}"
            )
    return sentences


def _silent(stage: str, done: int, total: int) -> None:
    return
