"""Flags that several verbs share, and groups of them."""

import dataclasses
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import OmitArgPrefixes, UseAppendAction, arg

from frugan.requests.drawing import Finishing

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
Trackers = Annotated[
    UseAppendAction[tuple[Literal["tensorboard", "trackio", "wandb"], ...]],
    arg(
        name="log",
        metavar="NAME",
        help="Log to this program, too: tensorboard, trackio or wandb (pip install 'frugan[NAME]'). May be repeated.",
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
