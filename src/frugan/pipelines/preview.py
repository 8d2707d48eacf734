"""A cheap judgement of the sampler while it trains: a trend for the report, never a result."""

from typing import Any

import torch

from frugan.codecs.base import Codec
from frugan.config import RunConfig
from frugan.data.cache import PackedDataset
from frugan.data.loader import Loader
from frugan.features.choose import load_extractor
from frugan.metrics.frechet import feature_statistics, frechet_distance
from frugan.networks.base import Generator
from frugan.pipelines.evaluate import FIRST_SEED
from frugan.pipelines.sample import seed_latents

_BATCH = 32


class PreviewJudge:
    """Codes decoded without a decoder, judged small; not comparable with `evaluate`.

    Reals go through the codec as well, so that only the sampler is judged.
    """

    def __init__(self, config: RunConfig, dataset: PackedDataset, device: torch.device) -> None:
        settings = config.evaluation
        self.count = settings.preview_samples
        self.extractor = load_extractor("efficientnet-lite0", device, size=settings.preview_size)
        codec: Codec = config.codec.build().to(device)
        images = Loader(dataset, seed=0, mirror=False).spread_images(2 * self.count, _BATCH)
        reals = (codec.base(codec.encode(batch.to(device))) for batch in images)
        self.real = feature_statistics(torch.cat([self.extractor.features(b) for b in reals]))

    @torch.no_grad()
    def judge(self, generator: Generator, codec: Codec) -> dict[str, Any]:
        """Distance of `preview_samples` generated codes to the real ones."""
        features = []
        device = next(generator.parameters()).device
        for first in range(0, self.count, _BATCH):
            seeds = range(FIRST_SEED + first, FIRST_SEED + min(first + _BATCH, self.count))
            codes = generator(seed_latents(seeds, generator.latent_dim).to(device))
            features.append(self.extractor.features(codec.base(codes)))
        distance = frechet_distance(self.real, feature_statistics(torch.cat(features)))
        protocol = {**self.extractor.protocol(), "n_real": self.real.count, "n_fake": self.count, "decoder": "none"}
        return {"metric": f"{self.extractor.distance_name} (preview)", "distance": distance, "protocol": protocol}
