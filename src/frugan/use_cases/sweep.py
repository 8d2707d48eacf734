"""How truncation and rejection trade variety for fidelity."""

from collections.abc import Callable
from pathlib import Path

from frugan.features.choose import load_extractor
from frugan.judging.evaluate_folder import images_to_compare
from frugan.judging.sweep import Point, Sweep, sweep_model
from frugan.reporting.sweep import sweep_page
from frugan.requests.drawing import Finishing
from frugan.requests.judging import Judge, RealImages, Sweeping
from frugan.runs.models import load_finished
from frugan.system.atomic import write_file
from frugan.system.cores import available_cores
from frugan.system.device import choose_device, use_threads

_SWEEPING, _OWN_IMAGES, _JUDGE, _FINISHING = Sweeping(), RealImages(), Judge(), Finishing()


def sweep(
    model: Path | str,
    sweeping: Sweeping = _SWEEPING,
    images: RealImages = _OWN_IMAGES,
    judge: Judge = _JUDGE,
    *,
    finishing: Finishing = _FINISHING,
    snapshot: int | None = None,
    page: Path | None = None,
    device: str = "auto",
    on_point: Callable[[Point], None] = lambda point: None,
) -> Sweep:
    """Judge a model at several truncations, and at the best of them with pictures rejected that a classifier doubts.

    Args:
        model: A run folder, or a model folder together with images.
        sweeping: The points.
        images: What to compare with.
        judge: Whose features and classes are used.
        finishing: See `Finishing`.
        snapshot: Judge the sampler as it was after so many images.
        page: Write a page with the table and the curves here.
        device: "auto", "cpu", "cuda" or "mps".
        on_point: Hears of each point.

    Raises:
        UserError: no model there, no images to compare with, or classes that the classifier does not know.
    """
    chosen = choose_device(device)
    use_threads(available_cores())
    loaded = load_finished(Path(model), str(chosen), finishing, snapshot)
    result = sweep_model(
        loaded,
        images_to_compare(Path(model), images, loaded),
        load_extractor(judge.features, chosen, weights=judge.inception_weights, bands=judge.bands),
        truncations=sweeping.truncations,
        thresholds=sweeping.rejections,
        samples=sweeping.samples,
        of_class=sweeping.reject_by == "class",
        on_point=on_point,
    )
    if page is not None:
        write_file(page, sweep_page(str(model), result).encode())
    return result
