"""A cheap judgement of the sampler while it trains: a trend for the report, never a result."""

from collections.abc import Sequence

import torch

from frugan.codecs.base import Codec
from frugan.config.records import plain
from frugan.config.schema import RunConfig
from frugan.data.images import TrainingImages
from frugan.data.loader import Loader
from frugan.features.choose import load_extractor
from frugan.judging.evaluate import FIRST_SEED
from frugan.judging.evaluation import PreviewDistance
from frugan.metrics.frechet import feature_statistics, frechet_distance
from frugan.model.seeds import draw_codes
from frugan.networks.base import Generator
from frugan.system.jsonl import JSON

_BATCH = 32


class PreviewJudge:
    """Codes decoded without a decoder, judged small; not comparable with `evaluate`.

    Reals go through the codec as well, so that only the sampler is judged.
    """

    def __init__(
        self, config: RunConfig, dataset: TrainingImages, class_counts: Sequence[int], device: torch.device
    ) -> None:
        settings = config.evaluation
        self.class_counts = class_counts
        self.count = settings.preview_samples
        self.extractor = load_extractor("efficientnet-lite0", device, size=settings.preview_size)
        codec: Codec = config.codec.build().to(device)
        images = Loader(dataset, seed=0, mirror=False).spread_images(2 * self.count, _BATCH)
        reals = (codec.base(codec.encode(batch.to(device))) for batch in images)
        self.real = feature_statistics(torch.cat([self.extractor.features(b) for b in reals]))

    @torch.no_grad()
    def judge(self, generator: Generator, codec: Codec) -> JSON:
        """Distance of `preview_samples` generated codes to the real ones."""
        seeds = range(FIRST_SEED, FIRST_SEED + self.count)
        pieces = (seeds[first : first + _BATCH] for first in range(0, self.count, _BATCH))
        codes = (draw_codes(generator, piece, self.class_counts) for piece in pieces)
        features = [self.extractor.features(codec.base(code)) for code in codes]
        distance = frechet_distance(self.real, feature_statistics(torch.cat(features)))
        protocol = {**self.extractor.protocol(), "n_real": self.real.count, "n_fake": self.count, "decoder": "none"}
        return plain(PreviewDistance(f"{self.extractor.distance_name} (preview)", distance, protocol))
