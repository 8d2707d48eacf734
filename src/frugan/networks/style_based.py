"""What generators with a mapping network share: one style a layer, style mixing, truncation towards the mean style."""

import torch
from torch import Tensor

from frugan.networks.base import Generator
from frugan.nn.style import MappingNetwork


class StyleBasedGenerator(Generator):
    """z (N, latent_dim) -> w (N, num_styles, style_dim) -> code.

    Args:
        style_mixing: in training, the probability that a batch takes its styles from two latents (StyleGAN2: .9).
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        num_styles: int,
        mapping_network: MappingNetwork,
        style_mixing: float = 0.0,
    ) -> None:
        super().__init__()
        self.code_shape, self.num_styles, self.style_mixing = tuple(code_shape), num_styles, style_mixing  # type: ignore[assignment]
        self.map, self.latent_dim, self.classes = mapping_network, mapping_network.latent_dim, mapping_network.classes

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        w = self.map(z, label)
        if not self.training:
            return self._repeat(w)
        self.map.follow(w)
        styles = self._repeat(w)
        if self.style_mixing > 0 and torch.rand(()).item() < self.style_mixing:
            first = int(torch.randint(1, self.num_styles, ()).item())
            other = self._repeat(self.map(torch.randn_like(z), label))
            styles = torch.cat([styles[:, :first], other[:, first:]], dim=1)
        return styles

    def truncated_mapping(self, z: Tensor, label: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Styles pulled towards their mean: the truncation trick of style-based generators."""
        return self.map.average.lerp(self.mapping(z, label), truncation)

    def _repeat(self, w: Tensor) -> Tensor:
        return w[:, None].expand(-1, self.num_styles, -1)


def layer_channels(side: int, base: int, most: int) -> int:
    """Of layers named after this side: halved for each doubling, but `most` at most."""
    return max(1, min(base // side, most))
