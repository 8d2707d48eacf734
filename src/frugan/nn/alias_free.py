"""Layers without aliasing: StyleGAN3 in configuration T (Karras et al. 2021), as a trunk from styles to colours.

The trunk begins with waves on a plane and never learns where its pixels lie: where the plane is looked at, and how
densely, is a transformation of these waves. Each level has a sampling rate, a cutoff up to which frequencies pass, and
a half-width of the transition above it. Some samples beyond the picture stand in for the endless plane.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.nn.equalized import EqualizedLinear
from frugan.nn.style import CLAMP
from frugan.ops.grid import Window
from frugan.ops.kaiser import Resampling, as_taps, filtered_lrelu, lowpass

_FILTER = 6  # taps for each step of resampling (filter_size)
_DENSER = 2  # how much denser samples are where they are bent (lrelu_upsampling)
_CRITICAL = 2  # last layers without a transition below half of the sampling rate (num_critical)
_FIRST_CUTOFF, _FIRST_STOPBAND = 2.0, 2.0**2.1
_LAST_STOPBAND = 2.0**0.3  # relative to the last cutoff (last_stopband_rel)
_OUTPUT_GAIN = 0.25  # output_scale


@dataclass(frozen=True)
class Level:
    """Samples of the plane between two layers; rates and frequencies are those of one picture.

    Attributes:
        rate: samples along a side of the picture.
        cutoff: largest frequency that passes.
        half_width: of the transition above it.
        margin: samples beyond the picture, on each side.
    """

    channels: int
    rate: int
    cutoff: float
    half_width: float
    margin: int

    def samples(self, pixels: int, side: int) -> int:
        """Along a side of a canvas of so many pixels; `side` of them are a picture."""
        return self.rate * pixels // side + 2 * self.margin


def plan_levels(side: int, colours: int, layers: int, base: int, most: int, margin: int) -> list[Level]:
    """What comes out of the waves, of each layer, and of the colours: layers + 1 levels, the last with colours.

    Cutoffs and stopbands are geometric series; the last two layers are sampled critically (section 3 of the paper).

    Args:
        base, most: a level of cutoff c has min(base / (2 c), most) channels.
        margin: samples beyond the picture on each side, of all but the last two levels.
    """
    last = side / 2
    levels = []
    for i in range(layers + 1):
        part = min(i / (layers - _CRITICAL), 1.0)
        cutoff = _FIRST_CUTOFF * (last / _FIRST_CUTOFF) ** part
        stopband = _FIRST_STOPBAND * (last * _LAST_STOPBAND / _FIRST_STOPBAND) ** part
        rate = 2 ** math.ceil(math.log2(min(2 * stopband, side)) - 1e-9)
        channels = colours if i == layers else max(1, round(min(base / 2 / cutoff, most)))
        half_width = max(stopband, rate / 2) - cutoff
        levels.append(Level(channels, rate, cutoff, half_width, 0 if i >= layers - 1 else margin))
    return levels


class AliasFreeTrunk(nn.Module):
    """Styles (N, layers + 2, style_dim) and a window -> code (N, colours, H, W).

    Attributes:
        cell: pixels that a sample of the coarsest level spans: sides of canvases are multiples.
        widths: channels that each layer takes, and so the length of its style.

    Args:
        side: of the picture, in pixels: a power of two from 8.
        base, most, margin: see `plan_levels`.
        magnitude_kimg: half-life of the mean magnitudes by which layers divide, in thousands of training images.
    """

    def __init__(
        self,
        side: int,
        colours: int,
        style_dim: int,
        layers: int,
        base: int,
        most: int,
        margin: int,
        magnitude_kimg: float,
    ) -> None:
        super().__init__()
        levels = plan_levels(side, colours, layers, base, most, margin)
        self.side, self.levels, self.cell = side, levels, side // levels[0].rate
        self.waves = FourierWaves(levels[0], style_dim)
        befores = [levels[0], *levels[:-1]]
        self.layers = nn.ModuleList(
            _Layer(before, after, style_dim, magnitude_kimg, draws_colours=i == layers)
            for i, (before, after) in enumerate(zip(befores, levels, strict=True))
        )
        self.widths = [before.channels for before in befores]

    def share(self, processes: int) -> None:
        """Be told how many processes share a batch."""
        for layer in self.layers:
            assert isinstance(layer, _Layer)
            layer.processes = processes

    def forward(self, w: Tensor, window: Window, shifts: Sequence[Tensor] | None = None) -> Tensor:
        """
        Args:
            window: of the picture; its sides are multiples of `cell`.
            shifts: what is added to the style of each layer, (N, its width).
        """
        sizes = [tuple(level.samples(pixels, self.side) for pixels in window.size) for level in self.levels]
        with torch.autocast(w.device.type, enabled=False):  # half precision would move the waves by whole pixels
            x = self.waves(w[:, 0].to(self.waves.weight), window, sizes[0])
        for i, layer in enumerate(self.layers):
            x = layer(x, w[:, i + 1], sizes[i], None if shifts is None else shifts[i])
        code: Tensor = _OUTPUT_GAIN * x
        return code


class FourierWaves(nn.Module):
    """Waves whose frequencies fill a disc, turned and moved by the style, and mixed; (N, channels, h, w).

    A wave that a window shows too densely for the samples fades out before it would alias.
    """

    def __init__(self, level: Level, style_dim: int) -> None:
        super().__init__()
        self.rate, self.bandwidth = level.rate, level.cutoff
        angle, phase = torch.rand(level.channels) * 2 * math.pi, torch.rand(level.channels) - 0.5
        radius = self.bandwidth * torch.rand(level.channels).sqrt()  # alike everywhere on the disc
        self.frequencies: Tensor
        self.phases: Tensor
        self.register_buffer("frequencies", radius[:, None] * torch.stack([angle.sin(), angle.cos()], dim=1))  # y, x
        self.register_buffer("phases", phase)
        self.weight = nn.Parameter(torch.randn(level.channels, level.channels))
        self.affine = EqualizedLinear(style_dim, 4)  # cosine and sine of a turn, and how far to move: x, y
        with torch.no_grad():
            self.affine.weight.zero_()
            self.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))

    def forward(self, w: Tensor, window: Window, size: tuple[int, ...]) -> Tensor:
        moved = self.affine(w)
        # The length of the turn divides the translation, too (appendix F).
        turn, move = (moved / moved[:, :2].norm(dim=1, keepdim=True)).split(2, dim=1)
        cosine, sine = turn.split(1, dim=1)
        along_y, along_x = self.frequencies.T
        turned = torch.stack([cosine * along_y - sine * along_x, sine * along_y + cosine * along_x], dim=2)  # (N, C, 2)
        # The wave f at R (p - t), p = middle + scale q: of frequency R' f scale in q, and moved in phase.
        middle, scale = window.middle.to(w)[:, None], window.scale.to(w)[:, None]
        phase = self.phases + (turned * (middle - move.flip(1)[:, None])).sum(dim=2)
        seen = turned * scale
        fades = (1 - (seen.norm(dim=2) - self.bandwidth) / (self.rate / 2 - self.bandwidth)).clamp(0, 1)
        y, x = ((torch.arange(n, device=w.device) + 0.5 - n / 2).to(w) / self.rate for n in size)
        angle = (seen[..., :1] * y + phase[..., None])[..., None] + (seen[..., 1:] * x)[..., None, :]
        waves = (2 * math.pi * angle).sin() * fades[..., None, None]
        return F.conv2d(waves, self.weight[..., None, None] / math.sqrt(len(self.weight)))


class _Layer(nn.Module):
    """A modulated convolution and a filtered leaky ReLU from one level to the next; the last one draws colours."""

    def __init__(
        self, before: Level, after: Level, style_dim: int, magnitude_kimg: float, *, draws_colours: bool
    ) -> None:
        super().__init__()
        self.draws_colours, self.kernel = draws_colours, 1 if draws_colours else 3
        self.weight = nn.Parameter(torch.randn(after.channels, before.channels, self.kernel, self.kernel))
        self.bias = nn.Parameter(torch.zeros(after.channels))
        self.affine = EqualizedLinear(style_dim, before.channels, bias=1.0)
        self.style_gain = 1 / math.sqrt(before.channels) if draws_colours else 1.0
        # A step shows this many images, and draws as many twice: for the discriminator and for itself.
        self.magnitude_halflife = 2000 * magnitude_kimg
        self.processes = 1  # that share a batch
        self.magnitude: Tensor
        self.register_buffer("magnitude", torch.ones(()))
        dense = max(before.rate, after.rate) * (1 if draws_colours else _DENSER)
        self.up, self.down = dense // before.rate, dense // after.rate
        self.up_taps: Tensor
        self.down_taps: Tensor
        for name, step, level in (("up_taps", self.up, before), ("down_taps", self.down, after)):
            taps = np.ones(1) if draws_colours else lowpass(_taps(step), level.cutoff, 2 * level.half_width, dense)
            self.register_buffer(name, as_taps(taps), persistent=False)

    def forward(self, x: Tensor, w: Tensor, size: tuple[int, ...], shift: Tensor | None) -> Tensor:
        """To samples of this size, with `shift` added to the style."""
        gain = self._input_gain(x)
        style = self.affine(w) if shift is None else self.affine(w) + shift
        style = style * self.style_gain
        size_before = tuple(x.shape[2:])
        x = F.conv2d(x * style[:, :, None, None], self.weight, padding=self.kernel - 1)
        if not self.draws_colours:
            variance = style.square() @ self.weight.square().sum(dim=(2, 3)).T
            gain = gain * (variance + 1e-8).rsqrt()[:, :, None, None]
        x = x * gain + self.bias[:, None, None]
        if self.draws_colours:
            return x.clamp(-CLAMP, CLAMP)
        return filtered_lrelu(x, self._resampling(size_before, size), math.sqrt(2), 0.2, CLAMP)

    def _input_gain(self, x: Tensor) -> Tensor:
        """Brings what comes in to unit magnitude, by a mean over training."""
        if self.training:
            keep = 0.5 ** (self.processes * len(x) / self.magnitude_halflife)
            self.magnitude.lerp_(x.detach().square().mean().to(self.magnitude), 1 - keep)
        return self.magnitude.rsqrt()

    def _resampling(self, before: tuple[int, ...], after: tuple[int, ...]) -> Resampling:
        """Samples at the ends, so that the middles of both sizes lie over each other."""
        reach = len(self.up_taps) + len(self.down_taps) - 2
        ends = []
        for old, new in zip(before, after, strict=True):
            total = (new - 1) * self.down + 1 + reach - (old + self.kernel - 1) * self.up
            first = (total + self.up) // 2
            ends.append((first, total - first))
        (top, bottom), (left, right) = ends
        return Resampling(self.up, self.down, self.up_taps, self.down_taps, (top, left), (bottom, right))


def _taps(step: int) -> int:
    return _FILTER * step if step > 1 else 1
