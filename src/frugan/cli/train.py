"""`frugan train`: from images to a trained model, its evaluation and its report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Packages, Settings, Trackers
from frugan.cli.outcome import show_estimates, show_outcome
from frugan.cli.progress import training_watcher
from frugan.cli.shape_flags import SHAPE, WithShape
from frugan.cli.verb import run_verb
from frugan.use_cases.plan import PartChoice, Plan


@dataclass(frozen=True)
class Flags:
    """Train a generator: a sampler of small codes and a decoder from codes to images. Then evaluate and report.

    Args:
        data: Images: a folder (its first-level folders are classes), a zip, shards (`frugan data pack`), the
            name of a torchvision data set, hf:NAME, or noto-people (drawings inside the package). Default: the recipe's
            data set.
        recipe: Complete configuration to train with: see `frugan recipes`. Default: nsb-gan-w-dcgan, or that of --from.
        start: Run folder of a trained sampler to start from: for other images or, with CREPS, a larger size. Or a model
            folder, for example an imported one, together with --recipe.
        out: Run folder. Default: runs/DATA-RECIPE.
        config: YAML file with a complete configuration in place of a recipe, for example config.yaml of another run.
        kimg: Length of the sampler's training, in thousands of images. With --part decoder: of the decoder's.
        minutes: Length of the training, in minutes. A short trial on this machine sets the length of both parts, so the
            same seed may give another run. The evaluation takes additional time.
        batch: Batch size of the sampler. With --part decoder: of the decoder. Default: the recipe's.
        seed: Random seed. The same seed gives the same run.
        device: Device to compute on: auto, cpu, cuda, cuda:1 or mps. Default: auto.
        mirror: Train on mirrored images too. Default: the recipe's.
        upsample: Enlarge images below the resolution, instead of skipping them.
        classes: Train a class-conditional generator (DCGAN, FastGAN, BigGAN, StyleGAN2, CREPS, CIPS). An image's class
            is its first-level folder, or its label in dataset.json.
        clusters: Tell those generators which of N clusters of like images each is of: more pictures come out whole.
            0 = none. Default: the recipe's.
        part: Part to train now. Train the other one in another process with `frugan resume RUN --part`.
        dry_run: Print estimates of memory and time, parameter counts and the configuration. Then stop.
        replace: Delete an earlier run in the same folder first.
    """

    data: Annotated[Positional[str], arg(metavar="DATA")] = ""
    recipe: str = ""
    start: Annotated[Path | None, arg(name="from")] = None
    out: Path | None = None
    config: Path | None = None
    shape: WithShape = SHAPE
    kimg: float | None = None
    minutes: float | None = None
    batch: int | None = None
    seed: int | None = None
    device: str | None = None
    mirror: bool | None = None
    upsample: bool = False
    classes: bool = False
    clusters: Annotated[int | None, arg(metavar="N")] = None
    part: PartChoice = "all"
    settings: Settings = ()
    trackers: Trackers = ()
    dry_run: bool = False
    replace: bool = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "train", arguments, _train)


def _train(flags: Flags) -> int:
    names = [name for name in Plan.__dataclass_fields__ if hasattr(flags, name)]
    plan = flags.shape.applied(Plan(**{name: getattr(flags, name) for name in names}))
    from frugan import estimate, train

    if flags.dry_run:
        show_estimates(estimate(plan, watcher=training_watcher()))
        return 0
    watcher = training_watcher()
    return show_outcome(train(plan, flags.out, replace=flags.replace, trackers=flags.trackers, watcher=watcher))
