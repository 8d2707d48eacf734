"""Layers whose weights are N(0, 1) and scaled when they are used, so that Adam moves all of them alike.

Equalised learning rate (Karras et al. 2018, section 4.1), with the activations of StyleGAN2: leaky ReLU of slope .2,
times sqrt(2) so that it keeps the variance.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Activation = Literal["linear", "lrelu"]


def activate(x: Tensor, activation: Activation) -> Tensor:
    """Leaky ReLU of slope .2 times sqrt(2), or nothing."""
    return x if activation == "linear" else math.sqrt(2) * F.leaky_relu(x, 0.2)


class EqualizedLinear(nn.Module):
    """(..., channels_in) -> (..., channels_out).

    Args:
        bias: what the bias begins with.
        rate: learning rate of this layer relative to others (.01 in mapping networks).
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        bias: float = 0.0,
        rate: float = 1.0,
        activation: Activation = "linear",
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in) / rate)
        self.bias = nn.Parameter(torch.full((channels_out,), bias / rate))
        self.gain, self.rate, self.activation = rate / math.sqrt(channels_in), rate, activation

    def forward(self, x: Tensor) -> Tensor:
        return activate(F.linear(x, self.weight * self.gain, self.bias * self.rate), self.activation)


class EqualizedConv2d(nn.Module):
    """(N, channels_in, H, W) -> (N, channels_out, H', W'); `padding` "same" keeps the size where the stride is 1."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: int | None = None,
        has_bias: bool = True,
        activation: Activation = "linear",
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(channels_out)) if has_bias else None
        self.gain, self.activation = 1 / math.sqrt(channels_in * kernel**2), activation
        self.stride, self.padding = stride, kernel // 2 if padding is None else padding

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.weight * self.gain, self.bias, stride=self.stride, padding=self.padding)
        return activate(x, self.activation)
