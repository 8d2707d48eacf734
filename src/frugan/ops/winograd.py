"""3 x 3 convolution of wide layers on a CPU, by Winograd's F(4 x 4, 3 x 3): a quarter of the multiplications.

A tile of 4 x 4 outputs needs 6 x 6 inputs; transformed to the values of polynomials at six points an axis (Lavin & Gray
2016, there with points 0, +-1, +-2 and infinity; here 0, +-1, 1/2, -2), it is 36 products instead of 144 for each pair
of channels. Those of all tiles are 36 matrix products. What the transforms cost grows with the channels, what they
save with their square: worth it from a few hundred channels on. The backward pass is the exact adjoint, step by step.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import conv_flop_count, register_flop_formula

_TILE, _SEEN = 4, 6
_POINTS = (0.0, 1.0, -1.0, 0.5, -2.0)  # and infinity; chosen for small rounding errors
_FEWEST_CHANNELS = 256
_BLOCK = 256  # output channels at a time: their products stay near the processor, in memory that is used again


def convolution3x3(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """What `F.conv2d(x, weight, bias, padding=1)` computes, (N, C, H, W) -> (N, K, H, W), up to rounding.

    By Winograd's algorithm where that is faster: float32 on a CPU, wide layers. Errors are then of the order of 1e-5
    of the output's standard deviation, ten times those of the direct sum.
    """
    here = x.device.type == "cpu" and x.dtype == torch.float32 and not torch.compiler.is_exporting()
    if not here or min(weight.shape[:2]) < _FEWEST_CHANNELS:
        return F.conv2d(x, weight, bias, padding=1)
    y: Tensor = _convolve(x, weight, weight.new_zeros(len(weight)) if bias is None else bias)
    return y


@torch.library.custom_op("frugan::winograd3x3", mutates_args=())
def _convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """(N, C, H, W), (K, C, 3, 3), (K,) -> (N, K, H, W), channels last in memory."""
    (count, _, height, width), channels_out = x.shape, weight.shape[0]
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    seen, (_, _, outputs) = _seen(x), _transforms()
    y = x.new_empty(count, rows, _TILE, columns, _TILE, channels_out)
    buffer = x.new_empty(_SEEN**2 * seen.shape[1] * min(_BLOCK, channels_out))
    for block in _blocks(channels_out):
        products = _part_of(buffer, _SEEN**2, seen.shape[1], len(weight[block]))
        torch.bmm(seen, _points_of(weight[block]).permute(1, 2, 0), out=products)
        tiles = (outputs @ products.flatten(1)).view(_TILE, _TILE, count, rows, columns, -1)
        torch.add(tiles.permute(2, 3, 0, 4, 1, 5), bias[block], out=y[..., block])
    y = y.view(count, rows * _TILE, columns * _TILE, -1)[:, :height, :width].permute(0, 3, 1, 2)
    return y.contiguous(memory_format=torch.channels_last)


@torch.library.custom_op("frugan::winograd3x3_backward", mutates_args=())
def _convolve_backward(grad: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of x and weight, given that of the output: the steps of `_convolve` transposed, in reverse order."""
    (count, channels, height, width), channels_out = x.shape, weight.shape[0]
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    inputs, kernels, outputs = _transforms()
    seen = _seen(x)
    padded = F.pad(grad.permute(0, 2, 3, 1), (0, 0, 0, columns * _TILE - width, 0, rows * _TILE - height))
    tiles = padded.view(count, rows, _TILE, columns, _TILE, channels_out).permute(2, 4, 0, 1, 3, 5)
    grad_seen, grad_weight = torch.zeros_like(seen), torch.empty_like(weight)
    buffer = x.new_empty(_SEEN**2 * seen.shape[1] * min(_BLOCK, channels_out))
    for block in _blocks(channels_out):
        products = _part_of(buffer, _SEEN**2, seen.shape[1], len(weight[block]))
        torch.mm(outputs.T, tiles[..., block].reshape(_TILE**2, -1), out=products.flatten(1))
        grad_seen.baddbmm_(products, _points_of(weight[block]).transpose(0, 1))
        points = torch.bmm(products.mT, seen)  # (36, K, C)
        grad_weight[block] = (kernels.T @ points.flatten(1)).view(3, 3, -1, channels).permute(2, 3, 0, 1)
    spread = (inputs.T @ grad_seen.flatten(1)).view(_SEEN, _SEEN, count, rows, columns, channels)
    grad_x = x.new_zeros(count, rows * _TILE + 2, columns * _TILE + 2, channels)
    for i in range(_SEEN):
        for j in range(_SEEN):
            grad_x[:, i : i + _TILE * rows : _TILE, j : j + _TILE * columns : _TILE] += spread[i, j]
    grad_x = grad_x[:, 1 : height + 1, 1 : width + 1].permute(0, 3, 1, 2)
    return grad_x.contiguous(memory_format=torch.channels_last), grad_weight


