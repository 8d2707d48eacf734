"""How long a picture takes, sampler and decoder apart (not-so-big-GAN, appendix J)."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from frugan.model.model import Model
from frugan.system.device import synchronize

_BATCH, _ROUNDS = 16, 5


@dataclass(frozen=True)
class Timing:
    """Medians over rounds, in milliseconds an image.

    Attributes:
        sampler_ms: from seeds to codes.
        decoder_ms: from codes to pictures; 0 where codes are pictures.
        batch: images at a time.
        device: where.
        threads: of the CPU.
    """

    sampler_ms: float
    decoder_ms: float
    batch: int
    device: str
    threads: int

    def text(self) -> str:
        """One line."""
        decoder = f", decoder {self.decoder_ms:.3g} ms" if self.decoder_ms else ""
        return (
            f"sampler {self.sampler_ms:.3g} ms{decoder} an image "
            f"(batch {self.batch}, {self.device}, {self.threads} thread{'s' * (self.threads != 1)})"
        )


@torch.no_grad()
def time_model(model: Model) -> Timing:
    """After one round that is not counted."""
    seeds = range(_BATCH)
    codes = model.codes(seeds)
    sampler = _milliseconds(model, partial(model.codes, seeds))
    decodes = model.codec.reduces or model.enlargement is not None
    decoder = _milliseconds(model, partial(model.decode, codes, noise=model.assumed_noise)) if decodes else 0.0
    return Timing(sampler / _BATCH, decoder / _BATCH, _BATCH, str(model.device), torch.get_num_threads())


def _milliseconds(model: Model, run: Callable[[], object]) -> float:
    taken = []
    for _ in range(_ROUNDS + 1):
        synchronize(model.device)
        began = time.perf_counter()
        run()
        synchronize(model.device)
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken[1:])
