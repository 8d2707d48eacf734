"""Flags of the verbs that draw what seeds alone do not say."""

import dataclasses
from pathlib import Path
from typing import Annotated, TypedDict

from tyro.conf import OmitArgPrefixes, UseAppendAction, arg

from frugan.cli.parsing import parse_move
from frugan.requests.drawing import DIRECTIONS_FILE
from frugan.system.errors import ArgumentError


class Moved(TypedDict):
    """Arguments of `Drawing`."""

    latents: tuple[Path, ...]
    directions: Path | None
    moves: list[tuple[str, float]]


@dataclasses.dataclass(frozen=True)
class LatentFlags:
    """Pictures that seeds alone do not say.

    Args:
        latents: The latents.npz of `frugan invert`, in place of seeds. Give it several times for several pictures.
        directions: File of the directions for --direction. Default: RUN/directions/directions.npz.
        moves: Move along a direction, by name or number and standard deviations: smile=2. May be given several times.
    """

    latents: Annotated[UseAppendAction[tuple[Path, ...]], arg(metavar="FILE")] = ()
    directions: Path | None = None
    moves: Annotated[UseAppendAction[tuple[str, ...]], arg(name="direction", metavar="NAME=AMOUNT")] = ()

    def given(self, run: Path) -> Moved:
        """For `Drawing`.

        Raises:
            ArgumentError: an amount that is no number; no file of directions, where the model lies in no folder here.
        """
        if self.moves and self.directions is None and not run.is_dir():
            raise ArgumentError("directions", f"{run} is no folder that could hold them. Give their file")
        directions = self.directions or (run / DIRECTIONS_FILE if self.moves else None)
        return Moved(latents=self.latents, directions=directions, moves=[parse_move(move) for move in self.moves])


WithLatents = Annotated[LatentFlags, OmitArgPrefixes]
LATENTS = LatentFlags()
