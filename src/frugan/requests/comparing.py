"""Which decoders are held against each other."""

from dataclasses import dataclass
from pathlib import Path

from frugan.requests.judging import enough_samples
from frugan.system.errors import ArgumentError

_LEAST_RESOLUTION = 16


@dataclass(frozen=True)
class TrainedDecoder:
    """A run or model folder's decoder: its newest state, or that after so many images."""

    path: Path
    snapshot: int | None = None


@dataclass(frozen=True)
class Comparing:
    """Decoders, and at what size and on how many images they are judged.

    Args:
        runs: Run or model folders with a trained decoder; RUN@48000 for a run's snapshot at 48,000 images. Or the
            weight file of the official ESRGAN.
        samples: At most so many images of each set; at least 2.
        resolution: Side of the images, or height and width, from 16; that of the first run if 0.
        curve: Judge every snapshot of the runs too: PSNR over training time.

    Raises:
        ArgumentError: no run, no such folder, or numbers out of these ranges.
    """

    runs: tuple[str, ...]
    samples: int = 1000
    resolution: int | tuple[int, int] = 0
    curve: bool = False

    def __post_init__(self) -> None:
        if not self.runs:
            raise ArgumentError("runs", "give at least one run")
        enough_samples(self.samples, 2)
        least = self.resolution if isinstance(self.resolution, int) else min(self.resolution)
        if self.resolution and least < _LEAST_RESOLUTION:
            raise ArgumentError("resolution", f"at least {_LEAST_RESOLUTION} is needed", self.resolution)
        self.decoders()

    def decoders(self) -> list[TrainedDecoder]:
        """Folders and snapshots.

        Raises:
            ArgumentError: no such folder.
        """
        return [_decoder(run) for run in self.runs]


def _decoder(text: str) -> TrainedDecoder:
    if Path(text).exists():
        return TrainedDecoder(Path(text))
    path, _, nimg = text.rpartition("@")
    if path and nimg.isdigit() and Path(path).exists():
        return TrainedDecoder(Path(path), int(nimg))
    raise ArgumentError("runs", "no such folder", text)
