"""How a decoder got better while it trained, on images that it was not trained on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from frugan.codecs.base import Codec
from frugan.data.images import TrainingImages
from frugan.data.loader import Loader
from frugan.features.base import as_8_bit
from frugan.metrics.image import psnr
from frugan.networks.base import Decoder
from frugan.runs.folder import PartFolder, RunFolder
from frugan.runs.logs import train_lines
from frugan.runs.models import load_decoder_at

_BATCH = 16


@dataclass(frozen=True)
class CurvePoint:
    """A snapshot: images that were seen, seconds of training, and PSNR in dB."""

    nimg: int
    seconds: float
    psnr: float


def decoder_curve(
    path: Path,
    dataset: TrainingImages,
    count: int,
    device: torch.device,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[CurvePoint, ...]:
    """Every snapshot of a run, on `count` images spread over the data set.

    Raises:
        UserError: not a run, or one without snapshots of a decoder.
    """
    folder = RunFolder.open(path).part("decoder")
    counts, seconds = folder.snapshot_counts(), _seconds(folder)
    points = []
    for done, nimg in enumerate(counts):
        codec, decoder = load_decoder_at(path, nimg)
        quality = _psnr(codec.to(device), decoder.to(device), dataset, count, device)
        points.append(CurvePoint(nimg, seconds(nimg), quality))
        on_progress(done + 1, len(counts))
    return tuple(points)


@torch.no_grad()
def _psnr(codec: Codec, decoder: Decoder, dataset: TrainingImages, count: int, device: torch.device) -> float:
    decoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    found = []
    for images in Loader(dataset, seed=0, mirror=False).spread_images(count, _BATCH):
        decoded = codec.decode(codec.encode(images.to(device)), decoder).float().cpu()
        found.append(psnr(as_8_bit(decoded) / 127.5 - 1, images))
    return torch.cat(found).mean().item()


def _seconds(folder: PartFolder) -> Callable[[int], float]:
    """Training time at an image count: between two lines of the log, in proportion."""
    lines = [(0, 0.0), *((int(line["nimg"]), float(line["clock"]["seconds"])) for line in train_lines(folder))]

    def at(nimg: int) -> float:
        after = next((i for i, (seen, _) in enumerate(lines) if seen >= nimg), len(lines) - 1)
        (n1, t1), (n0, t0) = lines[after], lines[max(0, after - 1)]
        return t1 if n1 == n0 else t0 + (t1 - t0) * min(1.0, (nimg - n0) / (n1 - n0))

    return at
