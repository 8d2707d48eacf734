"""Flags that several verbs share, and groups of them."""

import dataclasses
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, UseAppendAction, arg

from frugan.requests.drawing import Finishing
from frugan.requests.judging import Features, Judge, RealImages

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
        help="Let configurations name classes of this package of yours, in this process only. Building them runs its "
        "code.",
    ),
]
JSONOutput = Annotated[bool, arg(name="json", help="Print the result as JSON.")]
Device = Annotated[str, arg(help="Device: auto, cpu, cuda, cuda:1 or mps.")]


@dataclasses.dataclass(frozen=True)
class FinishingFlags:
    """What finishes the pictures.

    Args:
        code_noise: Noise level of the code that a decoder with told_noise assumes. Default: its assumed_noise.
        decoder: Run whose decoder enlarges the pictures, after its codec has halved them --halvings times.
        halvings: Number of halvings. 1 and a decoder of 64 -> 256 px turn pictures of 128 px into 256 px.
    """

    code_noise: float | None = None
    decoder: Path | None = None
    halvings: int = 0

    def request(self) -> Finishing:
        """Checked."""
        return Finishing(self.code_noise, self.decoder, self.halvings)


@dataclasses.dataclass(frozen=True)
class JudgeFlags:
    """Who judges.

    Args:
        features: Features to compare: efficientnet-lite0 works offline; inception gives FID (and IS).
        inception_weights: Weight file of torch-fidelity's Inception. Default: its cache, or the network.
    """

    features: Features = "efficientnet-lite0"
    inception_weights: str = ""

    def request(self) -> Judge:
        """Checked."""
        return Judge(self.features, self.inception_weights)


@dataclasses.dataclass(frozen=True)
class ImagesFlags:
    """Against which images.

    Args:
        data: Images to compare with, such as held-out ones: a folder, zip or named data set. Default: the run's own.
        upsample: With --data, take images smaller than the model's resolution too, enlarged.
    """

    data: str = ""
    upsample: bool = False

    def request(self) -> RealImages:
        """Checked."""
        return RealImages(self.data, self.upsample)


# The flags of these groups stand beside a verb's own, without a prefix.
WithFinishing = Annotated[FinishingFlags, OmitArgPrefixes]
WithJudge = Annotated[JudgeFlags, OmitArgPrefixes]
WithImages = Annotated[ImagesFlags, OmitArgPrefixes]
FINISHING, JUDGE, IMAGES = FinishingFlags(), JudgeFlags(), ImagesFlags()
