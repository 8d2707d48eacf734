"""Convolution layers whose computation is our own; parameters and initialisation are torch's."""

from torch import Tensor, nn

from frugan.ops.winograd import convolution3x3


class Convolution3x3(nn.Conv2d):
    """(N, C, H, W) -> (N, K, H, W), padded by one pixel; by Winograd's algorithm where that is faster.

    It can be differentiated once, so it is not for networks under a gradient penalty.
    """

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return convolution3x3(x, self.weight, self.bias)
