"""Between an image and what the sampler models: `Codec`, an affine map of a reduction.

Encoding is exact and deterministic; decoding may add a trained decoder.
"""

from abc import ABC, abstractmethod
from typing import final

from torch import Tensor, nn

from frugan.ops.wavelet import Phase


class Codec(nn.Module, ABC):
    """image (N, 3, S, S) in [-1, 1] <-> code (N, 3, s, s), s = S / 2^levels, the training set's codes in [-1, 1].

    A codec says how images are reduced and enlarged again; all the rest follows.

    Args:
        levels: halvings; 0 leaves images as they are.
        code_min: least value of the reduced images over the training set, which the map takes to -1. Measured when
            a run begins, and travels with the model.
        code_max: the largest value, which the map takes to 1.

    Attributes:
        phase: where code[k] sits: on pixel r k ("corner") or in the middle of the r pixels that it stands for; None for
            neither.
        channels: of the code.
        base_name: what `base` is called in tables.
        description: what tells this codec from others, in tables.

    Raises:
        ValueError: fewer than no halvings, or an empty range.
    """

    phase: Phase | None
    channels: int = 3
    base_name: str
    description: str

    def __init__(self, levels: int, code_min: float = -1.0, code_max: float = 1.0) -> None:
        super().__init__()
        if levels < 0:
            raise ValueError(f"levels: must be 0 or more, got {levels}")
        if not code_max > code_min:
            raise ValueError(f"code_max: must exceed code_min, got {code_min} and {code_max}")
        self.levels = levels
        self.centre, self.half_range = (code_max + code_min) / 2, (code_max - code_min) / 2
        self._maps_nothing = self.centre == 0 and self.half_range == 1

    @abstractmethod
    def reduce(self, image: Tensor, levels: int) -> Tensor:
        """Images (N, 3, H, W) -> (N, 3, H / 2^levels, W / 2^levels), in the units of images."""

    @abstractmethod
    def enlarge(self, low: Tensor) -> Tensor:
        """Small images (N, 3, h, w) -> (N, 3, h * factor, w * factor), without any learned part. Not clamped."""

    @property
    @final
    def factor(self) -> int:
        """How many times smaller the code's sides are."""
        return int(2**self.levels)

    @property
    @final
    def reduces(self) -> bool:
        """Whether anything is left to decode."""
        return self.levels > 0

    @final
    def code_shape(self, resolution: int) -> tuple[int, int, int]:
        """(C, s, s) of the code of a `resolution` x `resolution` image.

        Raises:
            ValueError: this codec cannot encode images of that size; the message names the nearest that it can.
        """
        _check_divisible(resolution, self.levels)
        return self.channels, resolution // self.factor, resolution // self.factor

    @final
    def raw_code(self, image: Tensor) -> Tensor:
        """Images -> codes before the affine map."""
        return self.reduce(image, self.levels)

    @final
    def encode(self, image: Tensor) -> Tensor:
        """Images -> codes."""
        return self.from_low(self.raw_code(image))

    @final
    def base(self, code: Tensor) -> Tensor:
        """Codes -> images without any learned part: what interpolation knows. Not clamped."""
        return self.enlarge(self.decoder_input(code))

    @final
    def decoder_input(self, code: Tensor) -> Tensor:
        """Codes -> what a decoder sees: (N, 3, s, s) in the units of images, whatever the levels and the affine map."""
        return code if self._maps_nothing else code * self.half_range + self.centre

    @final
    def from_low(self, low: Tensor) -> Tensor:
        """The inverse of `decoder_input`: a small image (N, 3, h, w) in [-1, 1] as if it were a code."""
        return low if self._maps_nothing else (low - self.centre) / self.half_range

    @final
    def halved(self, image: Tensor, times: int) -> Tensor:
        """Images (N, 3, S, S) -> (N, 3, S / 2^times, S / 2^times), reduced as this codec does, by so many levels.

        In the units of images, so that decoders of this codec take them through `from_low`, whatever the levels.

        Raises:
            ValueError: they cannot be halved so often.
        """
        if times and not self.reduces:
            raise ValueError("this model has no codec to halve images with")
        _check_divisible(image.shape[-1], times)
        return self.reduce(image, times) if times else image

    @final
    def decode(self, code: Tensor, decoder: nn.Module | None = None, noise: float = 0.0) -> Tensor:
        """Codes -> images (N, 3, S, S): what a decoder (see `networks.base`) makes of the base, or the base itself.

        `noise`: how far codes are off those of real images, for decoders that are told.
        """
        base = self.base(code)
        if decoder is None:
            return base
        return decoder(self.decoder_input(code), base, noise=code.new_full(code.shape[:1], noise))


def _check_divisible(resolution: int, levels: int) -> None:
    factor = 2**levels
    if resolution % factor:
        near = max(factor, round(resolution / factor) * factor)
        raise ValueError(
            f"resolution: {resolution} is not divisible by {factor} (2^{levels} levels); the nearest that is: {near}"
        )
