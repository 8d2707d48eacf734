"""A 3 x 3 convolution and the change of size beside it as one convolution of 4 x 4.

Repeating each pixel 2 x 2 times, and the mean of 2 x 2 pixels, are convolutions with a box. The box goes into the
kernel: 16 products for four pixels instead of 36. Equal to the two steps up to rounding. Where there are few pixels,
making the kernel costs more than it saves, and the two steps are taken.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_ENOUGH = 1024  # pixels of a batch: from here on the kernel pays (benchmarks/samplers.py)


def double_then_convolve(convolution: nn.Module, x: Tensor) -> Tensor:
    """convolution(x, each pixel repeated 2 x 2 times): (N, C, H, W) -> (N, K, 2 H, 2 W).

    Args:
        convolution: a `Conv2d`, perhaps parametrised, of 3 x 3 padded by one pixel, or of 1 x 1.
    """
    weight, bias = _of(convolution)
    if weight.shape[-1] == 1:  # pixels for themselves: before they are repeated there are fewer
        return F.interpolate(F.conv2d(x, weight, bias), scale_factor=2, mode="nearest")
    if not _pays(x):
        return F.conv2d(F.interpolate(x, scale_factor=2, mode="nearest"), weight, bias, padding=1)
    kernel = _with_box(weight.flip(2, 3)).transpose(0, 1)
    return F.conv_transpose2d(x, kernel, bias, stride=2, padding=1)


def convolve_then_halve(convolution: nn.Module, x: Tensor) -> Tensor:
    """The mean of 2 x 2 pixels of convolution(x): (N, C, H, W), even sides, -> (N, K, H / 2, W / 2).

    Args: as of `double_then_convolve`.
    """
    weight, bias = _of(convolution)
    if weight.shape[-1] == 1:
        return F.conv2d(F.avg_pool2d(x, 2), weight, bias)
    if not _pays(x):
        return F.avg_pool2d(F.conv2d(x, weight, bias, padding=1), 2)
    return F.conv2d(x, _with_box(weight) / 4, bias, stride=2, padding=1)


def _pays(x: Tensor) -> bool:
    # Exported programs take batches of any size.
    return not torch.compiler.is_exporting() and x.numel() >= _ENOUGH * x.shape[1]


def _of(convolution: nn.Module) -> tuple[Tensor, Tensor | None]:
    assert isinstance(convolution, nn.Conv2d)
    return convolution.weight, convolution.bias


def _with_box(weight: Tensor) -> Tensor:
    """(K, C, 3, 3) convolved with a box of 2 x 2 ones, -> (K, C, 4, 4)."""
    wide = F.pad(weight, (1, 0)) + F.pad(weight, (0, 1))
    return F.pad(wide, (0, 0, 1, 0)) + F.pad(wide, (0, 0, 0, 1))
