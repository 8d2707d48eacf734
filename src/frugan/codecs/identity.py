"""No codec: the sampler models pixels. The baseline that every other codec is measured against."""

from torch import Tensor

from frugan.codecs.base import Codec


class IdentityCodec(Codec):
    """code = image. `code_min` and `code_max` are images' own range, so the affine map is the identity."""

    phase = "corner"
    reduces = False
    base_name = "the image itself"
    description = "not reduced"

    def __init__(self, channels: int = 3, code_min: float = -1.0, code_max: float = 1.0) -> None:
        super().__init__()
        self.channels = channels

    def code_shape(self, resolution: int) -> tuple[int, int, int]:
        return self.channels, resolution, resolution

    def raw_code(self, image: Tensor) -> Tensor:
        return image

    def halved(self, image: Tensor, times: int) -> Tensor:
        if times:
            raise ValueError("this model has no codec to halve images with")
        return image

    def encode(self, image: Tensor) -> Tensor:
        return image

    def base(self, code: Tensor) -> Tensor:
        return code

    def decoder_input(self, code: Tensor) -> Tensor:
        return code

    def from_low(self, low: Tensor) -> Tensor:
        return low
