"""`frugan finetune`: go on with a finished run's sampler and decoder together, against a discriminator of images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import Settings, parse
from frugan.runs.folder import RunFolder


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "finetune", arguments)


def command(
    run: Annotated[Positional[Path], arg(metavar="RUN")],
    /,
    out: Path,
    kimg: float | None = None,
    settings: Settings = (),
    replace: bool = False,
) -> int:
    """Train sampler and decoder end to end, as one generator of images, in a new run; the old one stays as it is.

    In the paper this made pictures worse; `frugan evaluate` of both says whether it helped yours. The result is one
    generator of images: `frugan upscale` and `evaluate-decoder` want a decoder of its own, as the old run has.

    Args:
        run: a finished run.
        out: the new run folder; resume it like any other.
        kimg: how long, in thousands of images shown.
        settings: change any setting of the new run.
        replace: delete an earlier run in the same folder.
    """
    trained = RunFolder.open(run)
    from frugan.cli import finetuning

    return finetuning.finetune(trained, out, kimg, settings, replace)
