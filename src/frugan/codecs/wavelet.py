"""The wavelet codec of not-so-big-GAN: keep the low-low band, drop the details (section 3.1, equation 2)."""

from torch import Tensor

from frugan.codecs.base import Codec, check_range, divided_shape
from frugan.ops.wavelet import Boundary, ilowpass2, lowpass2, sample_phase


class WaveletCodec(Codec):
    """code = TL / 2^levels, mapped from [code_min, code_max] to [-1, 1].

    Dividing TL by its gain makes codes of any number of levels look alike, so that one decoder serves 64 -> 256 as
    well as 128 -> 512. TL overshoots the image's range at edges, hence the measured affine map.

    Args:
        levels: halvings; 2 in the paper (256 -> 64).
        wavelet: any name that `frugan.ops.wavelet` knows; bior2.2 in the paper.
        boundary: stored with the model; "reflect" is exact at the borders, "zero" is what the paper's authors did.
        code_min, code_max: range of TL / 2^levels over the training set.
    """

    base_name = "zero-detail IWT"

    def __init__(
        self,
        levels: int = 2,
        wavelet: str = "bior2.2",
        boundary: Boundary = "reflect",
        code_min: float = -1.0,
        code_max: float = 1.0,
    ) -> None:
        super().__init__()
        if levels < 1:
            raise ValueError(f"levels: must be at least 1, got {levels}; for none, use IdentityCodec")
        self.levels, self.wavelet, self.boundary = levels, wavelet, boundary
        self.description = f"{wavelet} x {levels}" + (f", {boundary}" if boundary != "reflect" else "")
        self.phase = sample_phase(wavelet)
        self.centre, self.half_range = check_range(code_min, code_max)

    def code_shape(self, resolution: int) -> tuple[int, int, int]:
        return divided_shape(resolution, self.levels)

    def raw_code(self, image: Tensor) -> Tensor:
        return self.halved(image, self.levels)

    def halved(self, image: Tensor, times: int) -> Tensor:
        divided_shape(image.shape[-1], times)
        return lowpass2(image, times, self.wavelet, self.boundary) / 2**times if times else image

    def encode(self, image: Tensor) -> Tensor:
        return (self.raw_code(image) - self.centre) / self.half_range

    def base(self, code: Tensor) -> Tensor:
        """Inverse transform with all details zero (equation 2), un-normalised: already close to the image."""
        return ilowpass2(self.decoder_input(code) * 2**self.levels, self.levels, self.wavelet, self.boundary)

    def decoder_input(self, code: Tensor) -> Tensor:
        return code * self.half_range + self.centre

    def from_low(self, low: Tensor) -> Tensor:
        return (low - self.centre) / self.half_range
