"""`frugan sample`: seeds to pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import FINISHING, Device, Packages, WithFinishing
from frugan.cli.parsing import parse_seeds
from frugan.cli.progress import SHOWN
from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.requests.drawing import Drawing, check_target, existing_folder


@dataclass(frozen=True)
class Flags:
    """Draw images from a run or a model folder. A seed gives the same picture, up to rounding, on every machine.

    Args:
        run: Run folder or model folder.
        out: Folder for one PNG per seed. With --grid, the PNG file to write.
        seeds: Seeds and ranges of seeds, for example 0-63 or 1,5,9-12.
        truncation: Truncation, 0 or more. Below 1, pictures are more typical and less varied.
        label: Class to draw, by name or number, for class-conditional models. If left out, each seed draws one.
        each_class: Draw every seed once for each class: a row of the grid each, or a folder each.
        sheet: Write all pictures into one file.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    seeds: str = "0-63"
    truncation: Annotated[float, arg(name="trunc")] = 1.0
    label: Annotated[str, arg(name="class")] = ""
    each_class: bool = False
    sheet: Annotated[bool, arg(name="grid")] = False
    finishing: WithFinishing = FINISHING
    device: Device = "auto"
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "sample", arguments, _sample)


def _sample(flags: Flags) -> int:
    drawing = Drawing(parse_seeds(flags.seeds), flags.truncation, flags.label or None)
    finishing = flags.finishing.request()
    check_target(flags.out, sheet=flags.sheet)
    run = existing_folder("run", flags.run)
    from frugan import sample

    made = sample(
        run,
        flags.out,
        drawing,
        sheet=flags.sheet,
        each_class=flags.each_class,
        finishing=finishing,
        device=flags.device,
        watcher=SHOWN,
    )
    count = len(made.files)
    show(str(made.files[0]) if flags.sheet else f"{count} image{'s' * (count != 1)} in {flags.out}")
    return 0
