"""What style-based generators share: the mapping network, and convolutions that a style modulates (StyleGAN2)."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.nn.equalized import Activation, EqualizedLinear
from frugan.nn.labels import known_label
from frugan.ops import fir


class MappingNetwork(nn.Module):
    """z (N, latent_dim), label (N,) -> w (N, style_dim): eight linear layers that learn a hundred times more slowly.

    Attributes:
        average: running mean of w, towards which truncation pulls.

    Args:
        classes: 0 for none; else labels are embedded, normalised and put beside z.
    """

    def __init__(self, latent_dim: int, style_dim: int, layers: int = 8, classes: int = 0) -> None:
        super().__init__()
        self.latent_dim, self.classes = latent_dim, classes
        self.embedding = EqualizedLinear(classes, style_dim) if classes else None
        widths = [latent_dim + style_dim * bool(classes)] + [style_dim] * layers
        self.layers = nn.Sequential(
            *(EqualizedLinear(a, b, rate=0.01, activation="lrelu") for a, b in pairwise(widths))
        )
        self.average: Tensor
        self.register_buffer("average", torch.zeros(style_dim))

    def forward(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        x, known = _normalise(z), known_label(label, self.classes)
        if self.embedding is not None and known is not None:
            one_hot = F.one_hot(known, self.classes).to(z)
            x = torch.cat([x, _normalise(self.embedding(one_hot))], dim=1)
        return self.layers(x)

    @torch.no_grad()
    def follow(self, w: Tensor, keep: float = 0.998) -> None:
        """Move the running mean towards that of these styles."""
        self.average.lerp_(w.mean(dim=0).to(self.average), 1 - keep)


class ModulatedConv2d(nn.Module):
    """x (N, C, H, W), w (N, style_dim) -> (N, channels_out, H, W), or twice the size if `doubles`.

    Style scales the input's channels; demodulation brings each output channel back to unit variance. Both act on
    activations, which equals modulating the weights of each image and needs no grouped convolution.

    Args:
        demodulates: if not, the style is scaled by 1 / sqrt(fan-in) instead, as for layers that put out colours.
        pads: if not, and it does not double, the result is smaller by the kernel's reach on each side.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        style_dim: int,
        *,
        demodulates: bool = True,
        doubles: bool = False,
        pads: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, kernel, kernel))
        self.affine = EqualizedLinear(style_dim, channels_in, bias=1.0)
        self.demodulates, self.doubles, self.padding = demodulates, doubles, kernel // 2 if pads else 0
        self.style_gain = 1.0 if demodulates else 1 / math.sqrt(channels_in * kernel**2)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w) * self.style_gain
        x = x * style[:, :, None, None]
        if self.doubles:
            x = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)
            x = fir.blur(x, padding=1, gain=4.0)
        else:
            x = F.conv2d(x, self.weight, padding=self.padding)
        if self.demodulates:
            variance = style.square() @ self.weight.square().sum(dim=(2, 3)).T
            x = x * (variance + 1e-8).rsqrt()[:, :, None, None]
        return x


_BLOCK = 64
CLAMP = 256.0  # StyleGAN2's, in layers that may run in float16


class ModulatedLinear(nn.Module):
    """x (N, C, P), w (N, style_dim) -> (N, channels_out, P): one map of the channels, the same at all P positions.

    A modulated convolution of 1 x 1 (StyleGAN2), for positions that need not form an image. Noise (N, 1, P), if any, is
    added before the activation. The style is multiplied into the weights of each image: they are fewer numbers than the
    activations of any useful size.

    Args:
        demodulates: if not, the style is scaled by 1 / sqrt(fan-in) instead, as for layers that put out colours.
        clamp: largest magnitude of what comes out.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        style_dim: int,
        *,
        demodulates: bool = True,
        activation: Activation = "lrelu",
        clamp: float = CLAMP,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in))
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.affine = EqualizedLinear(style_dim, channels_in, bias=1.0)
        self.demodulates, self.activation, self.clamp = demodulates, activation, clamp
        self.style_gain = 1.0 if demodulates else 1 / math.sqrt(channels_in)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None = None) -> Tensor:
        weight = self.modulated(w)
        bias = self.bias[:, None] if noise is None else self.bias[:, None] + noise
        y = map_channels(x, weight, bias, self.activation)
        return y if math.isinf(self.clamp) else y.clamp(-self.clamp, self.clamp)

    def modulated(self, w: Tensor) -> Tensor:
        """The weights of each image, (N, channels_out, C)."""
        weight = self.weight * (self.affine(w) * self.style_gain)[:, None]
        if self.demodulates:
            weight = weight * (weight.square().sum(dim=2, keepdim=True) + 1e-8).rsqrt()
        return weight


class StyledBlock(nn.Module):
    """x (N, C, P) -> features (N, channels, P) by two modulated layers, and what leaves of them, (N, leaving, P)."""

    def __init__(self, channels_in: int, channels: int, leaving: int, style_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [ModulatedLinear(channels_in, channels, style_dim), ModulatedLinear(channels, channels, style_dim)]
        )
        self.leave = ModulatedLinear(channels, leaving, style_dim, demodulates=False, activation="linear")

    def forward(self, x: Tensor, first: Tensor, second: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
        """A style (N, style_dim) for each layer, and for what leaves."""
        x = self.layers[1](self.layers[0](x, first), second)
        return x, self.leave(x, last)


def map_channels(x: Tensor, weight: Tensor, bias: Tensor, activation: Activation) -> Tensor:
    """x (N, C, P), weight (N, O, C) -> (N, O, P): weight @ x + bias, activated, at each position.

    The activation's gain is multiplied into the weights, which are smaller: leaky ReLU commutes with it.

    Args:
        bias: (O, 1), or anything else that fits the result.
    """
    if activation == "lrelu":
        weight, bias = math.sqrt(2) * weight, math.sqrt(2) * bias
    y = torch.baddbmm(bias.to(x.dtype), weight.to(x.dtype), x)
    return F.leaky_relu(y, 0.2, inplace=True) if activation == "lrelu" else y


def in_blocks(x: Tensor) -> Tensor:
    """(N, C, P) -> (N, C, a multiple of 64), filled up with zeros.

    Matrix products treat what is left over after whole blocks by other programs, which round differently: a tile would
    differ in its last bits from the same places of the whole.
    """
    if torch.compiler.is_exporting():  # other runtimes have other programs
        return x
    missing = -x.shape[-1] % _BLOCK
    return F.pad(x, (0, missing)) if missing else x


def _normalise(x: Tensor) -> Tensor:
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