def _seen(x: Tensor) -> Tensor:
    """The transformed inputs of all tiles, (36, N * rows * columns, C)."""
    height, width = x.shape[-2:]
    right, bottom = 1 + -width % _TILE, 1 + -height % _TILE
    padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, 1, right, 1, bottom))
    tiles = padded.unfold(1, _SEEN, _TILE).unfold(2, _SEEN, _TILE).permute(4, 5, 0, 1, 2, 3)
    return (_transforms()[0] @ tiles.reshape(_SEEN**2, -1)).view(_SEEN**2, -1, x.shape[1])


def _points_of(weight: Tensor) -> Tensor:
    """The transformed kernels, (K, 36, C)."""
    return torch.matmul(_transforms()[1], weight.permute(0, 2, 3, 1).reshape(len(weight), 9, -1))


def _part_of(buffer: Tensor, *shape: int) -> Tensor:
    return buffer[: math.prod(shape)].view(shape)


def _blocks(channels: int) -> Iterator[slice]:
    return (slice(first, min(first + _BLOCK, channels)) for first in range(0, channels, _BLOCK))


@cache
def _transforms() -> tuple[Tensor, Tensor, Tensor]:
    """Of both axes at once: inputs (36, 36), kernels (36, 9) and outputs (16, 36)."""
    inputs, kernels, outputs = transforms(_POINTS)
    both = (torch.from_numpy(np.kron(matrix, matrix)).float().contiguous() for matrix in (inputs, kernels, outputs))
    first, second, third = both
    return first, second, third


def transforms(points: Sequence[float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """B^T, G and A^T of Toom and Cook for kernels of three taps: y = A^T ((G g) * (B^T d)) is correlation of g and d.

    Two polynomials are multiplied by their values at the points and at infinity; correlation is the transpose of that.
    """
    seen, tile = len(points) + 1, len(points) - 1
    outputs, kernels, inputs = np.zeros((tile, seen)), np.zeros((seen, 3)), np.zeros((seen, seen))
    for i, point in enumerate(points):
        others = [other for j, other in enumerate(points) if j != i]
        outputs[:, i] = point ** np.arange(tile)
        kernels[i] = point ** np.arange(3) / np.prod([point - other for other in others])
        inputs[i, :-1] = np.poly(others)[::-1]
    outputs[-1, -1] = kernels[-1, -1] = 1
    inputs[-1] = np.poly(points)[::-1]
    return inputs, kernels, outputs


def _save(ctx: torch.autograd.function.FunctionCtx, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[:2])


def _differentiate(ctx: torch.autograd.function.FunctionCtx, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    x, weight = ctx.saved_tensors  # type: ignore[attr-defined]
    grad_x, grad_weight = _convolve_backward(grad, x, weight)
    return grad_x, grad_weight, grad.sum(dim=(0, 2, 3))


_convolve.register_autograd(_differentiate, setup_context=_save)


@register_flop_formula(torch.ops.frugan.winograd3x3)
def _direct_flops(
    x_shape: Sequence[int], weight_shape: Sequence[int], *_: object, out_shape: Sequence[int], **__: object
) -> int:
    """As of a direct convolution: costs are compared between networks, not between algorithms."""
    return conv_flop_count(list(x_shape), list(weight_shape), list(out_shape))
