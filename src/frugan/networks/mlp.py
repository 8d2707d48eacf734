"""Fully connected generator and discriminator (Goodfellow et al. 2014), for toys of a few pixels."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Discriminator, Generator, refuse_foreign_grid
from frugan.nn.labels import known_label
from frugan.ops.grid import Grid


class MLPGenerator(Generator):
    """z (N, latent_dim) -> code (N, C, H, W) in (-1, 1): two hidden layers with ReLU, tanh.

    Args:
        code_shape: (C, H, W), any.
        latent_dim: length of z ~ N(0, I).
        width: of both hidden layers.
        output_gain: factor on the initial weights of the last layer: how varied its first pictures are.
    """

    def __init__(
        self, code_shape: tuple[int, int, int], latent_dim: int = 32, width: int = 128, output_gain: float = 1.0
    ) -> None:
        super().__init__()
        self.code_shape, self.latent_dim = tuple(code_shape), latent_dim  # type: ignore[assignment]
        self.hidden = nn.Sequential(nn.Linear(latent_dim, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.output = nn.Linear(width, math.prod(code_shape))
        with torch.no_grad():
            self.output.weight.mul_(output_gain)

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        known_label(label, self.classes)
        return z

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        refuse_foreign_grid(self, grid)
        return torch.tanh(self.output(self.hidden(w))).unflatten(1, self.code_shape)


class MLPDiscriminator(Discriminator):
    """code (N, C, H, W) -> logits (N,): two hidden layers of `width` with LeakyReLU 0.2."""

    def __init__(self, code_shape: tuple[int, int, int], width: int = 128) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(math.prod(code_shape), width), nn.Linear(width, width)
        self.output = nn.Linear(width, 1)

    def forward(self, code: Tensor, label: Tensor | None = None) -> Tensor:
        h = F.leaky_relu(self.first(code.flatten(1)), 0.2)
        return self.output(F.leaky_relu(self.second(h), 0.2)).flatten()
