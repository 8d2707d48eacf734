"""Which runs are joined into one decoder, and where it goes."""

from dataclasses import dataclass
from pathlib import Path

from frugan.system.errors import ArgumentError


@dataclass(frozen=True)
class Joining:
    """Runs that trained one level of a decoder each.

    Args:
        runs: Run folders, one a level, in any order.
        out: The model folder to write.

    Raises:
        ArgumentError: fewer than two runs, or one that is no folder.
    """

    runs: tuple[Path, ...]
    out: Path

    def __post_init__(self) -> None:
        if len(self.runs) < 2:
            raise ArgumentError("runs", "give one for each level of the decoder, at least two")
        for path in self.runs:
            if not path.is_dir():
                raise ArgumentError("runs", "no such folder", path)
