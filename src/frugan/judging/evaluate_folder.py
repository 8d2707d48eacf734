"""Evaluate what lies on disk, a run or a model folder, and keep the result where the report finds it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frugan.data.cache import PackedDataset, pack
from frugan.data.source import open_source
from frugan.features.choose import load_extractor
from frugan.judging.card import write_model_card
from frugan.judging.evaluate import evaluate
from frugan.requests.drawing import Finishing
from frugan.runs.folder import RunFolder
from frugan.runs.models import load_finished
from frugan.runs.prepare import open_dataset
from frugan.system.atomic import write_file
from frugan.system.cores import available_cores, processes_here
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import UserError
from frugan.training.ranks import ALONE, Ranks


def evaluate_folder(
    path: Path,
    *,
    data: str = "",
    upsample: bool = False,
    samples: int | None = None,
    features: str = "efficientnet-lite0",
    inception_weights: str = "",
    truncation: float = 1.0,
    code_noise: float | None = None,
    decoder: Path | None = None,
    halvings: int = 0,
    snapshot: int | None = None,
    device: str = "auto",
    threads: int = 0,
    ranks: Ranks = ALONE,
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Evaluate a run or a model folder.

    `decoder`: a run whose codec halves the pictures `halvings` times and whose decoder then enlarges them.

    A run's result is also kept in its folder ("kept"), if it is of its final state on its own data, without truncation,
    with the run's own settings, and of no fewer samples than they say. `threads` of the CPU: 0 for all of them.
    Several `ranks` share the work; the result is the same on each, and the first keeps it.

    Raises:
        UserError: a model folder without data, or no such snapshot.
    """
    chosen = choose_device(device) if ranks.count == 1 else ranks.device
    use_threads(threads or available_cores() // processes_here())
    run = RunFolder.open(path) if (path / "config.yaml").is_file() else None
    if not ranks.first:
        on_progress = _silent
    model = load_finished(path, str(chosen), Finishing(code_noise, decoder, halvings), snapshot)
    dataset = images_to_compare(path, data, model.resolution, upsample)
    extractor = load_extractor(features, chosen, weights=inception_weights)
    count = samples or (run.config().evaluation.samples if run else 2048)
    result = evaluate(
        model, dataset, extractor, samples=count, truncation=truncation, ranks=ranks, on_progress=on_progress
    )
    result["model"] = str(path)
    result["nimg"] = snapshot if snapshot is not None or run is None else run.part("sampler").newest_snapshot()
    asked = run.config().evaluation if run is not None else None
    as_asked = asked is not None and features == asked.features and truncation == 1 and count >= asked.samples
    result["kept"] = bool(as_asked and not data and snapshot is None and code_noise is decoder is None)
    if ranks.first and run is not None and result["kept"]:
        write_file(run.evaluation_file, json.dumps(result, indent=1).encode())
        write_model_card(run)
    return result


def format_evaluation(result: dict[str, Any]) -> str:
    """The result as lines for a terminal."""
    results, floor, protocol = result["results"], result["floor"], result["protocol"]
    lines = [
        f"{result['metric']}: {results['frechet_distance']:.1f}   "
        f"({protocol['n_fake']} generated against {protocol['n_real']} real images, {protocol['resolution']} x "
        f"{protocol['resolution']}, {protocol['extractor']})",
        f"  real images against real images: {floor['frechet_distance']:.1f} ({floor['n']} against {floor['n']})",
        *_reconstruction_lines(result["reconstruction"]),
        f"  kernel distance {results['kernel_distance_mean']:.4g} +- {results['kernel_distance_std']:.2g}, "
        f"precision {results['precision']:.3f}, recall {results['recall']:.3f}",
        *(f"  note: {warning}" for warning in result["warnings"]),
    ]
    return "\n".join(lines)


def _reconstruction_lines(found: dict[str, float] | None) -> list[str]:
    if found is None:
        return []
    return [
        f"  real images through codec and decoder: {found['frechet_distance']:.1f}, {found['psnr']:.2f} dB "
        f"(without the decoder {found['psnr_without_decoder']:.2f} dB)",
        f"  generated images against those reconstructions: {found['of_generated']:.1f}",
    ]


def _silent(stage: str, done: int, total: int) -> None:
    return


def images_to_compare(path: Path, data: str, resolution: int, upsample: bool = False) -> PackedDataset:
    """Of `data` if given, else those that the run was trained on.

    Raises:
        UserError: a model folder without data.
    """
    if data:
        return pack(open_source(data), resolution, allow_upsampling=upsample)
    if not (path / "config.yaml").is_file():
        raise UserError(f"{path}: a model folder knows no images to compare with; pass --data DATA")
    return open_dataset(RunFolder.open(path).config())
