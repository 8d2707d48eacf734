"""Between an image and what the sampler models: `Codec`.

Encoding is exact and deterministic; decoding may add a trained decoder.
"""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from frugan.ops.wavelet import Phase


class Codec(nn.Module, ABC):
    """image (N, 3, S, S) in [-1, 1] <-> code (N, C, s, s), affinely mapped so that the training set lies in [-1, 1].

    Every codec takes `code_min` and `code_max`, the range of raw codes that the map takes to [-1, 1]. They are
    measured on the training set when a run begins, and travel with the model.

    Attributes:
        phase: where code[k] sits: on pixel r k ("corner") or in the middle of the r pixels that it stands for; None for
            neither.
        reduces: whether anything is left to decode.
        base_name: what `base` is called in tables.
        description: what tells this codec from others, in tables.
    """

    phase: Phase | None
    reduces: bool = True
    base_name: str
    description: str

    @abstractmethod
    def code_shape(self, resolution: int) -> tuple[int, int, int]:
        """(C, s, s) of the code of a `resolution` x `resolution` image.

        Raises:
            ValueError: this codec cannot encode images of that size.
        """

    @abstractmethod
    def raw_code(self, image: Tensor) -> Tensor:
        """Images -> codes before the affine map."""

    @abstractmethod
    def halved(self, image: Tensor, times: int) -> Tensor:
        """Images (N, 3, S, S) -> (N, 3, S / 2^times, S / 2^times), reduced as this codec does, by so many levels.

        In the units of images, so that decoders of this codec take them through `from_low`, whatever the levels.
        """

    @abstractmethod
    def encode(self, image: Tensor) -> Tensor:
        """Images -> codes."""

    @abstractmethod
    def base(self, code: Tensor) -> Tensor:
        """Codes -> images without any learned part: what interpolation knows. Not clamped."""

    @abstractmethod
    def decoder_input(self, code: Tensor) -> Tensor:
        """Codes -> what a decoder sees: (N, 3, s, s) in the units of images, whatever the levels and the affine map."""

    @abstractmethod
    def from_low(self, low: Tensor) -> Tensor:
        """The inverse of `decoder_input`: a small image (N, 3, h, w) in [-1, 1] as if it were a code."""

    def decode(self, code: Tensor, decoder: nn.Module | None = None, noise: float = 0.0) -> Tensor:
        """Codes -> images (N, 3, S, S): what a decoder (see `networks.base`) makes of the base, or the base itself.

        `noise`: how far codes are off those of real images, for decoders that are told.
        """
        base = self.base(code)
        if decoder is None:
            return base
        return decoder(self.decoder_input(code), base, noise=code.new_full(code.shape[:1], noise))


def divided_shape(resolution: int, levels: int) -> tuple[int, int, int]:
    """The code shape (3, s, s) of a codec that halves an image's sides `levels` times.

    Raises:
        ValueError: the resolution is not divisible; the message names the nearest that is.
    """
    factor = 2**levels
    if resolution % factor:
        near = max(factor, round(resolution / factor) * factor)
        raise ValueError(
            f"resolution: {resolution} is not divisible by {factor} (2^{levels} levels); the nearest that is: {near}"
        )
    return 3, resolution // factor, resolution // factor


def check_range(code_min: float, code_max: float) -> tuple[float, float]:
    """Centre and half width of the range of raw codes.

    Raises:
        ValueError: it is empty.
    """
    if not code_max > code_min:
        raise ValueError(f"code_max: must exceed code_min, got {code_min} and {code_max}")
    return (code_max + code_min) / 2, (code_max - code_min) / 2
