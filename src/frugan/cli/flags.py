"""Flags that several verbs share, and groups of them."""

import dataclasses
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, UseAppendAction, arg

from frugan.cli.number_lists import numbers
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


@dataclasses.dataclass(frozen=True)
class JudgeFlags:
    """The network whose features are compared.

    Args:
        features: Feature network. efficientnet-lite0 works offline. inception gives FID and IS.
        inception_weights: Weight file of torch-fidelity's Inception. Default: its cache, or a download.
        judge_bands: Three bands of multi-band images to show to the network as red, green and blue, such as 3,2,1.
            Default: the first three.
    """

    features: Features = "efficientnet-lite0"
    inception_weights: str = ""
    judge_bands: str = ""

    def request(self) -> Judge:
        """Checked."""
        bands = tuple(int(band) for band in numbers("judge_bands", self.judge_bands))
        return Judge(self.features, self.inception_weights, bands)


@dataclasses.dataclass(frozen=True)
class ImagesFlags:
    """The real images.

    Args:
        data: Images to compare with: a folder, a zip or a named data set. Default: the training images of the run.
        upsample: With --data: enlarge images below the model's resolution, instead of skipping them.
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
