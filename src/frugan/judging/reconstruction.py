"""How much of an image survives codec and decoder, and what decoding costs."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from frugan.codecs.base import Codec
from frugan.config.shape import ImageShape
from frugan.data.images import TrainingImages
from frugan.data.loader import Loader
from frugan.features.base import FeatureExtractor, as_8_bit
from frugan.judging.decoder_baselines import Reconstruct
from frugan.metrics.frechet import feature_statistics, frechet_distance
from frugan.metrics.image import psnr, squared_error, ssim
from frugan.metrics.perceptual import PerceptualDistance
from frugan.networks.base import Decoder
from frugan.runs.dataset_features import dataset_features
from frugan.system.device import memory_rise_mb, synchronize

_BATCH = 16
_TIMED_ROUNDS = 5


@dataclass(frozen=True)
class Cost:
    """Of decoding one image; of an autoencoder, encoding included.

    Attributes:
        multiply_adds: of convolutions and matrix products.
        milliseconds: the median, on all threads.
        memory_mb: what it needs beyond the weights; None where the system does not tell.
    """

    parameters: int
    multiply_adds: float
    milliseconds: float
    memory_mb: float | None


class ReconstructionJudge:
    """Compares at most `count` images, spread evenly over a data set, with what is reconstructed of them."""

    def __init__(
        self, dataset: TrainingImages, count: int, extractor: FeatureExtractor, distance: PerceptualDistance
    ) -> None:
        self.loader = Loader(dataset, seed=0, mirror=False)
        self.count = min(count, len(dataset))
        self.extractor, self.distance = extractor, distance
        self.original = feature_statistics(dataset_features(extractor, dataset, self.count))

    @torch.no_grad()
    def judge(
        self,
        reconstruct: Reconstruct,
        device: torch.device,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> dict[str, float]:
        """Means over images: "mse" on what the decoder puts out, neither clamped nor rounded, as if in [0, 1] (table 3
        of not-so-big-GAN); "psnr", "ssim" and "perceptual" on what is saved, clamped and of 8 bits; and
        "frechet_distance" between the features of the reconstructions and those of the same originals.
        """
        values: dict[str, list[Tensor]] = {"mse": [], "psnr": [], "ssim": [], "perceptual": []}
        features, done = [], 0
        for images in self._images():
            raw = reconstruct(images.to(device)).float().cpu()
            saved = as_8_bit(raw) / 127.5 - 1
            values["mse"].append(squared_error(raw, images))
            values["psnr"].append(psnr(saved, images))
            values["ssim"].append(ssim(saved, images))
            values["perceptual"].append(self.distance(saved, images))
            features.append(self.extractor.features(saved).cpu())
            done += len(images)
            on_progress(done, self.count)
        means = {name: torch.cat(parts).mean().item() for name, parts in values.items()}
        reconstructed = feature_statistics(torch.cat(features))
        return {**means, "frechet_distance": frechet_distance(self.original, reconstructed)}

    def _images(self) -> Iterator[Tensor]:
        return self.loader.spread_images(self.count, _BATCH)


@torch.no_grad()
def decoding_cost(codec: Codec, decoder: Decoder, shape: ImageShape, device: torch.device) -> Cost:
    """Of one image, from its code."""
    code = torch.zeros(1, *codec.code_shape(shape), device=device)
    memory = memory_rise_mb(lambda: codec.decode(code, decoder), device)
    with FlopCounterMode(display=False) as counter:
        codec.decode(code, decoder)
    seconds = []
    for _ in range(_TIMED_ROUNDS):
        synchronize(device)
        began = time.perf_counter()
        codec.decode(code, decoder)
        synchronize(device)
        seconds.append(time.perf_counter() - began)
    return Cost(
        parameters=sum(p.numel() for p in decoder.parameters()),
        multiply_adds=counter.get_total_flops() / 2,
        milliseconds=1000 * statistics.median(seconds),
        memory_mb=memory,
    )
