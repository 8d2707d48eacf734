"""`frugan sample`: seeds to pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from frugan.cli.flags import FINISHING, Device, Packages, WithFinishing
from frugan.cli.latent_flags import LATENTS, WithLatents
from frugan.cli.parsing import parse_seeds
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import say, show
from frugan.cli.verb import run_verb
from frugan.model.place import existing_model
from frugan.requests.drawing import Drawing, check_target


@dataclass(frozen=True)
class Flags:
    """Generate images from a run or a model folder. A seed gives the same image on every machine, up to rounding.

    Args:
        run: Run folder or model folder, noto-people or noto-people-any (inside the package), or hf://user/name.
        out: Folder for one file per seed. With --grid: the PNG or JPEG file.
        seeds: Seeds and ranges of seeds, for example 0-63 or 1,5,9-12.
        truncation: Truncation, 0 or more. Below 1, images are more typical and less varied.
        label: Class by name or number, for class-conditional models. Default: a random class per seed.
        each_class: Generate every seed for every class: one row of the grid, or one folder, per class.
        sheet: Write all images into one PNG or JPEG file.
        format: Format of the files: png, tif or npy. Default: png, or npy for images that PNG cannot hold.
        from_png: PNG that `frugan sample` wrote, in place of --seeds, --trunc and --class: draw the same image again.
        no_metadata: Leave out of the PNGs what they were drawn from (model, seed, truncation, class, version).
        timing: Measure and print the time per image of the sampler and of the decoder.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    seeds: str = "0-63"
    truncation: Annotated[float, arg(name="trunc")] = 1.0
    label: Annotated[str, arg(name="class")] = ""
    each_class: bool = False
    sheet: Annotated[bool, arg(name="grid")] = False
    format: Literal["png", "tif", "npy"] | None = None
    from_png: Path | None = None
    no_metadata: bool = False
    timing: bool = False
    latents: WithLatents = LATENTS
    finishing: WithFinishing = FINISHING
    device: Device = "auto"
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "sample", arguments, _sample)


def _sample(flags: Flags) -> int:
    drawing = Drawing(parse_seeds(flags.seeds), flags.truncation, flags.label or None, **flags.latents.given(flags.run))
    finishing = flags.finishing.request()
    check_target(flags.out, sheet=flags.sheet)
    run = existing_model("run", flags.run)
    from frugan import sample

    made = sample(
        run,
        flags.out,
        drawing,
        sheet=flags.sheet,
        each_class=flags.each_class,
        finishing=finishing,
        ending=f".{flags.format}" if flags.format else "",
        timing=flags.timing,
        from_png=flags.from_png,
        metadata=not flags.no_metadata,
        device=flags.device,
        watcher=SHOWN,
    )
    if made.timing is not None:
        say(made.timing.text())
    if made.label:
        say(f"class: {made.label}")
    count = len(made.files)
    show(str(made.files[0]) if flags.sheet else f"{count} image{'s' * (count != 1)} in {flags.out}")
    return 0
