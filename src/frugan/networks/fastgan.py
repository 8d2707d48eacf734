"""FastGAN (Liu, Zhu, Song & Elgammal 2021) for codes of any height and width from 8, the shorter below 1024.

The generator carries what it knows at low resolution past several blocks by gates; the discriminator learns to
reconstruct what it sees, which keeps it from knowing a few images by heart. Channels are those of the authors' program.
Left out is what the paper does not describe: a second, smaller picture of each, judged beside it.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Discriminator, Generator, refuse_foreign_grid
from frugan.networks.dcgan import DiscriminatorNorm
from frugan.nn.labels import beside_class, with_class_logits
from frugan.nn.pyramid import Pyramid, pyramid
from frugan.nn.spectral import spectral
from frugan.ops.borders import cut_to, filled_to
from frugan.ops.grid import Grid

_SLOPE = 0.2  # of leaky ReLUs: DCGAN
_LONG_GATES_FROM = 5  # doublings, which is 128 px: see `gated`
_STRIDED_STEM_FROM = 7  # doublings from which D's first layer halves, which is 512 px: the authors' program
_GATED_HALVINGS = 3  # between the ends of a gate in D, which is 8 times: the authors' program
_MOST_DECODED = 4  # doublings of a decoder, from 8 to 128 px in the paper
_DECODER_WIDTHS = (4, 2, 2, 1)  # times D's width, after each of them: the authors' program


class FastGANGenerator(Generator):
    """z (N, latent_dim) -> code (N, C, H, W) in (-1, 1): doublings with batch norm, GLU and gates, at last tanh.

    Args:
        code_shape: (C, H, W), from 8.
        latent_dim: length of z ~ N(0, I); 256 in the authors' program.
        width: channels at a side of 128; twice as many at 64 and 32, then doubling to 16 times at 4. 64 in the paper.
        noise: whether pixels get noise: fresh in training, fixed when sampling, so that a seed is one picture.
        classes: 0 for unconditional; else a learned vector of the class, as long as the latent, goes on beside it
            (Mirza & Osindero 2014).
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        latent_dim: int = 256,
        width: int = 64,
        noise: bool = True,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.code_shape, self.latent_dim = tuple(code_shape), latent_dim  # type: ignore[assignment]
        self.classes = classes
        start = _pyramid(code_shape)
        sides = start.nominal_sides
        channels = [max(1, width * (64 if side <= 32 else 128) // side) for side in sides]
        self.first = nn.Sequential(
            _begun(nn.ConvTranspose2d(latent_dim * (2 if classes else 1), 2 * channels[0], start.size(0), bias=False)),
            nn.BatchNorm2d(2 * channels[0]),
            nn.GLU(1),
        )
        self.blocks = nn.ModuleList(
            _doubling(before, after, start.size(i), twice=i % 2 == 1, noise=noise)
            for i, (before, after) in enumerate(pairwise(channels), 1)
        )
        self.low_of = {high: low for low, high in gated(start.doublings)}
        self.gates = nn.ModuleDict(
            {
                str(high): Gate(channels[low], channels[high], start.size(0), sides[low])
                for high, low in self.low_of.items()
            }
        )
        self.last = _begun(nn.Conv2d(channels[-1], code_shape[0], 3, padding=1, bias=False))
        self.embedding = nn.Embedding(classes, latent_dim) if classes else None

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        return beside_class(z, label, self.embedding)

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        refuse_foreign_grid(self, grid)
        features = [self.first(w[:, :, None, None])]
        for high, block in enumerate(self.blocks, 1):
            x = block(features[-1])
            features.append(self.gates[str(high)](features[self.low_of[high]], x) if high in self.low_of else x)
        return torch.tanh(cut_to(self.last(features[-1]), *self.code_shape[1:]))


class FastGANDiscriminator(Discriminator):
    """code (N, C, H, W) -> logits (N,), each the mean of a map of 5 x 5 (where sides are powers of 2).

    Its decoders learn by `objectives.self_reconstruction` alone, and are part of it in every other respect.

    Args:
        code_shape: (C, H, W), from 8.
        width: channels at a side of 128, doubling to 16 times at 8; 64 in the paper.
        norm: "batch" as in the paper, or "none", which gradient penalties want.
        normalised: whether weights are normalised spectrally, those of the decoders aside (the paper's baseline).
        classes: 0 for unconditional; else the mean of the last features times a vector of the class is added
            (Miyato & Koyama 2018, Eq. 3).
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        width: int = 64,
        norm: DiscriminatorNorm = "batch",
        normalised: bool = True,
        classes: int = 0,
    ) -> None:
        super().__init__()
        self.classes = classes
        end = _pyramid(code_shape)
        self.doublings, self.filled = end.doublings, end.size(end.doublings)
        strided = end.doublings >= _STRIDED_STEM_FROM
        sides = end.nominal_sides[:0:-1][int(strided) :]  # down to 8
        channels = [max(1, 128 * width // side) for side in sides]
        stem = nn.Conv2d(code_shape[0], channels[0], 4 if strided else 3, 2 if strided else 1, padding=1)
        self.stem = nn.Sequential(_begun(stem), nn.LeakyReLU(_SLOPE))
        self.blocks = nn.ModuleList(_Halving(before, after, norm) for before, after in pairwise(channels))
        self.gates = nn.ModuleDict(
            {
                str(i): Gate(channels[i - _GATED_HALVINGS], channels[i], end.size(0), sides[i - _GATED_HALVINGS])
                for i in range(_GATED_HALVINGS, len(sides))
            }
        )
        self.judge = nn.Sequential(*_normed(channels[-1], channels[-1], 1, 1, norm))
        self.last = _begun(nn.Conv2d(channels[-1], 1, 4, bias=norm == "none"))
        for layer in [*self.modules()] if normalised else []:
            if isinstance(layer, nn.Conv2d):
                spectral(layer)
        self.decoded = min(_MOST_DECODED, max(0, end.doublings - 2))  # doublings of both decoders
        self.whole = _decoder(channels[-1], width, code_shape[0], self.decoded)
        self.part = _decoder(channels[-2:][0], width, code_shape[0], self.decoded)
        self.embedding = nn.Embedding(classes, channels[-1]) if classes else None

    def forward(self, code: Tensor, label: Tensor | None = None) -> Tensor:
        features = self.judge(self._features(filled_to(code, *self.filled))[-1])
        return with_class_logits(self.last(features).mean((1, 2, 3)), features, label, self.embedding)

    def reconstructions(self, code: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What is decoded of codes (N, C, H, W), and what it should be: the whole, and a quarter drawn for the batch.

        The whole comes from 8 x 8 pixels, and becomes half as large as the code; the quarter from 8 x 8 of 16 x 16, and
        keeps its size. Neither exceeds 128 px. In codes of 8 px both keep their size, and come from the stem's map.
        """
        whole = filled_to(code, *self.filled)
        features = self._features(whole)
        row, column = divmod(int(torch.randint(4, ())), 2)
        part, part_features = (_quarter(x, row, column) for x in (whole, features[-2:][0]))
        return [
            (self.whole(features[-1]), F.avg_pool2d(whole, 2 ** (self.doublings - 1 - self.decoded))),
            (self.part(part_features), F.avg_pool2d(part, 2 ** (max(0, self.doublings - 2) - self.decoded))),
        ]

    def _features(self, filled: Tensor) -> list[Tensor]:
        """Maps from the stem's to that of 8 x 8 pixels."""
        features = [self.stem(filled)]
        for i, block in enumerate(self.blocks, 1):
            x = block(features[-1])
            features.append(self.gates[str(i)](features[i - _GATED_HALVINGS], x) if str(i) in self.gates else x)
        return features


class Gate(nn.Module):
    """low (N, c, h, w), high (N, C, H, W) -> high times a number in (0, 1) a channel: skip-layer excitation (Eq. 1).

    Args:
        bottom: pixels that `low` is pooled to; 4 x 4 in the paper.
        side: of `low`, where `bottom` is 4.
    """

    def __init__(self, channels_low: int, channels_high: int, bottom: tuple[int, int], side: int) -> None:
        super().__init__()
        self.pooled = side // 4
        self.gather = _begun(nn.Conv2d(channels_low, channels_high, bottom))
        self.weigh = _begun(nn.Conv2d(channels_high, channels_high, 1))

    def forward(self, low: Tensor, high: Tensor) -> Tensor:
        gathered = self.gather(F.avg_pool2d(low, self.pooled))
        return high * torch.sigmoid(self.weigh(F.leaky_relu(gathered, _SLOPE)))


def gated(doublings: int) -> list[tuple[int, int]]:
    """Both ends of the generator's gates, in doublings from the bottom.

    From 128 px as in the paper: 8 to 128, 16 to 256, 32 to 512. Smaller codes have no place for 16 times; a gate past
    one block alone would repeat what that block sees, so theirs are of 4 times, and begin at the bottom, which is the
    only way for codes of 16 to have one: 4 to 16, 8 to 32, 16 to 64. Codes of 8 have none.
    """
    first, reach = (1, 4) if doublings >= _LONG_GATES_FROM else (0, 2)
    return [(low, low + reach) for low in range(first, doublings - reach + 1)]


class _Halving(nn.Module):
    """(N, c, H, W) -> (N, C, H / 2, W / 2): the mean of a path of two convolutions and one of pooled pixels."""

    def __init__(self, channels_in: int, channels_out: int, norm: DiscriminatorNorm) -> None:
        super().__init__()
        self.long = nn.Sequential(
            *_normed(channels_in, channels_out, 4, 2, norm), *_normed(channels_out, channels_out, 3, 1, norm)
        )
        self.short = nn.Sequential(nn.AvgPool2d(2), *_normed(channels_in, channels_out, 1, 1, norm))

    def forward(self, x: Tensor) -> Tensor:
        mean: Tensor = (self.long(x) + self.short(x)) / 2
        return mean


class _Noise(nn.Module):
    """x (N, C, H, W) plus one standard normal number a pixel, times a strength that begins at 0."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))
        self.fixed: Tensor
        self.register_buffer("fixed", torch.randn(size))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.strength * (torch.randn_like(x[:, :1]) if self.training else self.fixed)


def _pyramid(code_shape: tuple[int, int, int]) -> Pyramid:
    _, height, width = code_shape
    if min(height, width) >= 1024:
        raise ValueError(f"FastGAN: codes of {height} x {width} are too large, the shorter side must be below 1024")
    return pyramid(height, width, "FastGAN")


def _doubling(channels_in: int, channels_out: int, size: tuple[int, int], *, twice: bool, noise: bool) -> nn.Module:
    """(N, channels_in, h, w) -> (N, channels_out, 2h, 2w), which is `size`; `twice`: by two convolutions with noise."""
    layers: list[nn.Module] = [nn.Upsample(scale_factor=2, mode="nearest")]
    for count in (channels_in, channels_out)[: 1 + twice]:
        layers += [_begun(nn.Conv2d(count, 2 * channels_out, 3, padding=1, bias=False))]
        layers += [_Noise(size)] if twice and noise else []
        layers += [nn.BatchNorm2d(2 * channels_out), nn.GLU(1)]
    return nn.Sequential(*layers)


def _normed(channels_in: int, channels_out: int, kernel: int, stride: int, norm: DiscriminatorNorm) -> list[nn.Module]:
    """A convolution to 1 / `stride` of the size, batch norm if asked for, leaky ReLU."""
    padding = (kernel - 1) // 2
    convolution = nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=norm == "none")
    normalising = [nn.BatchNorm2d(channels_out)] if norm == "batch" else []
    return [_begun(convolution), *normalising, nn.LeakyReLU(_SLOPE)]


def _decoder(channels_in: int, width: int, colours: int, doublings: int) -> nn.Module:
    """(N, channels_in, h, w) -> codes (N, colours, h * 2^doublings, ...).

    Without the paper's tanh: codes with a stabilizer's noise leave (-1, 1).
    """
    channels = [channels_in, *(factor * width for factor in _DECODER_WIDTHS[:doublings])]
    blocks = [_doubling(before, after, (0, 0), twice=False, noise=False) for before, after in pairwise(channels)]
    return nn.Sequential(*blocks, _begun(nn.Conv2d(channels[-1], colours, 3, padding=1)))


def _quarter(x: Tensor, row: int, column: int) -> Tensor:
    """(N, C, H, W) -> (N, C, H / 2, W / 2), the one at row and column 0 or 1."""
    height, width = x.shape[-2] // 2, x.shape[-1] // 2
    return x[..., row * height : (row + 1) * height, column * width : (column + 1) * width]


def _begun(layer: nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    """With weights N(0, .02) and biases 0, as DCGAN's and the authors' program."""
    nn.init.normal_(layer.weight, 0.0, 0.02)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
