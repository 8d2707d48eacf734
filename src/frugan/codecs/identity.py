"""No codec: the sampler models pixels. The baseline that every other codec is measured against."""

from torch import Tensor

from frugan.codecs.base import Codec


class IdentityCodec(Codec):
    """code = image: `code_min` and `code_max` are images' own range, and no map is needed.

    Args:
        code_min, code_max, cut: taken as every codec takes them, and not used.
    """

    phase = "corner"
    base_name = "the image itself"
    description = "not reduced"

    def __init__(self, code_min: float = -1.0, code_max: float = 1.0, cut: tuple[int, int] = (0, 0)) -> None:
        super().__init__(levels=0)

    def reduce(self, image: Tensor, levels: int) -> Tensor:
        return image

    def enlarge(self, low: Tensor) -> Tensor:
        return low
