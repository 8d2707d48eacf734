"""`frugan import`: a foreign checkpoint, converted once into a model folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.requests.importing import check_import


@dataclass(frozen=True)
class Flags:
    """Convert a public checkpoint into a model folder for `frugan sample` and `frugan.load`.

    The checkpoint's code never runs. Files that hold anything but named tensors are refused.

    Args:
        checkpoint: Folder of a public BigGAN-deep (config.json and pytorch_model.bin), or a StyleGAN2 pickle: the first
            ones, for TensorFlow, or those of StyleGAN2-ADA or a successor.
        out: New model folder.
    """

    checkpoint: Annotated[Positional[Path], arg(metavar="CHECKPOINT")]
    out: Path


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "import", arguments, _import)


def _import(flags: Flags) -> int:
    check_import(flags.checkpoint, flags.out)
    from frugan import import_checkpoint

    made = import_checkpoint(flags.checkpoint, flags.out)
    classes = f", {made.classes} classes" if made.classes else ""
    show(f"{made.model}: {made.source}: {made.parameters / 1e6:.1f} M parameters, {made.shape.size_text}{classes}")
    return 0
