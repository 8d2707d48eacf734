"""How good a model's pictures are, with the protocol that measured it."""

from pathlib import Path
from typing import Any

from frugan.judging.evaluate_folder import evaluate_folder
from frugan.judging.evaluate_pictures import evaluate_pictures
from frugan.judging.evaluation import Evaluation
from frugan.requests.drawing import Drawing, Finishing
from frugan.requests.judging import Judge, RealImages, enough_samples
from frugan.requests.watching import SILENT, Watcher
from frugan.system.errors import ArgumentError
from frugan.training.torchrun import joined
from frugan.use_cases.opened import holds_pictures

_OWN_IMAGES, _JUDGE, _FINISHING = RealImages(), Judge(), Finishing()
_FEWEST_SAMPLES = 4


def evaluate(
    model: Path | str,
    images: RealImages = _OWN_IMAGES,
    judge: Judge = _JUDGE,
    *,
    samples: int | None = None,
    truncation: float = 1.0,
    finishing: Finishing = _FINISHING,
    snapshot: int | None = None,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> Evaluation:
    """Compare generated images with real ones: every metric of the table, with its real-vs-real floor.

    A run's result is kept in its folder, where its report finds it, if it was made as the run's configuration says.
    Under torchrun, all its processes share the work.

    Args:
        model: A run folder; or a model folder, or a folder of pictures, together with images.
        images: What to compare with.
        judge: Whose features are compared.
        samples: Images to generate; the run's setting, or 2,048, if None. Of a folder of pictures: all.
        truncation: See `Drawing`.
        finishing: See `Finishing`.
        snapshot: Judge the sampler as it was after so many images.
        device: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of images done.

    Raises:
        UserError: no model there, no images to compare with, or too few of either.
    """
    if samples is not None:
        enough_samples(samples, _FEWEST_SAMPLES)
    Drawing([0], truncation)
    pictures = holds_pictures(Path(model))
    if pictures and (truncation != 1 or snapshot is not None or finishing != _FINISHING):
        raise ArgumentError("model", "is a folder of pictures, which are judged as they are", model)
    with joined(device) as ranks:
        same: Any = {"samples": samples, "device": device, "ranks": ranks, "on_progress": watcher.on_stage}
        if pictures:
            return evaluate_pictures(Path(model), images, judge, **same)
        return evaluate_folder(
            Path(model),
            images,
            judge,
            truncation=truncation,
            finishing=finishing,
            snapshot=snapshot,
            **same,
        )
