"""Go on with a run, exactly where its last checkpoint was; perhaps longer than it was to be."""

from collections.abc import Sequence
from pathlib import Path

from frugan.config.schema import PartName
from frugan.config.yaml import override
from frugan.data.source import with_source
from frugan.requests.watching import SILENT, Watcher
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import open_dataset
from frugan.runs.trackers import TrackerName, check_trackers
from frugan.system.errors import ArgumentError
from frugan.training.checkpoint import newest_nimg
from frugan.training.torchrun import joined
from frugan.use_cases.conduct import Trained, conduct, refuse_sampler_of_autoencoder
from frugan.use_cases.plan import PartChoice


def resume(
    run: Path | str,
    *,
    part: PartChoice = "all",
    data: str = "",
    kimg: float = 0.0,
    trackers: Sequence[TrackerName] = (),
    watcher: Watcher = SILENT,
) -> Trained:
    """Train what is left of a run that was stopped or killed; when all of it is done, evaluate and report.

    On the same hardware the result is bit for bit that of a run that was never interrupted.

    Args:
        run: The run folder.
        part: Train only the "sampler" or only the "decoder" now.
        data: New place of the run's images, if they were moved; the run remembers it.
        kimg: Thousands of images by which the sampler's training becomes longer, or the decoder's with part "decoder".
            What depends on the progress, such as a falling learning rate, follows the new length.
        trackers: As in `train`; each is told first what it was not told before.
        watcher: As in `train`.

    Raises:
        UserError: no run there, its images have changed, or `data` holds others.
        RunError: training failed, or another process trains the same part.
    """
    folder = RunFolder.open(Path(run))
    refuse_sampler_of_autoencoder(folder.config(), part)
    check_trackers(trackers)
    if data:
        _move(folder, data)
    if kimg:
        _lengthen(folder, "decoder" if part == "decoder" else "sampler", kimg)
    for name, section in folder.config().parts().items():
        nimg = newest_nimg(folder.path / name / "checkpoints")
        if part in (name, "all"):
            watcher.say(f"{name}: {nimg / 1000:g} of {section.schedule.total_nimg / 1000:g} kimg")
    with joined(folder.config().device) as ranks:
        return conduct(folder, part, ranks, watcher, trackers)


def _lengthen(run: RunFolder, name: PartName, kimg: float) -> None:
    """
    Raises:
        ArgumentError: no length, or no such part.
    """
    config = run.config()
    if not 0 < kimg < 1e6:
        raise ArgumentError("kimg", "thousands of images to add: above 0", f"{kimg:g}")
    if name not in config.parts():
        raise ArgumentError("part", f"recipe {config.recipe} has none", name)
    total = config.parts()[name].schedule.kimg + kimg
    run.write_config(override(config, [f"{name}.schedule.kimg={total:.12g}"]))


def _move(run: RunFolder, data: str) -> None:
    """Remember where the images are now.

    Raises:
        ArgumentError: they are not those that the run began with.
    """
    config, began_with = with_source(run.config(), data), run.env().data.fingerprint
    found = open_dataset(config).fingerprint
    if found != began_with:
        problem = f"not the images that {run.path} began with (fingerprint {found[:12]}, was {began_with[:12]})"
        raise ArgumentError("data", f"{problem}. Give the same files with the same names", data)
    run.write_config(config)
