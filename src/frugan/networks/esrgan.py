"""ESRGAN (Wang et al. 2018): the discriminator that ESRGAN-W and -P train against, and the RRDB network of the
official weights (not-so-big-GAN, section 3.2 and appendix I)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Decoder, Discriminator
from frugan.nn.pyramid import pyramid
from frugan.ops.borders import filled_to


class VGGDiscriminator(Discriminator):
    """image (N, C, H, W) -> logits (N,): pairs of a 3 x 3 and a strided 4 x 4 convolution, then two linear layers.

    Args:
        code_shape: (C, H, W), from 16; for RGB of 256 x 256 it has 21,055,049 parameters.
        width: channels of the first pair; doubles up to 8 times that.
    """

    def __init__(self, code_shape: tuple[int, int, int], width: int = 64) -> None:
        super().__init__()
        channels = code_shape[0]
        end = pyramid(*code_shape[1:], "ESRGAN", least=16)
        self.filled = end.size(end.doublings)
        layers: list[nn.Module] = []
        for pair in range(end.doublings):
            out = width * 2 ** min(pair, 3)
            layers += _convolution(channels, out, kernel=3, stride=1, norm=pair > 0)
            layers += _convolution(out, out, kernel=4, stride=2, norm=True)
            channels = out
        self.layers = nn.Sequential(*layers)
        self.hidden, self.last = nn.Linear(channels * end.height * end.width, 100), nn.Linear(100, 1)

    def forward(self, code: Tensor, label: Tensor | None = None) -> Tensor:
        h = self.layers(filled_to(code, *self.filled)).flatten(1)
        return self.last(F.leaky_relu(self.hidden(h), 0.2)).flatten()


class RRDBNet(Decoder):
    """The generator of the official ESRGAN, x4: draws the image itself and ignores the base.

    23 residual-in-residual dense blocks; 16,697,987 parameters at its defaults. Made for images reduced by MATLAB's
    bicubic filter, values in [0, 1]; the range is converted here. `colours`: channels of images; 3 in the official one.
    """

    def __init__(self, width: int = 64, blocks: int = 23, growth: int = 32, colours: int = 3) -> None:
        super().__init__()
        self.halo = math.ceil(2 + 15 * blocks + 0.5 + 3 * 0.25)
        self.conv_first = _same(colours, width)
        self.body = nn.Sequential(*(_RRDB(width, growth) for _ in range(blocks)))
        self.conv_body = _same(width, width)
        self.conv_up1, self.conv_up2 = _same(width, width), _same(width, width)
        self.conv_hr, self.conv_last = _same(width, width), _same(width, colours)

    def forward(self, low: Tensor, base: Tensor, original: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        h = self.conv_first((low + 1) / 2)
        h = h + self.conv_body(self.body(h))
        for convolution in (self.conv_up1, self.conv_up2):
            h = F.leaky_relu(convolution(F.interpolate(h, scale_factor=2, mode="nearest")), 0.2)
        return 2 * self.conv_last(F.leaky_relu(self.conv_hr(h), 0.2)) - 1


def convert_rrdb_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The official files' names, of either generation, as `RRDBNet` has them.

    The older ones have `RRDB_trunk.0.RDB1.conv1`, `trunk_conv`, `upconv1`, `HRconv`; the newer `body.0.rdb1.conv1`.
    """
    replacements = {
        "RRDB_trunk.": "body.",
        "trunk_conv.": "conv_body.",
        "upconv1.": "conv_up1.",
        "upconv2.": "conv_up2.",
        "HRconv.": "conv_hr.",
        ".RDB": ".rdb",
    }
    converted = {}
    for name, tensor in weights.items():
        for old, new in replacements.items():
            name = name.replace(old, new)
        converted[name] = tensor
    return converted


class _RRDB(nn.Module):
    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (_DenseBlock(width, growth) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class _DenseBlock(nn.Module):
    """Five convolutions, each of which sees all that came before; the residual is scaled by 0.2."""

    def __init__(self, width: int, growth: int) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3, self.conv4 = (_same(width + i * growth, growth) for i in range(4))
        self.conv5 = _same(width + 4 * growth, width)

    def forward(self, x: Tensor) -> Tensor:
        seen = [x]
        for convolution in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen.append(F.leaky_relu(convolution(torch.cat(seen, dim=1)), 0.2))
        return x + 0.2 * self.conv5(torch.cat(seen, dim=1))


def _convolution(channels: int, out: int, *, kernel: int, stride: int, norm: bool) -> list[nn.Module]:
    layers: list[nn.Module] = [nn.Conv2d(channels, out, kernel, stride, padding=1, bias=not norm)]
    return [*layers, *([nn.BatchNorm2d(out)] if norm else []), nn.LeakyReLU(0.2)]


def _same(channels: int, out: int) -> nn.Conv2d:
    return nn.Conv2d(channels, out, 3, padding=1)
