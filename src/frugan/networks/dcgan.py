"""DCGAN (Radford, Metz & Chintala 2016) for codes of any height and width from 8, the shorter below 512.

At 64 px, width 64 and latent_dim 100 it has the usual PyTorch form's parameter counts: generator 3,576,704 and
discriminator 2,765,568.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from frugan.networks.base import Discriminator, Generator, refuse_foreign_grid
from frugan.nn.labels import beside_class, with_class_logits
from frugan.nn.pyramid import Pyramid, pyramid
from frugan.ops.borders import cut_to, filled_to
from frugan.ops.grid import Grid

DiscriminatorNorm = Literal["batch", "none"]


class DCGANGenerator(Generator):
    """z (N, latent_dim) -> code (N, C, H, W) in (-1, 1): transposed convolutions, batch norm, ReLU, tanh.

    Args:
        code_shape: (C, H, W), from 8.
        latent_dim: length of z ~ N(0, I); 100 in the paper.
        width: channels of the last hidden layer; doubles towards 4 x 4, where it is width * S / 8 for a side S.
        refine: channels of one more full-resolution layer (batch norm, ReLU, 3 x 3) before the output, against the
            grain of a transposed convolution that paints pixels directly; 0 = none, as in the paper.
        classes: 0 for unconditional; else a learned vector of the class, as long as the latent, goes on beside it
            (Mirza & Osindero 2014).
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        latent_dim: int = 100,
        width: int = 64,
        refine: int = 0,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.code_shape, self.latent_dim = tuple(code_shape), latent_dim  # type: ignore[assignment]
        self.classes = classes
        start = _pyramid(code_shape)
        channels = [width * 2**i for i in reversed(range(start.doublings))]
        first = nn.ConvTranspose2d(
            latent_dim * (2 if classes else 1), channels[0], (start.height, start.width), bias=False
        )
        layers: list[nn.Module] = [first, *_norm_relu(channels[0])]
        for c_in, c_out in pairwise(channels):
            layers += [nn.ConvTranspose2d(c_in, c_out, 4, 2, 1, bias=False), *_norm_relu(c_out)]
        if refine:
            layers += [nn.ConvTranspose2d(width, refine, 4, 2, 1, bias=False), *_norm_relu(refine)]
            layers += [nn.Conv2d(refine, code_shape[0], 3, 1, 1, bias=False)]
        else:
            layers += [nn.ConvTranspose2d(width, code_shape[0], 4, 2, 1, bias=False)]
        self.layers = nn.Sequential(*layers)
        self.apply(_initialise)
        self.embedding = nn.Embedding(classes, latent_dim) if classes else None

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return beside_class(z, label, self.embedding)

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        refuse_foreign_grid(self, grid)
        return torch.tanh(cut_to(self.layers(w[:, :, None, None]), *self.code_shape[1:]))


class DCGANDiscriminator(Discriminator):
    """code (N, C, H, W) -> logits (N,): strided convolutions, LeakyReLU 0.2.

    Args:
        code_shape: (C, H, W), from 8.
        width: channels of the first layer; doubles towards 4 x 4.
        norm: "batch" as in the paper (not after the first layer), or "none", which gradient penalties want: batch norm
            couples the images of a batch, so that a per-image gradient is not one.
        classes: 0 for unconditional; else the mean of the last features times a vector of the class is added
            (Miyato & Koyama 2018, Eq. 3).
    """

    halved_setting = "width"  # channels double towards 4 x 4

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        width: int = 64,
        norm: DiscriminatorNorm = "batch",
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.classes = classes
        end = _pyramid(code_shape)
        self.filled = end.size(end.doublings)
        channels = [width * 2**i for i in range(end.doublings)]
        c_in = code_shape[0]
        layers: list[nn.Module] = []
        layers += [nn.Conv2d(c_in, width, 4, 2, 1, bias=norm == "none"), nn.LeakyReLU(0.2)]
        for c_in, c_out in pairwise(channels):
            layers += [nn.Conv2d(c_in, c_out, 4, 2, 1, bias=norm == "none")]
            layers += [nn.BatchNorm2d(c_out)] if norm == "batch" else []
            layers += [nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(channels[-1], 1, (end.height, end.width), bias=norm == "none")]
        self.layers = nn.Sequential(*layers)
        self.apply(_initialise)
        self.embedding = nn.Embedding(classes, channels[-1]) if classes else None

    def forward(self, code: Tensor, label: Tensor | None = None) -> Tensor:
        features = self.layers[:-1](filled_to(code, *self.filled))
        return with_class_logits(self.layers[-1](features).flatten(), features, label, self.embedding)

    def adopt(self, weights: Mapping[str, Tensor]) -> None:
        """Weights of smaller codes lack the first layers: these, and the layer after them, begin untrained."""
        own, learned = self.state_dict(), dict(weights)
        grown = max(map(_place, own)) - max(map(_place, learned), default=0)
        if grown < 0:
            raise RuntimeError("of codes that are halved more often: their first layers have no place here")
        if grown > 0:
            learned = {
                re.sub(r"^layers\.(\d+)", lambda found: f"layers.{int(found[1]) + grown}", name): tensor
                for name, tensor in learned.items()
                if _place(name) not in (0, 1)
            }
            if any(name in own and own[name].shape != tensor.shape for name, tensor in learned.items()):
                raise RuntimeError("of another width or shape; that of codes half as large is twice as wide")
            learned |= {name: tensor for name, tensor in own.items() if 0 <= _place(name) < 2 + grown}
        self.load_state_dict(learned)


def _place(name: str) -> int:
    """Of a weight's layer among `layers`; -1 for others."""
    found = re.match(r"layers\.(\d+)\.", name)
    return int(found[1]) if found else -1


def _pyramid(code_shape: tuple[int, int, int]) -> Pyramid:
    _, height, width = code_shape
    if min(height, width) >= 512:
        raise ValueError(f"DCGAN: codes of {height} x {width} are too large, the shorter side must be below 512")
    return pyramid(height, width, "DCGAN")


def _norm_relu(channels: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]


def _initialise(module: nn.Module) -> None:
    """Weights N(0, .02), batch-norm gains N(1, .02), biases 0: section 3 of the paper and its usual PyTorch form."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d) and module.bias is not None:
        nn.init.zeros_(module.bias)
