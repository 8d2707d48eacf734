"""A sampler, a codec and a decoder as one generator of images, so that all of it can be trained at once."""

from typing import Protocol

from torch import Tensor, nn

from frugan.networks.base import Decoder, Generator
from frugan.ops.grid import Grid


class Decodes(Protocol):
    """What is needed of a codec."""

    def decode(self, code: Tensor, decoder: nn.Module | None = None, noise: float = 0.0) -> Tensor: ...


class DecodedGenerator(Generator):
    """z -> codec.decode(generator(z), decoder): images (N, C, H, W), nominally in [-1, 1].

    Fine-tuning it against a discriminator of images is the end-to-end training of not-so-big-GAN's appendix K.

    Args:
        code_shape: (C, H, W) of the images.
        generator: of codes.
        codec: whose codes they are; it has nothing to train.
        decoder: None for interpolation.
        assumed_noise: what a decoder that is told the noise of its code is told.
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        generator: Generator,
        codec: Decodes,
        decoder: Decoder | None = None,
        assumed_noise: float = 0.0,
    ) -> None:
        super().__init__()
        self.code_shape, self.latent_dim = tuple(code_shape), generator.latent_dim  # type: ignore[assignment]
        self.classes = generator.classes
        self.generator, self.decoder, self.codec, self.assumed_noise = generator, decoder, codec, assumed_noise

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return self.generator.mapping(z, label)

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        return self.codec.decode(self.generator.synthesis(w, grid), self.decoder, self.assumed_noise)

    def truncated_mapping(self, z: Tensor, label: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        return self.generator.truncated_mapping(z, label, truncation)
