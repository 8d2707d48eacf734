"""Spectral normalisation (Miyato et al. 2018), and the layers of SAGAN and BigGAN that are built on it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

_EPS = 1e-6  # of the authors' program


def spectral(layer: nn.Module, enabled: bool = True) -> nn.Module:
    """The layer with its weight divided by its largest singular value: one power iteration a training step.

    In evaluation the stored vectors are used as they are, so that nothing changes from call to call.
    """
    if not enabled:
        return layer
    normalised: nn.Module = spectral_norm(layer, n_power_iterations=1, eps=_EPS)
    return normalised


class ConditionalBatchNorm(nn.Module):
    """x (N, C, H, W), condition (N, D) -> batch norm whose gain and bias are linear in the condition: 1 + W c, V c."""

    def __init__(self, channels: int, condition_dim: int, normalise: bool = True) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.bias = (
            spectral(_orthogonal(nn.Linear(condition_dim, channels, bias=False)), normalise) for _ in range(2)
        )

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, bias = self.gain(condition), self.bias(condition)
        scaled: Tensor = self.norm(x) * (1 + gain)[:, :, None, None]
        return scaled + bias[:, :, None, None]


class SelfAttention(nn.Module):
    """x + gamma * attention over all places (Zhang et al. 2019, with BigGAN's halved keys); gamma begins at 0."""

    def __init__(self, channels: int, normalised: bool = True) -> None:
        super().__init__()
        if channels < 8:
            raise ValueError(f"attention needs at least 8 channels, got {channels}")
        self.query, self.key, self.value = (
            convolution(channels, width, 1, has_bias=False, normalised=normalised)
            for width in (channels // 8, channels // 8, channels // 2)
        )
        self.leave = convolution(channels // 2, channels, 1, has_bias=False, normalised=normalised)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        count, _, height, width = x.shape
        query = self.query(x).flatten(2)
        key, value = (F.max_pool2d(layer(x), 2).flatten(2) for layer in (self.key, self.value))
        weights = torch.softmax(query.mT @ key, dim=-1)  # (N, places, keys)
        seen = (value @ weights.mT).view(count, -1, height, width)
        return x + self.gamma * self.leave(seen)


def convolution(
    channels_in: int, channels_out: int, kernel: int, *, has_bias: bool = True, normalised: bool = True
) -> nn.Module:
    """Of the same size, orthogonal at first; spectrally normalised unless `normalised` is False."""
    layer = nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=has_bias)
    return spectral(_orthogonal(layer), normalised)


def linear(channels_in: int, channels_out: int) -> nn.Module:
    """Spectrally normalised, orthogonal at first."""
    return spectral(_orthogonal(nn.Linear(channels_in, channels_out)))


def embedding(classes: int, channels: int, *, normalised: bool) -> nn.Module:
    """A vector for each class, orthogonal at first."""
    return spectral(_orthogonal(nn.Embedding(classes, channels)), normalised)


def _orthogonal(layer: nn.Module) -> nn.Module:
    assert isinstance(layer.weight, Tensor)
    nn.init.orthogonal_(layer.weight)
    if isinstance(getattr(layer, "bias", None), Tensor):
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer
