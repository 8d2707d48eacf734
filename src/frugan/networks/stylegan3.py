"""StyleGAN3 in configuration T (Karras et al. 2021): a generator whose details move with what they belong to.

Waves on a plane, fourteen convolutions with filtered non-linearities, no noise, no skip connections. The plane can be
looked at through any window, so that a moved picture is the same picture, moved. The discriminator is StyleGAN2's.
Parameters at the default widths:

    side              256           512          1024
    generator      28,472,133    24,873,519    22,313,167

The paper tells 22.3 million (1024 x 1024). Its trainings at 256 x 256 halve `channel_base`: 23,320,443.
"""

import math

from torch import Tensor

from frugan.networks.style_based import StyleBasedGenerator
from frugan.nn.alias_free import AliasFreeTrunk
from frugan.nn.style import MappingNetwork
from frugan.ops.grid import Grid, full_grid, window_at


class StyleGAN3Generator(StyleBasedGenerator):
    """z (N, latent_dim) -> w (N, layers + 2, style_dim) -> code (N, C, H, W) at evenly spaced coordinates.

    Moved coordinates show the moved picture. Denser ones show what a layer draws where waves are longer, and that was
    never judged: `AnyresGANGenerator` learns it.

    Args:
        code_shape: (C, H, W), from 8: the middle of a square plane whose side is the next power of two.
        layers: convolutions; fewer for small pictures.
        channel_base, channel_max: a layer of cutoff c has min(channel_base / (2 c), channel_max) channels.
        margin: samples beyond the picture that all but the last two layers compute (10).
        mapping_layers: 2, where StyleGAN2 has 8.
        magnitude_kimg: half-life of the mean magnitudes that layers divide by, in thousands of training images (20).
        classes: 0 for unconditional.
    """

    even_grid = True
    own_windows = True
    overlap = 16  # tiles then agree by 97 dB with 14 layers and margins of 10 (64 without), by 120 dB with 6

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        latent_dim: int = 512,
        style_dim: int = 512,
        layers: int = 14,
        channel_base: int = 32768,
        channel_max: int = 512,
        margin: int = 10,
        mapping_layers: int = 2,
        magnitude_kimg: float = 20.0,
        classes: int = 0,
    ) -> None:
        check_size(code_shape, "StyleGAN3", layers)
        super().__init__(code_shape, layers + 2, MappingNetwork(latent_dim, style_dim, mapping_layers, classes))
        colours, side = code_shape[0], plane_side(code_shape)
        self.trunk = AliasFreeTrunk(side, colours, style_dim, layers, channel_base, channel_max, margin, magnitude_kimg)
        self.cell = self.trunk.cell

    def share(self, processes: int) -> None:
        self.trunk.share(processes)

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        """
        Raises:
            ValueError: coordinates that are not evenly spaced.
        """
        rows, cols = grid or full_grid(*self.code_shape[1:])
        window = window_at(Grid(rows, cols), self.code_shape[1:], self.cell, self.trunk.side, "StyleGAN3")
        code: Tensor = self.trunk(w, window)
        return code[..., : rows.shape[-1], : cols.shape[-1]]


def plane_side(code_shape: tuple[int, int, int]) -> int:
    """Of the plane in whose middle the picture lies: a power of two, at which the sampling rates can end."""
    side: int = 2 ** math.ceil(math.log2(max(code_shape[1:])))
    return side


def check_size(code_shape: tuple[int, int, int], who: str, layers: int) -> None:
    """
    Raises:
        ValueError: pictures that are too small; or too few layers.
    """
    _, height, width = code_shape
    if min(height, width) < 8:
        raise ValueError(f"{who} needs codes of at least 8 x 8, got {height} x {width}")
    if layers < 3:
        raise ValueError(f"{who} needs at least 3 layers, got {layers}")
