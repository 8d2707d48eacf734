"""How much of an image survives codec and decoder, and what decoding costs."""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from frugan.codecs.base import Codec
from frugan.data.cache import PackedDataset
from frugan.data.loader import Loader
from frugan.device import memory_rise_mb, synchronize
from frugan.features.base import FeatureExtractor
from frugan.metrics.frechet import feature_statistics, frechet_distance
from frugan.metrics.image import psnr, squared_error, ssim
from frugan.metrics.perceptual import PerceptualDistance
from frugan.networks.base import Decoder
from frugan.pipelines.decoder_baselines import Reconstruct
from frugan.pipelines.evaluate import first_images

_BATCH = 16
_TIMED_ROUNDS = 5


@torch.no_grad()
def judge_reconstruction(
    reconstruct: Reconstruct,
    dataset: PackedDataset,
    count: int,
    *,
    extractor: FeatureExtractor,
    distance: PerceptualDistance,
    device: torch.device,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, float]:
    """Compare the first `count` images of a data set with what is reconstructed of them.

    Returns:
        Means over images: "mse" on what the decoder puts out, not clamped, as if in [0, 1] (table 3 of
        not-so-big-GAN); "psnr", "ssim" and "perceptual" on what is saved, clamped; and "frechet_distance" between the
        features of the reconstructions and those of the same originals.
    """
    values: dict[str, list[Tensor]] = {"mse": [], "psnr": [], "ssim": [], "perceptual": []}
    features: tuple[list[Tensor], list[Tensor]] = ([], [])
    done = 0
    for images in first_images(Loader(dataset, seed=0, mirror=False).all_images(_BATCH), count):
        raw = reconstruct(images.to(device)).float().cpu()
        shown = raw.clamp(-1, 1)
        values["mse"].append(squared_error(raw, images))
        values["psnr"].append(psnr(shown, images))
        values["ssim"].append(ssim(shown, images))
        values["perceptual"].append(distance(shown, images))
        for found, seen in zip(features, (images, shown), strict=True):
            found.append(extractor.features(seen).cpu())
        done += len(images)
        on_progress(done, count)
    original, reconstructed = (feature_statistics(torch.cat(found)) for found in features)
    means = {name: torch.cat(parts).mean().item() for name, parts in values.items()}
    return {**means, "frechet_distance": frechet_distance(original, reconstructed)}


@torch.no_grad()
def decoding_cost(codec: Codec, decoder: Decoder, resolution: int, device: torch.device) -> dict[str, float | None]:
    """Of one image, from its code: "parameters", "multiply_adds", median "milliseconds" on all threads, "memory_mb".

    Multiply-adds are those of convolutions and matrix products. Memory is what decoding needs beyond the weights; None
    where the system does not tell.
    """
    code = torch.zeros(1, *codec.code_shape(resolution), device=device)
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
    return {
        "parameters": sum(p.numel() for p in decoder.parameters()),
        "multiply_adds": counter.get_total_flops() / 2,
        "milliseconds": 1000 * statistics.median(seconds),
        "memory_mb": memory,
    }
