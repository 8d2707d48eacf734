"""What a stabilizer is told of the discriminator: its logits on real codes that nothing filtered."""

import dataclasses

import pytest
import torch
from torch import Tensor

from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import RunConfig
from frugan.config.shape import ImageShape
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.training.gan import GANPart


class Listener(ScaleSpace):
    """A scale-space that remembers what it is told."""

    def observe(self, real_logits: Tensor, count: int) -> None:
        self.told, self.count = real_logits, count


@pytest.mark.parametrize(("fraction", "clean"), [(0.25, [1, 2, 3, 5, 6, 7]), (1.0, range(8))])
def test_a_stabilizer_hears_of_unfiltered_codes_from_every_micro_batch(
    tiny_config: RunConfig, fraction: float, clean: list[int]
) -> None:
    """Eight images in two pieces of four: a quarter filters the first of each; where all are filtered, all are told."""
    config = tiny_config.sampler
    schedule = dataclasses.replace(config.schedule, batch=8, accumulate=2)
    part = GANPart(
        dataclasses.replace(config, schedule=schedule),
        WaveletCodec(levels=2),
        ImageShape.square(64),
        0,
        torch.device("cpu"),
    )
    listener = Listener(start=16.0, sigma=0.2, fraction=fraction)
    part.stabilizer = listener
    values = part.step(torch.rand(8, 3, 64, 64) * 2 - 1, torch.zeros(8, dtype=torch.int64), 0)
    assert torch.equal(listener.told, values["real_logits"][list(clean)])
    assert listener.count == 8
