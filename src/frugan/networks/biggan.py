"""BigGAN and BigGAN-deep (Brock, Donahue & Simonyan 2019), class-conditional or not; SAGAN by their settings.

Widths, attention and conditioning follow the authors' program, as not-so-big-GAN uses it. Parameters at 64 px with
1,000 classes:

    channels         BigGAN, 64    BigGAN, 96    BigGAN-deep, 128
    generator        31,969,540    70,377,348          49,829,636
    discriminator    20,571,842    45,511,970          20,951,554
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Discriminator, Generator, refuse_foreign_grid
from frugan.nn.labels import known_label
from frugan.nn.pyramid import Pyramid, pyramid
from frugan.nn.resampled_convolution import convolve_then_halve, double_then_convolve
from frugan.nn.spectral import ConditionalBatchNorm, SelfAttention, convolution, embedding, linear
from frugan.ops.borders import cut_to, filled_to
from frugan.ops.grid import Grid


@dataclass(frozen=True)
class _Widths:
    """Channels of each stage, as multiples of `channels`. Discriminators end in stages that do not halve."""

    generator: tuple[int, ...]  # 4 x 4 first, then after each doubling
    discriminator: tuple[int, ...]
    deep_discriminator: tuple[int, ...]  # its stem first
    halvings: int


# 512 px is ours, by analogy with the generator: the authors' program has no discriminator of that size.
_WIDTHS = {
    32: _Widths((4, 4, 4, 4), (4, 4, 4, 4), (4, 4, 4, 4), 2),
    64: _Widths((16, 16, 8, 4, 2), (1, 2, 4, 8, 16), (1, 2, 4, 8, 16), 4),
    128: _Widths((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), (1, 2, 4, 8, 16, 16), 5),
    256: _Widths((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16), (1, 2, 4, 8, 8, 16, 16), 6),
    512: _Widths((16, 16, 8, 8, 4, 2, 1, 1), (1, 1, 2, 4, 8, 8, 16, 16), (1, 1, 2, 4, 8, 8, 16, 16), 7),
}


class BigGANGenerator(Generator):
    """z (N, latent_dim) and a label -> style (N, D) -> code (N, C, H, W) in (-1, 1).

    Args:
        code_shape: (C, H, W); published for squares with a side of 32, 64, 128, 256 (and 512). Others, the shorter
            side from 32, have the stages of the largest of these that is not above it.
        latent_dim: 120 for BigGAN, a multiple of its chunks (stages + 1) if `hierarchical`; 128 for BigGAN-deep.
        channels: the unit of width: 64 or 96 for BigGAN, 128 for BigGAN-deep.
        deep: bottleneck blocks, two a stage, whose skips drop channels; all of z goes to every block.
        attention: side after whose stage places attend to each other; 0 for none.
        hierarchical: each block (not deep) gets a chunk of z of its own; else all of z enters at the bottom.
        classes: 0 for unconditional.
        shared_dim: labels are embedded once, into so many numbers; 0: once in every norm, as SAGAN does.
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        latent_dim: int = 120,
        channels: int = 64,
        deep: bool = False,
        attention: int = 32,
        hierarchical: bool = True,
        classes: int = 0,
        shared_dim: int = 128,
    ) -> None:
        super().__init__()
        table, start = _widths(code_shape)
        widths = [channels * multiple for multiple in table.generator]
        stages = len(widths) - 1
        self.bottom = start.height, start.width
        self.code_shape, self.latent_dim, self.classes = tuple(code_shape), latent_dim, classes  # type: ignore[assignment]
        self.deep, self.chunks = deep, stages + 1 if hierarchical and not deep else 0
        if self.chunks and latent_dim % self.chunks:
            raise ValueError(f"latent_dim: {latent_dim} must be a multiple of {self.chunks}, one chunk a block")
        label_dim = (shared_dim or classes) if classes else 0
        self.shared = embedding(classes, shared_dim, normalised=False) if classes and shared_dim else None
        z_dim = latent_dim // self.chunks if self.chunks else latent_dim * deep
        bottom = latent_dim + label_dim if deep else (latent_dim // self.chunks if self.chunks else latent_dim)
        self.linear = linear(bottom, start.height * start.width * widths[0])
        self.stages = nn.ModuleList(_generator_stage(a, b, label_dim + z_dim, deep) for a, b in pairwise(widths))
        self.attention = _attention(attention, {8 * 2**i: widths[i + 1] for i in range(stages)})
        self.norm = nn.BatchNorm2d(widths[-1])
        self.leave = convolution(widths[-1], code_shape[0], 3)

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """The latent and what is known of the label, beside each other."""
        known = known_label(label, self.classes)
        if known is None:
            return z
        embedded = F.one_hot(known, self.classes).to(z) if self.shared is None else self.shared(known)
        return torch.cat([embedded, z], dim=1)

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        refuse_foreign_grid(self, grid)
        label, z = w[:, : w.shape[1] - self.latent_dim], w[:, w.shape[1] - self.latent_dim :]
        if self.deep:
            bottom, conditions = w, [w] * len(self.stages)
        elif self.chunks:
            bottom, *rest = z.chunk(self.chunks, dim=1)
            conditions = [torch.cat([label, chunk], dim=1) for chunk in rest]
        else:
            bottom, conditions = z, [label] * len(self.stages)
        x = self.linear(bottom).unflatten(1, (-1, *self.bottom))
        for i, (stage, condition) in enumerate(zip(self.stages, conditions, strict=True)):
            assert isinstance(stage, nn.ModuleList)
            for block in stage:
                x = block(x, condition)
            side = str(8 * 2**i)
            x = self.attention[side](x) if side in self.attention else x
        return torch.tanh(cut_to(self.leave(F.relu(self.norm(x))), *self.code_shape[1:]))


class BigGANDiscriminator(Discriminator):
    """code (N, C, H, W) and a label -> logits (N,): linear in the pooled features, plus their product with the label's.

    Args: as the generator's.
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        channels: int = 64,
        deep: bool = False,
        attention: int = 32,
        classes: int = 0,
    ) -> None:
        super().__init__()
        table, end = _widths(code_shape)
        side, self.filled = end.nominal_sides[-1], end.size(end.doublings)
        multiples = table.deep_discriminator if deep else table.discriminator
        widths = [channels * multiple for multiple in multiples]
        self.stem = convolution(code_shape[0], widths[0], 3) if deep else nn.Identity()
        before = widths[:-1] if deep else [code_shape[0], *widths[:-1]]
        after = widths[1:] if deep else widths
        sides = [max(side // 2 ** (i + 1), side // 2**table.halvings) for i in range(len(after))]
        self.stages = nn.ModuleList(
            nn.Sequential(*_discriminator_stage(a, b, halves=i < table.halvings, first=i == 0, deep=deep))
            for i, (a, b) in enumerate(zip(before, after, strict=True))
        )
        # Where stages do not halve, the first of a side attends.
        self.sides = [str(side) for side in sides]
        self.attention = _attention(attention, dict(reversed(list(zip(sides, after, strict=True)))))
        self.leave = linear(widths[-1], 1)
        self.classes = classes
        self.embedding = embedding(classes, widths[-1], normalised=True) if classes else None

    def forward(self, code: Tensor, label: Tensor | None = None) -> Tensor:
        x, attended = self.stem(filled_to(code, *self.filled)), False
        for stage, side in zip(self.stages, self.sides, strict=True):
            x = stage(x)
            if not attended and side in self.attention:
                x, attended = self.attention[side](x), True
        h = F.relu(x).sum(dim=(2, 3))
        logits: Tensor = self.leave(h).flatten()
        known = known_label(label, self.classes)
        if known is None or self.embedding is None:
            return logits
        return logits + (self.embedding(known) * h).sum(dim=1)


class _GeneratorBlock(nn.Module):
    """BigGAN's: two 3 x 3 convolutions at twice the size, and a 1 x 1 one beside them."""

    def __init__(self, channels_in: int, channels_out: int, condition_dim: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = _norm(channels_in, condition_dim), _norm(channels_out, condition_dim)
        self.conv1, self.conv2 = (convolution(c, channels_out, 3) for c in (channels_in, channels_out))
        self.skip = convolution(channels_in, channels_out, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = double_then_convolve(self.conv1, F.relu(_normalised(self.norm1, x, condition)))
        h = self.conv2(F.relu(_normalised(self.norm2, h, condition)))
        return h + double_then_convolve(self.skip, x)


class _DeepGeneratorBlock(nn.Module):
    """BigGAN-deep's: a bottleneck of a quarter of the channels; the skip drops those that are too many."""

    def __init__(self, channels_in: int, channels_out: int, condition_dim: int, doubles: bool) -> None:
        super().__init__()
        hidden = channels_in // 4
        self.norms = nn.ModuleList(_norm(c, condition_dim) for c in (channels_in, hidden, hidden, hidden))
        self.conv1, self.conv4 = convolution(channels_in, hidden, 1), convolution(hidden, channels_out, 1)
        self.conv2, self.conv3 = (convolution(hidden, hidden, 3) for _ in range(2))
        self.channels_out, self.doubles = channels_out, doubles

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        norms = iter(self.norms)
        h = self.conv1(F.relu(_normalised(next(norms), x, condition)))
        h = F.relu(_normalised(next(norms), h, condition))
        x = x[:, : self.channels_out]
        if self.doubles:
            h, x = double_then_convolve(self.conv2, h), F.interpolate(x, scale_factor=2, mode="nearest")
        else:
            h = self.conv2(h)
        h = self.conv3(F.relu(_normalised(next(norms), h, condition)))
        return x + self.conv4(F.relu(_normalised(next(norms), h, condition)))


class _DiscriminatorBlock(nn.Module):
    """BigGAN's: two 3 x 3 convolutions, and a 1 x 1 one beside them. The first block's input is not rectified."""

    def __init__(self, channels_in: int, channels_out: int, halves: bool, first: bool) -> None:
        super().__init__()
        self.conv1, self.conv2 = (convolution(c, channels_out, 3) for c in (channels_in, channels_out))
        self.skip = (
            convolution(channels_in, channels_out, 1) if halves or channels_in != channels_out else nn.Identity()
        )
        self.halves, self.first = halves, first

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.conv1(x if self.first else F.relu(x)))
        if not self.halves:
            return self.conv2(h) + self.skip(x)
        return convolve_then_halve(self.conv2, h) + convolve_then_halve(self.skip, x)


class _DeepDiscriminatorBlock(nn.Module):
    """BigGAN-deep's: a bottleneck; the skip keeps its channels and learns only those that are added."""

    def __init__(self, channels_in: int, channels_out: int, halves: bool) -> None:
        super().__init__()
        hidden = channels_out // 4
        self.conv1, self.conv4 = convolution(channels_in, hidden, 1), convolution(hidden, channels_out, 1)
        self.conv2, self.conv3 = (convolution(hidden, hidden, 3) for _ in range(2))
        self.added = convolution(channels_in, channels_out - channels_in, 1) if channels_out > channels_in else None
        self.halves = halves

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.relu(x))
        h = F.relu(self.conv3(F.relu(self.conv2(F.relu(h)))))
        if self.halves:
            h, x = F.avg_pool2d(h, 2), F.avg_pool2d(x, 2)
        if self.added is not None:
            x = torch.cat([x, self.added(x)], dim=1)
        return x + self.conv4(h)


def _generator_stage(channels_in: int, channels_out: int, condition_dim: int, deep: bool) -> nn.ModuleList:
    if not deep:
        return nn.ModuleList([_GeneratorBlock(channels_in, channels_out, condition_dim)])
    same = _DeepGeneratorBlock(channels_in, channels_in, condition_dim, doubles=False)
    return nn.ModuleList([same, _DeepGeneratorBlock(channels_in, channels_out, condition_dim, doubles=True)])


def _discriminator_stage(
    channels_in: int, channels_out: int, *, halves: bool, first: bool, deep: bool
) -> list[nn.Module]:
    if not deep:
        return [_DiscriminatorBlock(channels_in, channels_out, halves, first)]
    halving = _DeepDiscriminatorBlock(channels_in, channels_out, halves)
    return [halving, _DeepDiscriminatorBlock(channels_out, channels_out, halves=False)]


def _norm(channels: int, condition_dim: int) -> nn.Module:
    return ConditionalBatchNorm(channels, condition_dim) if condition_dim else nn.BatchNorm2d(channels)


def _normalised(norm: nn.Module, x: Tensor, condition: Tensor) -> Tensor:
    normalised: Tensor = norm(x, condition) if isinstance(norm, ConditionalBatchNorm) else norm(x)
    return normalised


def _attention(side: int, channels: dict[int, int]) -> nn.ModuleDict:
    """By side; `channels` has those that exist.

    Raises:
        ValueError: no stage has that side: without this check there would silently be no attention.
    """
    if side == 0:
        return nn.ModuleDict()
    if side not in channels:
        raise ValueError(f"attention: no stage has a side of {side}; there are {', '.join(map(str, channels))}, or 0")
    return nn.ModuleDict({str(side): SelfAttention(channels[side])})


def _widths(code_shape: tuple[int, int, int]) -> tuple[_Widths, Pyramid]:
    sizes = pyramid(*code_shape[1:], "BigGAN", least=min(_WIDTHS))
    side = sizes.nominal_sides[-1]
    if side not in _WIDTHS:
        height, width = code_shape[1:]
        raise ValueError(f"BigGAN draws codes whose shorter side is below {2 * max(_WIDTHS)}, not {height} x {width}")
    return _WIDTHS[side], sizes
