"""Path length regularisation of style-based generators (StyleGAN2, section 3.2), of type `base.GeneratorPenalty`."""

import math

import torch
from torch import Tensor, nn

from frugan.objectives.base import TwoStageGenerator


class PathLength(nn.Module):
    """(|J^T y| - a)^2 with y ~ N(0, I) / sqrt(pixels): equal steps in w should change all pictures equally.

    J is the code's Jacobian with respect to the styles (N, layers, style_dim); a follows the mean length.

    Args:
        decay: how fast a follows.
        share: of each batch, from the first, for it costs a second backward pass (one half in StyleGAN2).
    """

    def __init__(self, decay: float = 0.01, share: float = 0.5) -> None:
        super().__init__()
        if not 0 < share <= 1:
            raise ValueError(f"share: must be in (0, 1], got {share}")
        self.decay, self.share = decay, share
        self.mean: Tensor
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, generator: TwoStageGenerator, z: Tensor, label: Tensor | None = None) -> Tensor:
        count = max(1, round(len(z) * self.share))
        styles = generator.mapping(z[:count], None if label is None else label[:count])
        if styles.ndim != 3:
            raise ValueError("path length: this generator's styles are not one vector a layer; take it out")
        codes = generator.synthesis(styles)
        direction = torch.randn_like(codes) / math.sqrt(codes.shape[2] * codes.shape[3])
        (gradient,) = torch.autograd.grad((codes * direction).sum(), styles, create_graph=True)
        lengths = gradient.square().sum(dim=2).mean(dim=1).sqrt()
        # As published, the mean takes part in the gradient by its newest term, lengths.mean() * decay.
        mean = self.mean.lerp(lengths.mean(), self.decay)
        self.mean.copy_(mean.detach())
        return (lengths - mean).square().mean()
