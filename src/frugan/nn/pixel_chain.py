"""From the features of each level to colours, at each pixel for itself (CREPS, layer-wise composition and refinement).

Pixels lie in a row (N, C, P): nothing here knows where they are, so a tile, a warped grid and a whole image are alike.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from torch import Tensor, nn

from frugan.nn.equalized import EqualizedLinear
from frugan.nn.style import CLAMP, ModulatedLinear, StyledBlock, in_blocks, map_channels


class PixelChain(nn.Module):
    """Features of each level (N, C, P) and a style (N, style_dim) -> colours (N, colours, P), not bounded.

    E <- decoder(E) + the next level's features, from the coarsest level on; a last decoder; then two refining blocks,
    whose colours are added to a linear view of E.

    Args:
        channels: C; decoders have 2, 4 and 2 C in between, the refining blocks 4 C and 2 C.
        decodes: whether there are decoders; without them, levels are added up (the paper's ablation).
        modulated: decoders know the style.
    """

    def __init__(
        self, levels: int, channels: int, colours: int, style_dim: int, *, decodes: bool = True, modulated: bool = False
    ) -> None:
        super().__init__()
        self.decoders = nn.ModuleList(_Decoder(channels, style_dim, modulated) for _ in range(levels if decodes else 0))
        self.modulated, self.clamp = modulated, CLAMP
        self.plain = SharedLinear(channels, colours)
        self.refinement = nn.ModuleList(
            StyledBlock(before, after, colours, style_dim)
            for before, after in pairwise([channels, 4 * channels, 2 * channels])
        )

    def forward(self, features: Iterable[Tensor], w: Tensor) -> Tensor:
        levels = iter(features)
        first = next(levels)
        x = self._composed(in_blocks(first), map(in_blocks, levels), w)
        colours = self.plain(x, w)
        for block in self.refinement:
            x, drawn = block(x, w, w, w)
            colours = colours + drawn
        return colours[..., : first.shape[-1]]

    def _composed(self, x: Tensor, finer: Iterator[Tensor], w: Tensor) -> Tensor:
        if not self.decoders:
            return sum(finer, start=x)
        for decoder, fresh in zip(self.decoders[:-1], finer, strict=True):
            x = decoder(x, w) + fresh
        decoded: Tensor = self.decoders[-1](x, w)
        return decoded


class _Decoder(nn.Module):
    """C -> 2 C -> 4 C -> 2 C -> C, activated each time, the last one too."""

    def __init__(self, channels: int, style_dim: int, modulated: bool) -> None:
        super().__init__()
        widths = [channels, 2 * channels, 4 * channels, 2 * channels, channels]
        self.layers = nn.ModuleList(
            ModulatedLinear(a, b, style_dim) if modulated else SharedLinear(a, b, activation="lrelu")
            for a, b in pairwise(widths)
        )

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x, w)
        return x


class SharedLinear(EqualizedLinear):
    """As `ModulatedLinear`, but the same for all styles."""

    def forward(self, x: Tensor, w: Tensor) -> Tensor:  # type: ignore[override]
        weight = (self.weight * self.gain).expand(x.shape[0], -1, -1)
        return map_channels(x, weight, (self.bias * self.rate)[:, None], self.activation)
