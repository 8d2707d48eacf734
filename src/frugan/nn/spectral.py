"""Spectral normalisation (Miyato et al. 2018), and the layers of SAGAN and BigGAN that are built on it."""

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F
from torch.nn.utils import parametrize

_EPS = 1e-6  # of BigGAN's program
_FIRST_ITERATIONS = 15


def spectral(layer: nn.Module, enabled: bool = True) -> nn.Module:
    """The layer, its weight divided by its largest singular value: one power iteration a forward pass in training."""
    if enabled:
        assert isinstance(layer.weight, Tensor)
        parametrize.register_parametrization(layer, "weight", _SpectralNorm(layer.weight))
    return layer


class _SpectralNorm(nn.Module):
    """weight (O, ...) -> weight / s, s an estimate of the largest singular value of the matrix (O, the rest).

    torch's own copies the weight each time if it lies channels-last in memory, several times over; here the matrix is a
    view of it, with its columns in another order. In evaluation the vectors are used as they are, so that nothing
    changes from call to call.

    Attributes:
        left, right: unit vectors that follow the singular vectors.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        matrix = _as_matrix(weight.detach())
        self.left: Tensor
        self.right: Tensor
        self.register_buffer("left", F.normalize(torch.randn(matrix.shape[0]), dim=0, eps=_EPS))
        self.register_buffer("right", F.normalize(torch.randn(matrix.shape[1]), dim=0, eps=_EPS))
        for _ in range(_FIRST_ITERATIONS):
            self._iterate(matrix)

    def forward(self, weight: Tensor) -> Tensor:
        # Parameters are counted on the device "meta", which knows no autocast.
        with nullcontext() if weight.is_meta else torch.autocast(weight.device.type, enabled=False):
            matrix = _as_matrix(weight)
            if self.training:
                self._iterate(matrix.detach())
            # Copies: a later forward pass moves the vectors before this one is differentiated.
            left, right = self.left.clone(), self.right.clone()
            if torch.compiler.is_exporting():
                return weight * torch.dot(left, matrix @ right).reciprocal()
            divided: Tensor = _Divided.apply(weight, left, right)
            return divided

    @torch.no_grad()
    def _iterate(self, matrix: Tensor) -> None:
        self.left.copy_(F.normalize(matrix @ self.right, dim=0, eps=_EPS))
        self.right.copy_(F.normalize(matrix.T @ self.left, dim=0, eps=_EPS))


class _Divided(torch.autograd.Function):
    """weight / s with s = u^T W v, for vectors u and v that are held fixed.

    With E what comes out and G its gradient, the gradient of W is (G - <G, E> u v^T) / s: fewer passes over the
    weights, which are many, than composed operations take.
    """

    @staticmethod
    def forward(ctx: Any, weight: Tensor, left: Tensor, right: Tensor) -> Tensor:
        inverse = torch.dot(left, _as_matrix(weight) @ right).reciprocal()
        divided = weight * inverse
        ctx.save_for_backward(divided, left, right, inverse)
        return divided

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        divided, left, right, inverse = ctx.saved_tensors
        along = torch.dot(_as_matrix(gradient).reshape(-1), _as_matrix(divided).reshape(-1))
        result = gradient * inverse
        last = result.permute(0, 2, 3, 1) if result.ndim == 4 else result  # of the order of `right`
        last.addcmul_((left * (-along * inverse)).view(-1, *[1] * (last.ndim - 1)), right.view(last.shape[1:]))
        return result, None, None


def _as_matrix(weight: Tensor) -> Tensor:
    return weight.permute(0, 2, 3, 1).flatten(1) if weight.ndim == 4 else weight


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
        # (N, places, keys). Torch's fused attention has no second derivative, which gradient penalties need.
        weights = torch.softmax(query.mT @ key, dim=-1)
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
    nn.init.orthogonal_(layer.weight)  # biases begin as torch's do, as in BigGAN's program
    return layer
