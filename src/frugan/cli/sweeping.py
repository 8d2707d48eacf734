"""What `frugan sweep` does, once torch is loaded."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from frugan.cli.training import say
from frugan.features.choose import load_extractor
from frugan.judging.evaluate_folder import images_to_compare
from frugan.judging.sweep import Point, sweep
from frugan.requests.drawing import Finishing
from frugan.runs.models import load_finished
from frugan.system.atomic import write_file
from frugan.system.cores import available_cores
from frugan.system.device import choose_device, use_threads


def sweep_run(
    run: Path,
    truncations: Sequence[float],
    thresholds: Sequence[float],
    of_class: bool,
    data: str,
    samples: int,
    features: str,
    inception_weights: str,
    decoder: Path | None,
    halvings: int,
    out: Path | None,
    device: str,
    json_output: bool,
) -> int:
    """Judge, print, and write the page if one is wanted."""
    chosen = choose_device(device)
    use_threads(available_cores())
    model = load_finished(run, str(chosen), Finishing(None, decoder, halvings))
    extractor = load_extractor(features, chosen, weights=inception_weights)
    result = sweep(
        model,
        images_to_compare(run, data, model.resolution),
        extractor,
        truncations=truncations,
        thresholds=thresholds,
        samples=samples,
        of_class=of_class,
        on_point=lambda point: say(_line(point)),
    )
    print(json.dumps(result, indent=1) if json_output else format_sweep(result))
    if out is not None:
        from frugan.reporting.sweep import sweep_page

        write_file(out, sweep_page(str(run), result).encode())
        say(f"page: {out}")
    return 0


def format_sweep(result: dict[str, Any]) -> str:
    """The two points that papers quote."""
    name, least, most = result["protocol"]["frechet_distance"], result["least"], result["most"]
    return (
        f"lowest {name} / score: {least['frechet_distance']:.2f} / {least['score']:.2f} ({_setting(least)})\n"
        f"{name} / highest score: {most['frechet_distance']:.2f} / {most['score']:.2f} ({_setting(most)})"
    )


def _line(point: Point) -> str:
    setting = _setting({"truncation": point.truncation, "threshold": point.threshold})
    if point.frechet_distance is None:
        return f"{setting}: only {point.kept} of {point.drawn} passed: not judged"
    return (
        f"{setting}: distance {point.frechet_distance:.2f}, score {point.score:.2f}, precision {point.precision:.3f}, "
        f"recall {point.recall:.3f}" + (f", {point.kept} of {point.drawn} kept" if point.threshold else "")
    )


def _setting(point: dict[str, Any]) -> str:
    rejected = f", rejected below {point['threshold']:g}" if point["threshold"] is not None else ""
    return f"truncation {point['truncation']:g}{rejected}"
