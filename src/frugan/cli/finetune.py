"""`frugan finetune`: go on with a finished run's sampler and decoder together, against a discriminator of images."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Packages, Settings
from frugan.cli.outcome import show_outcome
from frugan.cli.progress import training_watcher
from frugan.cli.verb import run_verb
from frugan.runs.folder import RunFolder


@dataclass(frozen=True)
class Flags:
    """Train sampler and decoder end to end, as one generator of images, in a new run; the old one stays as it is.

    In the paper this made pictures worse; `frugan evaluate` of both says whether it helped yours. The result is one
    generator of images: `frugan upscale` and `evaluate-decoder` need a decoder of its own, as the old run has.

    Args:
        run: A finished run.
        out: New run folder. Resume it like any other.
        kimg: Length, in thousands of images shown.
        replace: Delete an earlier run in the same folder.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    kimg: float | None = None
    settings: Settings = ()
    replace: bool = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "finetune", arguments, _finetune)


def _finetune(flags: Flags) -> int:
    folder = RunFolder.open(flags.run)
    from frugan import finetune

    trained = finetune(
        folder.path,
        flags.out,
        kimg=flags.kimg,
        settings=flags.settings,
        replace=flags.replace,
        watcher=training_watcher(),
    )
    return show_outcome(trained)
