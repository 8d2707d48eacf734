"""`frugan import`: a foreign checkpoint, converted once into a model folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import parse
from frugan.system.errors import UserError


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "import", arguments)


def command(checkpoint: Annotated[Positional[Path], arg(metavar="CHECKPOINT")], /, out: Path) -> int:
    """Convert a public checkpoint into a model folder, which `frugan sample` and `frugan.load` take.

    Nothing in it is executed: a file that holds anything but named tensors is refused.

    Args:
        checkpoint: the folder of a public BigGAN-deep (config.json and pytorch_model.bin), or the pickle of a StyleGAN2
            as StyleGAN2-ADA and its descendants save it.
        out: the model folder to write; it must not exist.
    """
    if not checkpoint.exists():
        raise UserError(f"{checkpoint}: no such file or folder")
    if (checkpoint / "model" / "config.json").is_file() or (checkpoint / "generator.safetensors").is_file():
        raise UserError(f"{checkpoint}: is a run or a model already; frugan sample takes it as it is")
    if out.exists():
        raise UserError(f"--out {out}: already exists; choose another")
    from frugan.cli import importing

    convert = importing.import_biggan if checkpoint.is_dir() else importing.import_stylegan2
    return convert(checkpoint, out)
