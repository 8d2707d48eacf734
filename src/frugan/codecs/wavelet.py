"""The wavelet codec of not-so-big-GAN: keep the low-low band, drop the details (section 3.1, equation 2)."""

from torch import Tensor

from frugan.codecs.base import Codec
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
        cut: see `Codec`.
    """

    base_name = "zero-detail IWT"

    def __init__(
        self,
        levels: int = 2,
        wavelet: str = "bior2.2",
        boundary: Boundary = "reflect",
        code_min: float = -1.0,
        code_max: float = 1.0,
        cut: tuple[int, int] = (0, 0),
    ) -> None:
        if levels < 1:
            raise ValueError(f"levels: must be at least 1, got {levels}; for none, use IdentityCodec")
        super().__init__(levels, code_min, code_max, cut)
        self.wavelet, self.boundary = wavelet, boundary
        self.description = f"{wavelet} x {levels}" + (f", {boundary}" if boundary != "reflect" else "")
        self.phase = sample_phase(wavelet)

    def reduce(self, image: Tensor, levels: int) -> Tensor:
        """TL / 2^levels: a band's gain is 2 a level."""
        return lowpass2(image, levels, self.wavelet, self.boundary) / 2**levels

    def enlarge(self, low: Tensor) -> Tensor:
        """Inverse transform with all details zero (equation 2), un-normalised: already close to the image."""
        return ilowpass2(low * 2**self.levels, self.levels, self.wavelet, self.boundary)
