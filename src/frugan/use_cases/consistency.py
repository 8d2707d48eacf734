"""Do pictures at two sizes show the same?"""

from pathlib import Path

from frugan.judging.consistency import Consistency, measure_sizes, write_consistency
from frugan.metrics.perceptual import load_distance
from frugan.requests.judging import enough_samples
from frugan.requests.watching import SILENT, Watcher
from frugan.runs.folder import RunFolder, is_run
from frugan.runs.models import load_at
from frugan.system.cores import available_cores
from frugan.system.device import choose_device, use_threads


def measure_consistency(
    model: Path | str,
    sizes: tuple[int, int],
    *,
    samples: int = 256,
    snapshot: int | None = None,
    lpips: bool = False,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> Consistency:
    """Draw the same latents at two sizes, and measure how far they agree. A run's result is kept for its report.

    Args:
        model: A run or model folder.
        sizes: The smaller side, and a multiple of it, in pixels.
        samples: Number of latents.
        snapshot: Judge the sampler as it was after so many images.
        lpips: LPIPS instead of the offline perceptual distance (extra: lpips).
        device: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of pictures done.

    Raises:
        UserError: no model there, or one that cannot be drawn at these sizes.
    """
    path, chosen = Path(model), choose_device(device)
    enough_samples(samples, 1)
    use_threads(available_cores())
    loaded = load_at(path, str(chosen), snapshot)
    result = measure_sizes(loaded, sizes, samples, load_distance(chosen, lpips=lpips), watcher.on_stage)
    if is_run(path) and snapshot is None:
        write_consistency(RunFolder.open(path), result)
    return result
