"""CREPS without its lines: the paper's ablation, which runs the whole trunk at every pixel."""

import math

import torch
from torch import Tensor, nn

from frugan.networks.creps import line_widths, usual_levels
from frugan.networks.style_based import StyleBasedGenerator
from frugan.nn.bi_line import LineTrunk
from frugan.nn.equalized import EqualizedLinear
from frugan.nn.pixel_chain import PixelChain
from frugan.nn.style import MappingNetwork
from frugan.ops.grid import Grid, full_grid


class PerPixelCREPSGenerator(StyleBasedGenerator):
    """z (N, latent_dim) -> w (N, 2 levels + 3, style_dim) -> code (N, C, H, W) at any coordinates.

    Settings as `CREPSGenerator`'s; without decoders it is the paper's CREPS-NB. Costs 10.7 million multiply-adds a
    pixel at the default widths, 60 times as many.
    """

    any_grid = True

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        latent_dim: int = 512,
        style_dim: int = 512,
        levels: int = 0,
        channel_base: int = 65536,
        channel_max: int = 1024,
        line_channels: int = 32,
        bandwidth: float = 10.0,
        mapping_layers: int = 8,
        decodes: bool = True,
        classes: int = 0,
    ) -> None:
        levels = levels or usual_levels(code_shape)
        super().__init__(code_shape, 2 * levels + 3, MappingNetwork(latent_dim, style_dim, mapping_layers, classes))
        self.levels = levels
        channels = line_widths(levels, channel_base, channel_max)
        self.enter = _FourierPixels(channels[0], bandwidth, style_dim)
        self.trunk = LineTrunk(channels, line_channels, style_dim)
        self.chain = PixelChain(levels, line_channels, code_shape[0], style_dim, decodes=decodes)

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        rows, cols = (axis.to(w.device) for axis in grid or full_grid(*self.code_shape[1:]))
        levels = self.trunk(self.enter(w[:, 0], rows, cols), w)
        code: Tensor = self.chain(levels.unbind(1), w[:, -1])
        return code.unflatten(2, (rows.shape[0], cols.shape[0]))


class _FourierPixels(nn.Module):
    """-> features (N, C, H W): waves in all directions, with styled amplitudes."""

    def __init__(self, channels: int, bandwidth: float, style_dim: int) -> None:
        super().__init__()
        self.frequencies: Tensor
        self.register_buffer("frequencies", bandwidth * torch.randn(2, channels // 2))
        self.amplitude = nn.Parameter(torch.randn(channels))
        self.affine = EqualizedLinear(style_dim, channels, bias=1.0)

    def forward(self, w: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
        with torch.autocast(w.device.type, enabled=False):
            of_rows, of_cols = self.frequencies[:, :, None, None]
            turns = of_rows * rows.to(of_rows)[:, None] + of_cols * cols.to(of_cols)
            waves = torch.cat([(2 * math.pi * turns).sin(), (2 * math.pi * turns).cos()]).flatten(1)
            scale = self.amplitude * self.affine(w.to(self.amplitude)) / math.sqrt(len(self.amplitude))
            return waves * scale[..., None]
