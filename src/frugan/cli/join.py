"""`frugan join`: levels of a decoder that were trained apart, as one decoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Packages
from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.requests.joining import Joining


@dataclass(frozen=True)
class Flags:
    """Join the levels of a decoder into one model folder. Each level was trained in its own run (recipes
    unet-w-level1 and unet-w-level2, or --set decoder.network.stage=1).

    `frugan evaluate-decoder`, `frugan upscale` and `frugan sample --decoder` take the result.

    Args:
        runs: Run folders, one for each level.
        out: New model folder.
    """

    runs: Annotated[Positional[tuple[Path, ...]], arg(metavar="RUN...")]
    out: Path
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "join", arguments, _join)


def _join(flags: Flags) -> int:
    joining = Joining(flags.runs, flags.out)
    from frugan import join_decoders

    made = join_decoders(joining.runs, joining.out)
    show(f"{made.model}: a decoder of {made.levels} levels, {made.parameters / 1e6:.1f} M parameters")
    return 0
