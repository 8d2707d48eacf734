"""CREPS: a generator without spatial convolutions, whose features are thick row and column lines.

Lines are functions of one coordinate; the product of a row and a column is an image; everything after it acts on each
pixel alone. So the same picture can be asked for at any coordinates: larger, in part, warped, or in tiles that fit
without a seam. Parameters at the default widths, without the two layers that the authors' program never runs:

    side         128           256           512          1024
            29,200,521    29,951,945    30,288,905    30,455,497
"""

import math
from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from frugan.networks.style_based import StyleBasedGenerator
from frugan.nn.bi_line import FourierLines, LineTrunk, split_lines
from frugan.nn.pixel_chain import PixelChain
from frugan.nn.style import MappingNetwork
from frugan.ops.grid import Grid, Lines, full_grid


class CREPSGenerator(StyleBasedGenerator):
    """z (N, latent_dim) -> w (N, 2 levels + 3, style_dim) -> code (N, C, H, W) at any coordinates.

    Attributes:
        kernel: how pixels are shaded where no gradient is wanted: by torch, or one picture at a time by one program for
            a CUDA device (`nn.fused_chain`), whose products may be of bf16.

    Args:
        code_shape: (C, H, W) that it is trained on; H and W may differ.
        levels: pairs of layers that add lines, each half as wide as channel_base allows for twice the side; 0 for
            log2(max(H, W)) - 2, as in the paper. Not tied to the size of any picture.
        channel_base, channel_max: layers named after side r have min(channel_base / r, channel_max) channels.
        line_channels: channels of lines and of pixels.
        thickness: D, slots of a line: the rank of what a level can draw in each channel.
        bandwidth: of the Fourier features, in cycles a picture.
        mapping_layers: of the mapping network.
        decodes, layerwise: False for the paper's ablations: levels are added up without decoders; or there is one
            composition alone, of the last level's lines ("+ bi-line").
        separate_axes, modulated_decoders: departures from the paper, see `FourierLines` and `PixelChain`.
        checkpoints: compute pixels again when gradients are taken instead of keeping them: less memory, more time.
        classes: 0 for unconditional.
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
        thickness: int = 8,
        bandwidth: float = 10.0,
        mapping_layers: int = 8,
        decodes: bool = True,
        layerwise: bool = True,
        separate_axes: bool = False,
        modulated_decoders: bool = False,
        checkpoints: bool = False,
        classes: int = 0,
    ) -> None:
        levels = levels or usual_levels(code_shape)
        super().__init__(code_shape, 2 * levels + 3, MappingNetwork(latent_dim, style_dim, mapping_layers, classes))
        self.levels = levels
        channels = line_widths(levels, channel_base, channel_max)
        self.enter = FourierLines(channels[0], thickness, bandwidth, style_dim, separate_axes)
        self.trunk = LineTrunk(channels, line_channels, style_dim)
        self.composed, decodes = (levels, decodes) if layerwise else (1, False)
        self.chain = PixelChain(
            levels, line_channels, code_shape[0], style_dim, decodes=decodes, modulated=modulated_decoders
        )
        self.checkpoints = checkpoints
        self.kernel: Literal["torch", "fused", "fused bf16"] = "torch"

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        lines = self.lines(w, grid or full_grid(*self.code_shape[1:]))
        if self.checkpoints and self.training:
            code: Tensor = checkpoint(self.shade, lines.rows, lines.cols, w, use_reentrant=False)
            return code
        return self.shade(lines.rows, lines.cols, w)

    def lines(self, w: Tensor, grid: Grid) -> Lines:
        """All that depends on rows or columns alone: worth keeping when one picture is rendered in pieces."""
        rows, cols = (axis.to(w.device) for axis in grid)
        drawn = self.trunk(self.enter(w[:, 0], rows, cols), w)[:, -self.composed :]
        return split_lines(drawn, self.enter.thickness, rows.shape[0], cols.shape[0])

    def shade(self, rows: Tensor, cols: Tensor, w: Tensor) -> Tensor:
        """Where lines meet: (N, levels, C, D, H) and (N, levels, C, D, W) -> codes (N, colours, H, W)."""
        if self.kernel != "torch" and not torch.is_grad_enabled():
            from frugan.nn.fused_chain import fused_shade

            return fused_shade(self.chain, rows, cols, w[:, -1], half=self.kernel == "fused bf16")
        fused = ((r.mT @ c).flatten(2) for r, c in _by_level(rows, cols))
        code: Tensor = self.chain(fused, w[:, -1])
        return code.unflatten(2, (rows.shape[-1], cols.shape[-1]))

    def shade_points(self, rows: Tensor, cols: Tensor, w: Tensor) -> Tensor:
        """P places anywhere, by the lines at their rows and columns: twice (N, levels, C, D, P) -> (N, colours, P)."""
        fused = ((r * c).sum(dim=2) for r, c in _by_level(rows, cols))
        colours: Tensor = self.chain(fused, w[:, -1])
        return colours


def _by_level(rows: Tensor, cols: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    yield from zip(rows.unbind(1), cols.unbind(1), strict=True)


def usual_levels(code_shape: tuple[int, int, int]) -> int:
    """Of a network for pictures of this size: sides 8, 16 ... up to it."""
    return max(1, math.ceil(math.log2(max(code_shape[1:]))) - 2)


def line_widths(levels: int, base: int, most: int) -> list[int]:
    """Channels of the features, for side 4, and of each level, for sides 8, 16 ..."""
    return [max(2, min(base // 2**i, most)) for i in range(2, levels + 3)]
