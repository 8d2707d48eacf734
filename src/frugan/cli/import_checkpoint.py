"""`frugan import`: a foreign checkpoint, converted once into a model folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import parse
from frugan.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "import", arguments)


def command(checkpoint: Annotated[Positional[Path], arg(metavar="CHECKPOINT")], /, out: Path) -> int:
    """Convert a public checkpoint into a model folder, which `frugan sample` and `frugan.load` take.

    Nothing in it is executed: a file that holds anything but named tensors is refused.

    Args:
        checkpoint: the folder of a public BigGAN-deep: config.json and pytorch_model.bin.
        out: the model folder to write; it must not exist.
    """
    if not checkpoint.is_dir():
        what = "is a file; a BigGAN-deep is a folder" if checkpoint.exists() else "no such folder"
        raise UserError(f"{checkpoint}: {what}")
    if out.exists():
        raise UserError(f"--out {out}: already exists; choose another")
    from frugan.cli import importing

    return importing.import_biggan(checkpoint, out)
