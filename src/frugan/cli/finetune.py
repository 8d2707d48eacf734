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
from frugan.runs.folder import RunFolder, is_model


@dataclass(frozen=True)
class Flags:
    """Train the sampler and the decoder of a finished run end to end, in a new run. The old run does not change.

    The paper reports worse pictures after this step: compare both runs with `frugan evaluate`. The result is a single
    generator of images. `frugan upscale` and `frugan evaluate-decoder` still need the old run, which has a decoder.

    Args:
        run: Run folder of a finished run. Or a model folder, for example an imported one, together with --data.
        out: New run folder.
        data: Images to train on. Default: those of the run.
        kimg: Length of the training, in thousands of images. Default: 20.
        replace: Delete an earlier run in the same folder.
    """

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    out: Path
    data: str = ""
    kimg: float | None = None
    settings: Settings = ()
    replace: bool = False
    allow_package: Packages = ()


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "finetune", arguments, _finetune)


def _finetune(flags: Flags) -> int:
    if not is_model(flags.run):
        RunFolder.open(flags.run)
    from frugan import finetune

    trained = finetune(
        flags.run,
        flags.out,
        data=flags.data,
        kimg=flags.kimg,
        settings=flags.settings,
        replace=flags.replace,
        watcher=training_watcher(),
    )
    return show_outcome(trained)
