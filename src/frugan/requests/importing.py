"""Which checkpoint is converted, and into what folder."""

from pathlib import Path

from frugan.system.errors import ArgumentError


def check_import(checkpoint: Path, out: Path) -> None:
    """
    Raises:
        ArgumentError: no such checkpoint, one that needs no conversion, or a folder that exists.
    """
    if not checkpoint.exists():
        raise ArgumentError("checkpoint", "no such file or folder", checkpoint)
    if (checkpoint / "model" / "config.json").is_file() or (checkpoint / "generator.safetensors").is_file():
        raise ArgumentError("checkpoint", "is a run or a model already; frugan sample takes it as it is", checkpoint)
    if out.exists():
        raise ArgumentError("out", "already exists; choose another", out)
