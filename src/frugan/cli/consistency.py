"""What `frugan evaluate --consistency` does, once torch is loaded."""

import json
from pathlib import Path
from typing import Any

from frugan.cli.progress import show_stage
from frugan.judging.consistency import consistency, shown_name
from frugan.metrics.perceptual import EfficientNetDistance, LPIPSDistance, PerceptualDistance
from frugan.runs.folder import RunFolder
from frugan.runs.models import load_at
from frugan.system.atomic import write_file
from frugan.system.cores import available_cores
from frugan.system.device import choose_device, use_threads
from frugan.system.errors import UserError

_SAMPLES = 256


def judge_consistency(
    run: Path, sizes: str, samples: int | None, snapshot: int | None, lpips: bool, device: str, json_output: bool
) -> int:
    """Measure, print, and keep a run's result of its final state in its folder, for its report."""
    chosen = choose_device(device)
    use_threads(available_cores())
    model = load_at(run, str(chosen), snapshot)
    distance: PerceptualDistance = LPIPSDistance(chosen) if lpips else EfficientNetDistance(chosen)
    result = consistency(model, _sizes(sizes), samples or _SAMPLES, distance, show_stage)
    if (run / "config.yaml").is_file() and snapshot is None:
        write_file(RunFolder.open(run).consistency_file, json.dumps(result, indent=1).encode())
    print(json.dumps(result, indent=1) if json_output else format_consistency(result))
    return 0


def format_consistency(result: dict[str, Any]) -> str:
    """A line for each convention."""
    small, large = result["protocol"]["sizes"]
    lines = [f"{small} x {small} against {large} x {large} reduced, {result['protocol']['samples']} pictures:"]
    for convention, values in result["results"].items():
        shown = ", ".join(f"{shown_name(name)} {value:.4g}" for name, value in values.items())
        lines.append(f"  {convention}: {shown}")
    return "\n".join(lines)


def _sizes(text: str) -> tuple[int, int]:
    small, _, large = text.partition(",")
    if not (small.isdigit() and large.isdigit()):
        raise UserError(f"--consistency {text}: expected two sides such as 256,512")
    return int(small), int(large)
