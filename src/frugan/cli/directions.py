"""`frugan directions`: what changes pictures most, without training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, UseAppendAction, arg

from frugan.cli.flags import Device, JSONOutput, Packages
from frugan.cli.outcome import show_result
from frugan.cli.progress import SHOWN
from frugan.cli.verb import run_verb
from frugan.model.place import existing_model
from frugan.requests.inverting import Exploring
from frugan.system.errors import ArgumentError


@dataclass(frozen=True)
class Flags:
    """Find directions among latents that change pictures most, and show a strip of pictures along each on a page.

    Args:
        run: Run folder or model folder.
        out: Folder for directions.npz and index.html. Default: RUN/directions, if RUN is a folder.
        count: Number of directions.
        layers: Number of modulated layers, from the first, that a direction changes. Models without styles ignore it.
        names: Name of a direction, by its number: 3=smile. May be given several times.
        pictures: Number of pictures that a strip shows, one above the other.
        extent: Largest amount that a strip shows, in standard deviations.
        seed: Seed of the first picture, and of the latents that are looked at.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path | None = None
    count: int = Exploring.count
    layers: int = Exploring.layers
    names: Annotated[UseAppendAction[tuple[str, ...]], arg(name="name", metavar="NUMBER=NAME")] = ()
    pictures: int = Exploring.pictures
    extent: float = Exploring.extent
    seed: int = Exploring.seed
    device: Device = "auto"
    json_output: JSONOutput = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "directions", arguments, _directions)


def _directions(flags: Flags) -> int:
    names = dict(_named(text) for text in flags.names)
    exploring = Exploring(flags.count, flags.layers, names, flags.pictures, flags.extent, flags.seed)
    existing_model("run", flags.run)
    from frugan import directions

    show_result(directions(flags.run, flags.out, exploring, device=flags.device, watcher=SHOWN), flags.json_output)
    return 0


def _named(text: str) -> tuple[int, str]:
    number, equals, name = text.partition("=")
    if not (equals and number.isascii() and number.isdigit() and len(number) < 9):
        raise ArgumentError("names", "a number and a name, such as 3=smile", text)
    return int(number), name.strip()
