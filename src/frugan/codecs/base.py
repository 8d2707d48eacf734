"""Between an image and what the sampler models: `Codec`, an affine map of a reduction.

Encoding is exact and deterministic; decoding may add a trained decoder.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import final

from torch import Tensor, nn

from frugan.config.shape import ImageShape
from frugan.ops.borders import cut_to, filled_to
from frugan.ops.wavelet import Phase


class Codec(nn.Module, ABC):
    """image (N, C, H, W) in [-1, 1] <-> code (N, C, h, w), 2^levels times smaller, the training set's codes in [-1, 1].

    A codec says how images are reduced and enlarged again; all the rest follows. It acts on each channel alone. Images
    whose sides are no multiples of the factor are mirrored below and on the right first, up to the next multiple.

    Args:
        levels: halvings; 0 leaves images as they are.
        code_min: least value of the reduced images over the training set, which the map takes to -1. Measured when
            a run begins, and travels with the model.
        code_max: the largest value, which the map takes to 1.
        cut: rows and columns that `decode` leaves out below and on the right: those that the training images lacked.

    Attributes:
        phase: where code[k] sits: on pixel r k ("corner") or in the middle of the r pixels that it stands for; None for
            neither.
        base_name: what `base` is called in tables.
        description: what tells this codec from others, in tables.

    Raises:
        ValueError: fewer than no halvings, or an empty range.
    """

    phase: Phase | None
    base_name: str
    description: str

    def __init__(
        self, levels: int, code_min: float = -1.0, code_max: float = 1.0, cut: tuple[int, int] = (0, 0)
    ) -> None:
        super().__init__()
        if levels < 0:
            raise ValueError(f"levels: must be 0 or more, got {levels}")
        if not code_max > code_min:
            raise ValueError(f"code_max: must exceed code_min, got {code_min} and {code_max}")
        if not all(0 <= length < 2**levels for length in cut):
            raise ValueError(f"cut: must be from 0 to {2**levels - 1}, got {tuple(cut)}")
        self.levels, self.cut = levels, tuple(cut)
        self.centre, self.half_range = (code_max + code_min) / 2, (code_max - code_min) / 2
        self._maps_nothing = self.centre == 0 and self.half_range == 1

    @abstractmethod
    def reduce(self, image: Tensor, levels: int) -> Tensor:
        """Images (N, C, H, W), sides multiples of 2^levels -> (N, C, H / 2^levels, W / 2^levels), in images' units."""

    @abstractmethod
    def enlarge(self, low: Tensor) -> Tensor:
        """Small images (N, C, h, w) -> (N, C, h * factor, w * factor), without any learned part. Not clamped."""

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
    def code_shape(self, shape: ImageShape) -> tuple[int, int, int]:
        """(C, h, w) of the code of an image of that shape.

        Raises:
            ValueError: it is too small to be mirrored.
        """
        if any(lacking >= side for side, lacking in zip(shape.size, self.missing(shape), strict=True)):
            raise ValueError(f"images of {shape.size_text} are too small to be halved {self.levels} times")
        return shape.channels, -(-shape.height // self.factor), -(-shape.width // self.factor)

    @final
    def missing(self, shape: ImageShape) -> tuple[int, int]:
        """Rows and columns that images of that shape lack, which is what `cut` should be."""
        return -shape.height % self.factor, -shape.width % self.factor

    @final
    def filled(self, image: Tensor, levels: int | None = None) -> Tensor:
        """Images mirrored below and on the right, so that their sides are multiples of 2^levels.

        Raises:
            ValueError: they are too small for that.
        """
        step = self.factor if levels is None else 2**levels
        height, width = (-(-side // step) * step for side in image.shape[-2:])
        return filled_to(image, height, width)

    @final
    def raw_code(self, image: Tensor) -> Tensor:
        """Images -> codes before the affine map."""
        return self.reduce(self.filled(image), self.levels)

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
        """Codes -> what a decoder sees: (N, C, h, w) in the units of images, whatever the levels and the affine map."""
        return code if self._maps_nothing else code * self.half_range + self.centre

    @final
    def from_low(self, low: Tensor) -> Tensor:
        """The inverse of `decoder_input`: a small image (N, C, h, w) in [-1, 1] as if it were a code."""
        return low if self._maps_nothing else (low - self.centre) / self.half_range

    @final
    def halved(self, image: Tensor, times: int) -> Tensor:
        """Images (N, C, H, W) -> (N, C, H / 2^times, W / 2^times), reduced as this codec does, by so many levels.

        In the units of images, so that decoders of this codec take them through `from_low`, whatever the levels.

        Raises:
            ValueError: there is nothing to halve them with.
        """
        if times and not self.reduces:
            raise ValueError("this model has no codec to halve images with")
        return self.reduce(self.filled(image, times), times) if times else image

    @final
    def decode(
        self,
        code: Tensor,
        decoder: nn.Module | None = None,
        noise: float = 0.0,
        size: Sequence[int] | None = None,
    ) -> Tensor:
        """Codes -> images (N, C, H, W): what a decoder (see `networks.base`) makes of the base, or the base itself.

        Args:
            noise: how far codes are off those of real images, for decoders that are told.
            size: height and width of the images that were encoded; None for those of the training images.
        """
        image = self.base(code)
        if decoder is not None:
            image = decoder(self.decoder_input(code), image, noise=code.new_full(code.shape[:1], noise))
        height, width = size or (side - cut for side, cut in zip(image.shape[-2:], self.cut, strict=True))
        return cut_to(image, height, width)
