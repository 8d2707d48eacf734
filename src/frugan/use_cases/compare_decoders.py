"""What codec and decoder lose, and which decoder loses least."""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from frugan.config.schema import DataConfig
from frugan.config.shape import ImageShape
from frugan.data.images import TrainingImages
from frugan.data.opening import open_images
from frugan.features.choose import load_extractor
from frugan.judging.compare_decoders import Curves, DecoderComparison, candidates, judge_decoders
from frugan.judging.decoder_curve import decoder_curve
from frugan.metrics.perceptual import load_distance
from frugan.model.folder import load_shape
from frugan.reporting.decoders import decoders_page
from frugan.requests.comparing import Comparing
from frugan.requests.judging import Judge, RealImages
from frugan.requests.watching import SILENT, Watcher
from frugan.runs.folder import RunFolder, is_run
from frugan.runs.prepare import open_dataset, open_held_out
from frugan.system.atomic import write_file
from frugan.system.cores import available_cores
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import ArgumentError, RunError, UserError

_OWN_IMAGES, _JUDGE = RealImages(), Judge()


def compare_decoders(
    comparing: Comparing | Sequence[Path | str],
    images: RealImages = _OWN_IMAGES,
    judge: Judge = _JUDGE,
    *,
    lpips: bool = False,
    page: Path | None = None,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> DecoderComparison:
    """Judge the decoders of one or several runs, and what each has to beat, on the same images.

    Args:
        comparing: Which decoders, at what size, on how many images; or the runs alone.
        images: Images that were not trained on, judged beside the first run's own.
        judge: Whose features the Frechet distance is taken between.
        lpips: LPIPS instead of the offline perceptual distance (extra: lpips).
        page: Write a page with tables and crops here.
        device: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of images done, and of images that cannot be had.

    Raises:
        UserError: no decoder there, one that cannot make images of that size, or no images to judge on.
    """
    asked = comparing if isinstance(comparing, Comparing) else Comparing(tuple(map(str, comparing)))
    chosen = choose_device(device)
    use_threads(available_cores())
    runs = asked.decoders()
    first = runs[0].path
    if first.is_file() and not asked.resolution:
        raise ArgumentError(
            "resolution", f"{first} is a weight file, which has no size of its own. Give one, such as 256"
        )
    shape = _shape(first, asked.resolution)
    rows = candidates(runs, shape, chosen)
    datasets = _datasets(first, images, shape, watcher)
    name, judged = list(datasets.items())[-1]
    result = judge_decoders(
        rows,
        datasets,
        asked.samples,
        shape=shape,
        extractor=load_extractor(judge.features, chosen, weights=judge.inception_weights, bands=judge.bands),
        distance=load_distance(chosen, lpips=lpips),
        device=chosen,
        on_progress=watcher.on_stage,
    )
    if asked.curve:
        count = result.images[name]
        paths = dict.fromkeys(run.path for run in runs)
        curves = {
            path.name: decoder_curve(path, judged, count, chosen, partial(watcher.on_stage, f"{path.name}, snapshots"))
            for path in paths
        }
        result = dataclasses.replace(result, curves=Curves(name, curves))
    if page is not None:
        write_file(page, decoders_page("Decoders", result, rows, judged, chosen).encode())
    return result


def _datasets(run: Path, images: RealImages, shape: ImageShape, watcher: Watcher) -> dict[str, TrainingImages]:
    """The images that the first run was trained on, if they can be had at that size, and those held out.

    Training images that cannot be had are an error only where nothing else would be judged.
    """
    datasets = {}
    data = RunFolder.open(run).config().data if is_run(run) else DataConfig(channels=shape.channels)
    if is_run(run):
        try:
            datasets["training"] = _training_images(RunFolder.open(run), shape)
            held_out = open_held_out(RunFolder.open(run).config(), shape)
            if held_out is not None:
                datasets["held-out"] = held_out
        except (UserError, RunError) as error:
            if not images.data:
                raise
            watcher.say(f"not judged on training images: {error}")
    if images.data:
        named = dataclasses.replace(data, source=images.data, upsample=data.upsample or images.upsample)
        datasets["held-out"] = open_images(named, shape)
    if not datasets:
        raise ArgumentError("data", f"{run} is a model folder and has no images. Give the real images")
    for name, dataset in datasets.items():
        for sentence in dataset.skipped_summary():
            watcher.say(f"{name}: {sentence}")
        if len(dataset) < 2:
            raise UserError(f"{name}: {len(dataset)} image is not enough; at least 2 are needed")
    return datasets


def _shape(run: Path, resolution: int | tuple[int, int]) -> ImageShape:
    """Of the images to judge: the run's, or of that size."""
    own = ImageShape.square(1) if run.is_file() else load_shape(run)
    if not resolution:
        return own
    height, width = (resolution, resolution) if isinstance(resolution, int) else resolution
    return ImageShape(own.channels, height, width)


def _training_images(run: RunFolder, shape: ImageShape) -> TrainingImages:
    config = run.config()
    dataset = open_dataset(config, shape)
    if shape == config.data.shape and dataset.fingerprint != run.env().data.fingerprint:
        raise UserError(f"{config.data.source}: the images have changed since {run.path} was trained on them")
    return dataset
