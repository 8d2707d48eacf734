"""Flags that say against which images a model is judged, and by whom."""

import dataclasses
from typing import Annotated

from tyro.conf import OmitArgPrefixes

from frugan.cli.number_lists import numbers
from frugan.requests.judging import Features, Judge, RealImages


@dataclasses.dataclass(frozen=True)
class JudgeFlags:
    """The network whose features are compared.

    Args:
        features: Feature network. efficientnet-lite0 works offline. inception gives FID and IS. random is untrained.
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


# These flags stand beside a verb's own, without a prefix.
WithJudge = Annotated[JudgeFlags, OmitArgPrefixes]
WithImages = Annotated[ImagesFlags, OmitArgPrefixes]
JUDGE, IMAGES = JudgeFlags(), ImagesFlags()
