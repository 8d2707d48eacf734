"""StyleGAN2 (Karras et al. 2020): the skip generator and the residual discriminator of its ADA paper, in plain torch.

The output is linear, so that it can model wavelet codes as well as pixels. Parameters at the default widths:

    side              128           256           512          1024
    generator      29,328,669    30,034,338    30,276,583    30,370,060
    discriminator  28,389,121    28,864,129    28,982,849    29,012,513
"""

import math
import re
from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn

from frugan.networks.base import Discriminator, refuse_foreign_grid
from frugan.networks.style_based import StyleBasedGenerator, layer_channels
from frugan.nn.equalized import EqualizedConv2d, EqualizedLinear, activate
from frugan.nn.pyramid import pyramid
from frugan.nn.style import MappingNetwork, ModulatedConv2d
from frugan.ops import fir
from frugan.ops.borders import cut_to, filled_to
from frugan.ops.grid import Grid

_SKIP_GAIN = math.sqrt(0.5)


class StyleGAN2Generator(StyleBasedGenerator):
    """z (N, latent_dim) -> w (N, layers, style_dim) -> code (N, C, H, W).

    Args:
        code_shape: (C, H, W), from 8.
        channel_base, channel_max: layers named after side r have min(channel_base / r, channel_max) channels.
        mapping_layers: 8; 2 in the automatic settings of the ADA paper.
        style_mixing: in training, the probability that a batch takes its styles from two latents (.9).
        noise: whether per-pixel noise is added: fresh in training, fixed when sampling.
        classes: 0 for unconditional.
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        latent_dim: int = 512,
        style_dim: int = 512,
        channel_base: int = 32768,
        channel_max: int = 512,
        mapping_layers: int = 8,
        style_mixing: float = 0.9,
        noise: bool = True,
        classes: int = 0,
    ) -> None:
        start = pyramid(*code_shape[1:], "StyleGAN2")
        sides = start.nominal_sides
        mapping_network = MappingNetwork(latent_dim, style_dim, mapping_layers, classes)
        super().__init__(code_shape, 2 * len(sides), mapping_network, style_mixing)
        channels = [layer_channels(side, channel_base, channel_max) for side in sides]
        self.constant = nn.Parameter(torch.randn(channels[0], start.height, start.width))
        blocks = []
        for i, width in enumerate(channels):
            before = channels[i - 1] if i else None
            blocks.append(_SynthesisBlock(before, width, code_shape[0], start.size(i), style_dim, noise))
        self.blocks = nn.ModuleList(blocks)

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        refuse_foreign_grid(self, grid)
        return cut_to(self._from(self.constant, w), *self.code_shape[1:])

    def resized_synthesis(self, w: Tensor, height: int) -> Tensor:
        """Codes (N, C, height, ...): the learned constant enlarged, and noise left out, which knows one size alone."""
        trained, doublings = self.code_shape[1:], len(self.blocks) - 1
        size = [round(side * height / trained[0]) for side in trained]
        start = [-(-side // 2**doublings) for side in size]
        constant = nn.functional.interpolate(self.constant[None], size=start, mode="bilinear")[0]
        return cut_to(self._from(constant, w, noisy=False), *size)

    def _from(self, constant: Tensor, w: Tensor, noisy: bool = True) -> Tensor:
        x = constant.expand(w.shape[0], -1, -1, -1)
        code = None
        for i, block in enumerate(self.blocks):
            # A block of two convolutions: its colours are made of the style that the next block begins with.
            x, code = block(x, code, w[:, max(2 * i - 1, 0) :], noisy)
        assert code is not None
        return code


class _SynthesisBlock(nn.Module):
    """One size: an enlarging and a plain modulated convolution (the first block has only the latter), and colours."""

    def __init__(
        self,
        channels_in: int | None,
        channels: int,
        colours: int,
        size: tuple[int, int],
        style_dim: int,
        noise: bool,
    ) -> None:
        super().__init__()
        enlarging = [] if channels_in is None else [_StyledLayer(channels_in, channels, size, style_dim, True, noise)]
        self.layers = nn.ModuleList([*enlarging, _StyledLayer(channels, channels, size, style_dim, False, noise)])
        self.colour = ModulatedConv2d(channels, colours, 1, style_dim, demodulates=False)
        self.colour_bias = nn.Parameter(torch.zeros(colours))

    def forward(self, x: Tensor, code: Tensor | None, w: Tensor, noisy: bool) -> tuple[Tensor, Tensor]:
        for i, layer in enumerate(self.layers):
            x = layer(x, w[:, i], noisy)
        drawn = self.colour(x, w[:, len(self.layers)]) + self.colour_bias[:, None, None]
        return x, drawn if code is None else fir.upsample(code) + drawn


class _StyledLayer(nn.Module):
    """Modulated 3 x 3 convolution, noise, bias, leaky ReLU."""

    def __init__(
        self, channels_in: int, channels: int, size: tuple[int, int], style_dim: int, doubles: bool, noise: bool
    ) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(channels_in, channels, 3, style_dim, doubles=doubles)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.noise_strength = nn.Parameter(torch.zeros(())) if noise else None
        self.noise: Tensor
        self.register_buffer("noise", torch.randn(size) if noise else torch.zeros(0))

    def forward(self, x: Tensor, w: Tensor, noisy: bool) -> Tensor:
        x = self.convolution(x, w)
        if self.noise_strength is not None and noisy:
            drawn = torch.randn_like(x[:, :1]) if self.training else self.noise
            x = x + self.noise_strength * drawn
        return activate(x + self.bias[:, None, None], "lrelu")


class StyleGAN2Discriminator(Discriminator):
    """code (N, C, H, W) -> logits (N,): residual blocks, and the spread within groups of images as one more channel.

    Args:
        code_shape: (C, H, W), from 8.
        group: images whose spread is compared (minibatch standard deviation); 0 for none.
        classes: 0 for unconditional; else the logit is a product with an embedding of the label.
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        channel_base: int = 32768,
        channel_max: int = 512,
        group: int = 4,
        classes: int = 0,
    ) -> None:
        super().__init__()
        end = pyramid(*code_shape[1:], "StyleGAN2")
        self.filled = end.size(end.doublings)
        sides = end.nominal_sides[::-1]
        channels = [layer_channels(side, channel_base, channel_max) for side in sides]
        self.enter = EqualizedConv2d(code_shape[0], channels[0], 1, activation="lrelu")
        self.blocks = nn.Sequential(*(_ResidualBlock(a, b) for a, b in pairwise(channels)))
        last = channels[-1]
        self.group, self.classes = group, classes
        self.convolution = EqualizedConv2d(last + bool(group), last, 3, activation="lrelu")
        self.hidden = EqualizedLinear(end.height * end.width * last, last, activation="lrelu")
        self.leave = EqualizedLinear(last, last if classes else 1)
        self.embedding = MappingNetwork(0, last, 8, classes) if classes else None

    def forward(self, code: Tensor, label: Tensor | None = None) -> Tensor:
        x = self.blocks(self.enter(filled_to(code, *self.filled)))
        if self.group:
            x = torch.cat([x, _spread(x, self.group)], dim=1)
        logits = self.leave(self.hidden(self.convolution(x).flatten(1)))
        if self.embedding is None:
            return logits.flatten()
        wanted = self.embedding(x.new_zeros(len(x), 0), label)
        return (logits * wanted).sum(dim=1) / math.sqrt(wanted.shape[1])

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Those of smaller codes lack the first blocks: these and the layer that enters them stay new."""
        older = 1 + max((int(name.split(".")[1]) for name in weights if name.startswith("blocks.")), default=-1)
        grown = len(self.blocks) - older
        if grown <= 0:
            self.load_state_dict(weights)
            return
        moved = {
            re.sub(r"^blocks\.(\d+)", lambda found: f"blocks.{int(found[1]) + grown}", name): tensor
            for name, tensor in weights.items()
            if not name.startswith("enter.")
        }
        missing, unknown = self.load_state_dict(moved, strict=False)
        new = {f"blocks.{i}" for i in range(grown)} | {"enter"}
        lacking = [name for name in missing if not any(name.startswith(f"{layer}.") for layer in new)]
        if lacking or unknown:
            raise RuntimeError(f"a discriminator of another kind: {', '.join([*lacking, *unknown][:3])}")


class _ResidualBlock(nn.Module):
    """(N, a, H, W) -> (N, b, H/2, W/2)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.first = EqualizedConv2d(channels_in, channels_in, 3, activation="lrelu")
        self.second = EqualizedConv2d(channels_in, channels_out, 3, stride=2, padding=0, activation="lrelu")
        self.skip = EqualizedConv2d(channels_in, channels_out, 1, has_bias=False)

    def forward(self, x: Tensor) -> Tensor:
        h = self.second(fir.blur(self.first(x), padding=2))
        return _SKIP_GAIN * (h + self.skip(fir.downsample(x)))


def _spread(x: Tensor, group: int) -> Tensor:
    """Mean standard deviation within groups of images, as a channel (N, 1, H, W); the last group may be smaller."""
    count = len(x)
    group = min(group, count)
    if count % group:
        raise ValueError(
            f"a batch of {count} does not consist of groups of {group}, as the discriminator's `group` asks"
        )
    grouped = x.view(group, -1, *x.shape[1:])
    deviation = (grouped.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    return deviation.repeat(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])
