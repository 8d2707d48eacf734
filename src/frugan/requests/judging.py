"""Against which images a model is judged, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from frugan.config.schema import Features
from frugan.system.errors import ArgumentError, check_choice


@dataclass(frozen=True)
class RealImages:
    """The images to compare with.

    Args:
        data: A folder, a zip, shards or a named data set. "": those that the run was trained on.
        upsample: Of `data`, take images smaller than the model's resolution too, enlarged.

    Raises:
        ArgumentError: `upsample` without `data`.
    """

    data: str = ""
    upsample: bool = False

    def __post_init__(self) -> None:
        if self.upsample and not self.data:
            raise ArgumentError("upsample", "only with `data`; a run's own images are taken as they were trained on")


@dataclass(frozen=True)
class Judge:
    """The frozen network whose features are compared.

    Args:
        features: "efficientnet-lite0" works offline; "inception" makes the Frechet distance FID; "random" is an
            untrained network, and has no classifier for inception scores.
        inception_weights: torch-fidelity's weight file, where there is no network. "": its cache, or the network.
        bands: Of images that are neither grey, RGB nor RGBA: three bands, from 1, that the network sees as red, green
            and blue. (): the first three.

    Raises:
        ArgumentError: features of another network, or not three bands.
    """

    features: Features = "efficientnet-lite0"
    inception_weights: str = ""
    bands: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        check_choice("features", self.features, get_args(Features))
        if self.bands and (len(self.bands) != 3 or min(self.bands) < 1):
            raise ArgumentError("bands", "expected three bands from 1, such as 3,2,1", _listed(self.bands))


def enough_samples(samples: int, least: int) -> int:
    """
    Raises:
        ArgumentError: too few.
    """
    if samples < least:
        raise ArgumentError("samples", f"at least {least} are needed", samples)
    return samples


@dataclass(frozen=True)
class Sweeping:
    """The points at which a model is judged.

    Args:
        truncations: Each 0 or more.
        rejections: Thresholds between 0 and 1, at the best truncation: a picture is kept if a classifier's probability
            exceeds it.
        reject_by: Whether that is the probability of "any" class, or of the "class" that was drawn.
        samples: Pictures kept for each point; at least 20, two for each split of the inception score.

    Raises:
        ArgumentError: numbers out of these ranges.
    """

    truncations: Sequence[float] = (1.0, 0.8, 0.6, 0.4, 0.2, 0.1)
    rejections: Sequence[float] = ()
    reject_by: Literal["any", "class"] = "any"
    samples: int = 2048

    def __post_init__(self) -> None:
        if not self.truncations or not all(0 <= value < 1e9 for value in self.truncations):
            raise ArgumentError("truncations", "expected numbers from 0, such as 1,.8,.6", _listed(self.truncations))
        if not all(0 < value < 1 for value in self.rejections):
            raise ArgumentError("rejections", "probabilities lie between 0 and 1", _listed(self.rejections))
        check_choice("reject_by", self.reject_by, ("any", "class"))
        enough_samples(self.samples, 20)


def _listed(values: Sequence[float]) -> str:
    return ",".join(f"{value:g}" for value in values)
