"""Flags that several verbs share, and groups of them."""

import dataclasses
from pathlib import Path
from typing import Annotated, TypedDict

from tyro.conf import OmitArgPrefixes, UseAppendAction, arg

from frugan.cli.parsing import parse_move
from frugan.requests.drawing import DIRECTIONS_FILE, Finishing

Settings = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        name="set",
        metavar="PATH=VALUE",
        help="Change any setting, for example sampler.schedule.batch=32. May be given several times.",
    ),
]
Packages = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        metavar="NAME",
        help="Allow configurations to name classes of this Python package. Its code runs. May be given several times.",
    ),
]
JSONOutput = Annotated[bool, arg(name="json", help="Print the result as JSON.")]
Device = Annotated[str, arg(metavar="DEVICE", help="Device to compute on: auto, cpu, cuda, cuda:1 or mps.")]


@dataclasses.dataclass(frozen=True)
class FinishingFlags:
    """How codes become pictures.

    Args:
        code_noise: Noise level of the codes, for a decoder with told_noise=true. Default: the decoder's assumed_noise.
        decoder: Run folder of a decoder that enlarges the pictures, after --halvings reductions by its codec. Or the
            weight file of the official ESRGAN (RRDB_ESRGAN_x4.pth).
        halvings: Number of halvings before --decoder: 128 px, halved once, are enlarged from 64 to 256 px.
    """

    code_noise: float | None = None
    decoder: Path | None = None
    halvings: int = 0

    def request(self) -> Finishing:
        """Checked."""
        return Finishing(self.code_noise, self.decoder, self.halvings)


# These flags stand beside a verb's own, without a prefix.
WithFinishing = Annotated[FinishingFlags, OmitArgPrefixes]
FINISHING = FinishingFlags()


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
            ArgumentError: an amount that is no number.
        """
        directions = self.directions or (run / DIRECTIONS_FILE if self.moves else None)
        return Moved(latents=self.latents, directions=directions, moves=[parse_move(move) for move in self.moves])


WithLatents = Annotated[LatentFlags, OmitArgPrefixes]
LATENTS = LatentFlags()
