"""AnyresGAN (Chai et al. 2022): StyleGAN3-T that learned what pictures look like more closely.

The picture is a plane that can be looked at through any window. Trained on patches of photos that are larger than what
it draws at once (`sampler.patches`), it knows what is to be seen where samples lie closer, and is told how close they
lie. Published FID: FFHQ-512 3.71, FFHQ-1024 4.06, LSUN church 256 3.84.

The published program normalises the scale, a single number, by its own magnitude: every scale becomes 1, and the
network is told nothing. Here it is told the scale.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from frugan.networks.style_based import StyleBasedGenerator
from frugan.networks.stylegan3 import check_size, plane_side
from frugan.nn.alias_free import AliasFreeTrunk
from frugan.nn.equalized import EqualizedLinear
from frugan.nn.style import MappingNetwork
from frugan.ops.grid import Grid, full_grid, window_at


class AnyresGANGenerator(StyleBasedGenerator):
    """z (N, latent_dim) -> w (N, layers + 2, style_dim) -> code (N, C, H, W) at evenly spaced coordinates.

    Until it is trained on patches, it draws what a `StyleGAN3Generator` of the same weights does. What it draws of a
    window and the same place in a larger window agree closely, but not to the last bit: they differ in what lies beyond
    the margin: by 60 dB and more for a margin of 10, 34 to 45 dB for 4. Tiles of one picture overlap, and agree better.

    Args:
        code_shape: (C, H, W), from 8: what it draws at once in training.
        layers, channel_base, channel_max, margin, mapping_layers, magnitude_kimg: as of `StyleGAN3Generator`.
        closest: how many times as dense as whole pictures the densest patches are, above 1: what the scale is relative
            to; 4 for photos of 1024 x 1024 and patches of 256 x 256, the paper's.
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
        closest: float = 4.0,
        classes: int = 0,
    ) -> None:
        check_size(code_shape, "AnyresGAN", layers)
        if closest <= 1:
            raise ValueError(f"closest: patches are denser than whole pictures, so it is above 1; got {closest:g}")
        super().__init__(code_shape, layers + 2, MappingNetwork(latent_dim, style_dim, mapping_layers, classes))
        colours, side = code_shape[0], plane_side(code_shape)
        self.trunk = AliasFreeTrunk(side, colours, style_dim, layers, channel_base, channel_max, margin, magnitude_kimg)
        self.closeness = _Closeness(self.trunk.widths, style_dim, closest)
        self.cell = self.trunk.cell

    def share(self, processes: int) -> None:
        self.trunk.share(processes)

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        """
        Raises:
            ValueError: coordinates that are not evenly spaced.
        """
        rows, cols = grid or full_grid(*self.code_shape[1:])
        window = window_at(Grid(rows, cols), self.code_shape[1:], self.cell, self.trunk.side, "AnyresGAN")
        shifts = self.closeness(window.scale.to(w).log().mean(dim=1).exp())
        code: Tensor = self.trunk(w, window, shifts)
        return code[..., : rows.shape[-1], : cols.shape[-1]]

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Those of a `StyleGAN3Generator` know nothing of closeness, which stays new."""
        new = {name: t for name, t in self.state_dict().items() if name.startswith("closeness.")}
        self.load_state_dict({**new, **weights})


class _Closeness(nn.Module):
    """How far apart samples are (N,), 1 as in whole pictures -> what is added to the style of each layer, (N, width).

    At the scale of whole pictures the network is told 0, at the closest one 1. Nothing is added until training finds
    what should be.
    """

    def __init__(self, widths: Sequence[int], style_dim: int, closest: float) -> None:
        super().__init__()
        self.closest = closest
        self.mapping = nn.Sequential(
            EqualizedLinear(1, style_dim, rate=0.01, activation="lrelu"),
            EqualizedLinear(style_dim, style_dim, rate=0.01, activation="lrelu"),
        )
        affines = [EqualizedLinear(style_dim, width) for width in widths]
        for affine in affines:
            nn.init.zeros_(affine.weight)
        self.affines = nn.ModuleList(affines)

    def forward(self, scale: Tensor) -> list[Tensor]:
        features = self.features(scale)
        return [affine(features) for affine in self.affines]

    def features(self, scale: Tensor) -> Tensor:
        """(N,) -> (N, style_dim)."""
        told = (1 / scale - 1) / (self.closest - 1)
        mapped: Tensor = self.mapping(told[:, None])
        return mapped
