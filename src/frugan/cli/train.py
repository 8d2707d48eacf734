"""`frugan train`: from images to a trained model, its evaluation and its report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Part, Settings, parse, with_source
from frugan.config.schema import RunConfig
from frugan.config.yaml import override
from frugan.config.yaml import parse as parse_settings
from frugan.recipes import find_recipe
from frugan.runs.folder import RunFolder
from frugan.system.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "train", arguments)


def command(
    data: Annotated[Positional[str], arg(metavar="DATA")] = "",
    /,
    recipe: str = "",
    start: Annotated[Path | None, arg(name="from")] = None,
    out: str = "",
    config: str = "",
    resolution: int | None = None,
    kimg: float | None = None,
    batch: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    mirror: bool | None = None,
    upsample: bool = False,
    classes: bool = False,
    part: Part = "all",
    settings: Settings = (),
    dry_run: bool = False,
    replace: bool = False,
) -> int:
    """Train a sampler of small codes and a decoder that brings them to full size, then evaluate and report.

    Args:
        data: a folder (nested is fine; first-level folders are classes), a zip, a torchvision data set by name, or the
            embedded drawings, "noto-people" (the recipe's own data set if left out).
        recipe: where settings begin; see `frugan recipes` (nsb-gan-w-dcgan, or the run that --from names, if left out).
        start: a run whose trained sampler this one begins with, on other images or, if it is CREPS, at another size.
        out: the run folder; runs/DATA-RECIPE if left out.
        config: a YAML file with settings that replace the recipe's, such as another run's config.yaml.
        resolution: side of the images in pixels.
        kimg: how long the sampler trains, in thousands of images shown; with --part decoder, the decoder.
        batch: images per step of the sampler; with --part decoder, of the decoder.
        seed: of everything random.
        device: auto, cpu, cuda, cuda:1, mps.
        mirror: True or False: whether to show mirrored images too.
        upsample: take images smaller than the resolution as well, enlarged.
        classes: tell the networks which class an image is of: its first-level folder, or what a dataset.json
            says; for BigGAN, StyleGAN2, CREPS and CIPS.
        part: train only the sampler or only the decoder now; the other may train in another process with `frugan
            resume`.
        settings: change any setting.
        dry_run: print the settings, parameter counts, and estimates of memory and time, and stop.
        replace: delete an earlier run in the same folder.
    """
    trained = None if start is None else RunFolder.open(start)
    chosen = _choose(_first(recipe, trained), config, data)
    chosen = _apply_flags(chosen, part, resolution, kimg, batch, seed, device, mirror, upsample, classes)
    if trained is not None:
        from frugan.runs.transfer import continued

        if Path(out or _default_out(chosen)).resolve() == trained.path.resolve():
            raise UserError(f"--out {out}: would overwrite the run that --from names; choose another")
        chosen = continued(trained, chosen)
    chosen = override(chosen, settings)
    # Imported late: names and settings are checked before the seconds that torch takes to load.
    from frugan.cli import training

    if dry_run:
        return training.show_estimates(training.prepare_with_messages(chosen), part)
    return training.begin(chosen, Path(out or _default_out(chosen)), replace=replace, part=part, start=start)


def _first(recipe: str, trained: RunFolder | None) -> RunConfig:
    """What settings begin with: a recipe, at the size of a trained run if there is one, or that run's own."""
    if trained is None:
        return find_recipe(recipe or "nsb-gan-w-dcgan")
    before = trained.config()
    if not recipe:
        return override(before, ["minutes=0", "threads=0", "device=auto"])
    return override(find_recipe(recipe), [f"data.resolution={before.data.resolution}"])


def _choose(recipe: RunConfig, config: str, data: str) -> RunConfig:
    chosen = recipe
    if config:
        path = Path(config)
        if not path.is_file():
            raise UserError(f"--config {config}: no such file")
        chosen = parse_settings(path.read_text(errors="replace"), config)
    if data:
        chosen = with_source(chosen, data)
    elif not chosen.data.source:
        raise UserError(f"train: recipe {chosen.recipe} needs DATA: a folder, a zip, or a data set's name")
    return chosen


def _apply_flags(
    config: RunConfig,
    part: Part,
    resolution: int | None,
    kimg: float | None,
    batch: int | None,
    seed: int | None,
    device: str | None,
    mirror: bool | None,
    upsample: bool,
    classes: bool,
) -> RunConfig:
    scheduled = "decoder" if part == "decoder" else "sampler"
    flags = {
        "data.resolution": resolution,
        f"{scheduled}.schedule.kimg": kimg,
        "minutes": None if kimg is None else 0,  # who says how long means it
        f"{scheduled}.schedule.batch": batch,
        "seed": seed,
        "device": device,
        "data.mirror": mirror,
        "data.upsample": upsample or None,
        "data.classes": classes or None,
    }
    return override(config, [f"{path}={value}" for path, value in flags.items() if value is not None])


def _default_out(config: RunConfig) -> str:
    return f"runs/{Path(config.data.source).stem}-{config.recipe}"
