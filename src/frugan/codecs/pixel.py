"""The pixel codec of not-so-big-GAN: blur, then keep every second, fourth ... pixel (section 3.2, "P" in its tables).

`frugan.ops.reduction` says how images are made smaller, and with which phase they are enlarged again.
"""

from torch import Tensor

from frugan.codecs.base import Codec
from frugan.ops.reduction import Reduction, enlarged, reduced, reduction_phase
from frugan.ops.wavelet import Phase


class PixelCodec(Codec):
    """code = the image reduced by r = 2^levels, mapped from [code_min, code_max] to [-1, 1].

    Args:
        levels: halvings; 2 in the paper (256 -> 64).
        reduction: how; "gaussian" in the paper.
        code_min, code_max: range of the reduced images over the training set; never beyond the images' own.
        cut: see `Codec`.
    """

    phase: Phase
    base_name = "linear interpolation"

    def __init__(
        self,
        levels: int = 2,
        reduction: Reduction = "gaussian",
        code_min: float = -1.0,
        code_max: float = 1.0,
        cut: tuple[int, int] = (0, 0),
    ) -> None:
        if levels < 1:
            raise ValueError(f"levels: must be at least 1, got {levels}; for none, use IdentityCodec")
        phase = reduction_phase(reduction)
        super().__init__(levels, code_min, code_max, cut)
        self.reduction, self.phase = reduction, phase
        self.description = f"{reduction} pixels / {2**levels}"

    def reduce(self, image: Tensor, levels: int) -> Tensor:
        return reduced(image, levels, self.reduction)

    def enlarge(self, low: Tensor) -> Tensor:
        """Linear interpolation between the places where the code's pixels sit."""
        return enlarged(low, self.levels, self.phase)
