"""From the features of each level to colours, at each pixel for itself (CREPS, layer-wise composition and refinement).

Pixels lie in a row (N, C, P): nothing here knows where they are, so a tile, a warped grid and a whole image are alike.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from torch import Tensor, nn

from frugan.nn.equalized import EqualizedLinear
from frugan.nn.style import CLAMP, ModulatedLinear, in_blocks, map_channels


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
        kind = _ModulatedDecoder if modulated else _Decoder
        self.decoders = nn.ModuleList(kind(channels, style_dim) for _ in range(levels if decodes else 0))
        self.modulated, self.clamp = modulated, CLAMP
        self.plain = EqualizedLinear(channels, colours)
        self.refinement = nn.ModuleList(
            _Refinement(before, after, colours, style_dim)
            for before, after in pairwise([channels, 4 * channels, 2 * channels])
        )

    def forward(self, features: Iterable[Tensor], w: Tensor) -> Tensor:
        count = 0

        def whole_blocks() -> Iterator[Tensor]:
            nonlocal count
            for level in features:
                count = level.shape[-1]
                yield in_blocks(level)

        x = self._composed(whole_blocks(), w)
        colours = map_channels(x, *_weights(self.plain, len(x)), "linear")
        for block in self.refinement:
            x, drawn = block(x, w)
            colours = colours + drawn
        return colours[..., :count]

    def _composed(self, features: Iterator[Tensor], w: Tensor) -> Tensor:
        x = next(features)
        if not self.decoders:
            return sum(features, start=x)
        for decoder, fresh in zip(self.decoders[:-1], features, strict=True):
            x = decoder(x, w) + fresh
        decoded: Tensor = self.decoders[-1](x, w)
        return decoded


class _Decoder(nn.Module):
    """C -> 2 C -> 4 C -> 2 C -> C, activated each time, the last one too; knows nothing of the style."""

    def __init__(self, channels: int, style_dim: int) -> None:
        super().__init__()
        widths = [channels, 2 * channels, 4 * channels, 2 * channels, channels]
        self.layers = nn.ModuleList(EqualizedLinear(a, b) for a, b in pairwise(widths))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        for layer in self.layers:
            x = map_channels(x, *_weights(layer, len(x)), "lrelu")
        return x


class _ModulatedDecoder(nn.Module):
    def __init__(self, channels: int, style_dim: int) -> None:
        super().__init__()
        widths = [channels, 2 * channels, 4 * channels, 2 * channels, channels]
        self.layers = nn.ModuleList(ModulatedLinear(a, b, style_dim) for a, b in pairwise(widths))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x, w)
        return x


class _Refinement(nn.Module):
    def __init__(self, channels_in: int, channels: int, colours: int, style_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [ModulatedLinear(channels_in, channels, style_dim), ModulatedLinear(channels, channels, style_dim)]
        )
        self.colour = ModulatedLinear(channels, colours, style_dim, demodulates=False, activation="linear")

    def forward(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        for layer in self.layers:
            x = layer(x, w)
        return x, self.colour(x, w)


def _weights(layer: nn.Module, count: int) -> tuple[Tensor, Tensor]:
    """Of an equalised layer, the same for each of `count` images."""
    assert isinstance(layer, EqualizedLinear)
    return (layer.weight * layer.gain).expand(count, -1, -1), (layer.bias * layer.rate)[:, None]
