"""`frugan train`: from images to a trained model, its evaluation and its report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Packages, Settings
from frugan.cli.outcome import show_estimates, show_outcome
from frugan.cli.progress import training_watcher
from frugan.cli.verb import run_verb
from frugan.use_cases.plan import PartChoice, Plan


@dataclass(frozen=True)
class Flags:
    """Train a sampler of small codes and a decoder that brings them to full size, then evaluate and report.

    Args:
        data: Images: a folder (first-level folders are classes), a zip, a torchvision data set by name, or noto-people,
            the embedded drawings. Default: the recipe's own data set.
        recipe: Recipe to begin with; `frugan recipes` lists them. Default: nsb-gan-w-dcgan, or the run of --from.
        start: Run whose trained sampler this one begins with, on other images or, for CREPS, at another size.
        out: Run folder. Default: runs/DATA-RECIPE.
        config: YAML file whose configuration replaces the recipe's, for example another run's config.yaml.
        resolution: Side of the images, in pixels.
        kimg: Length of the sampler's training, in thousands of images shown. With --part decoder: the decoder's.
        minutes: Length of the training, in minutes on this machine. Both parts are fitted to it after a short trial;
            the evaluation comes on top.
        batch: Images per step of the sampler. With --part decoder: of the decoder.
        seed: Random seed. The same seed gives the same run.
        device: Device: auto, cpu, cuda, cuda:1 or mps.
        mirror: True or False: show mirrored images too.
        upsample: Take images smaller than the resolution too, enlarged.
        classes: Tell the networks the class of each image: its first-level folder, or its label in dataset.json. For
            BigGAN, StyleGAN2, CREPS and CIPS.
        part: Part to train now. The other may train in another process with `frugan resume`.
        dry_run: Print the configuration, parameter counts, and estimates of memory and time, and stop.
        replace: Delete an earlier run in the same folder.
    """

    data: Annotated[Positional[str], arg(metavar="DATA")] = ""
    recipe: str = ""
    start: Annotated[Path | None, arg(name="from")] = None
    out: Path | None = None
    config: Path | None = None
    resolution: int | None = None
    kimg: float | None = None
    minutes: float | None = None
    batch: int | None = None
    seed: int | None = None
    device: str | None = None
    mirror: bool | None = None
    upsample: bool = False
    classes: bool = False
    part: PartChoice = "all"
    settings: Settings = ()
    dry_run: bool = False
    replace: bool = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "train", arguments, _train)


def _train(flags: Flags) -> int:
    names = [name for name in Plan.__dataclass_fields__ if hasattr(flags, name)]
    plan = Plan(**{name: getattr(flags, name) for name in names})
    from frugan import estimate, train

    if flags.dry_run:
        show_estimates(estimate(plan, watcher=training_watcher()))
        return 0
    return show_outcome(train(plan, flags.out, replace=flags.replace, watcher=training_watcher()))
