"""What `frugan evaluate-decoder` does, once torch is loaded."""

import dataclasses
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from frugan.cli.progress import show_stage
from frugan.cli.training import say
from frugan.data.cache import PackedDataset, pack
from frugan.data.source import open_source
from frugan.features.choose import load_extractor
from frugan.judging.compare_decoders import Trained, candidates, compare_decoders, format_comparison
from frugan.judging.decoder_curve import decoder_curve
from frugan.metrics.perceptual import EfficientNetDistance, LPIPSDistance
from frugan.model.folder import load_resolution
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import open_dataset
from frugan.system.atomic import write_file
from frugan.system.cores import available_cores
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import RunError, UserError


def evaluate_decoders(
    runs: Sequence[tuple[Path, int | None]],
    data: str,
    samples: int,
    resolution: int,
    features: str,
    lpips: bool,
    curve: bool,
    out: Path | None,
    upsample: bool,
    device: str,
    json_output: bool,
) -> int:
    """Judge, print, and write the page if one is wanted. A run comes with the image count of its snapshot, or None."""
    chosen = choose_device(device)
    use_threads(available_cores())
    first, _ = runs[0]
    resolution = resolution or load_resolution(first)
    rows = candidates([Trained(*run) for run in runs], resolution, chosen)
    datasets = _datasets(first, data, resolution, upsample)
    images, judged = list(datasets.items())[-1]
    result = compare_decoders(
        rows,
        datasets,
        samples,
        resolution=resolution,
        extractor=load_extractor(features, chosen),
        distance=LPIPSDistance(chosen) if lpips else EfficientNetDistance(chosen),
        device=chosen,
        on_progress=show_stage,
    )
    if curve:
        count = result["protocol"]["images"][images]
        result["curves"] = {
            "images": images,
            "runs": {
                path.name: decoder_curve(path, judged, count, chosen, partial(show_stage, f"{path.name}, snapshots"))
                for path in dict.fromkeys(path for path, _ in runs)
            },
        }
    print(json.dumps(result, indent=1) if json_output else format_comparison(result))
    if out is not None:
        from frugan.reporting.decoders import decoders_page

        write_file(out, decoders_page("Decoders", result, rows, judged, chosen).encode())
        say(f"page: {out}")
    return 0


def _datasets(run: Path, data: str, resolution: int, upsample: bool) -> dict[str, PackedDataset]:
    """The images that the first run was trained on, if they can be had at that size, and those held out.

    Training images that cannot be had are an error only where nothing else would be judged.
    """
    datasets = {}
    if (run / "config.yaml").is_file():
        try:
            datasets["training"] = _training_images(RunFolder.open(run), resolution)
        except (UserError, RunError) as error:
            if not data:
                raise
            say(f"not judged on training images: {error}")
    if data:
        datasets["held-out"] = pack(open_source(data), resolution, allow_upsampling=upsample)
    if not datasets:
        raise UserError(f"{run}: a model folder knows no images; pass --data DATA")
    for name, dataset in datasets.items():
        for sentence in dataset.skipped_summary():
            say(f"{name}: {sentence}")
        if len(dataset) < 2:
            raise UserError(f"{name}: {len(dataset)} image is too few to judge; at least 2 are needed")
    return datasets


def _training_images(run: RunFolder, resolution: int) -> PackedDataset:
    config = run.config()
    dataset = open_dataset(dataclasses.replace(config, data=dataclasses.replace(config.data, resolution=resolution)))
    if resolution == config.data.resolution and dataset.fingerprint != run.env()["data"]["fingerprint"]:
        raise UserError(f"{config.data.source}: the images have changed since {run.path} was trained on them")
    return dataset
