"""Products with matrices that respect mirroring, at half the price.

An even-sized matrix A that commutes with reversing the order, as every symmetric blur does, maps vectors that equal
their mirror image to such vectors, and those that change sign to such. So x is folded into a symmetric and an
antisymmetric half, each half is multiplied by a matrix of half the size, and the results are unfolded: half of the
multiplications, and a little data movement, which pays from `WORTHWHILE` pixels on.
"""

from typing import NamedTuple

import torch
from torch import Tensor

WORTHWHILE = 192


class Mirrored(NamedTuple):
    """The two blocks (n/2, n/2) that remain of an (n, n) matrix."""

    even: Tensor
    odd: Tensor


def operator_blocks(matrix: Tensor) -> Mirrored:
    """Of a matrix (n, n) that commutes with mirroring, n even."""
    half = matrix.shape[0] // 2
    near, far = matrix[:half, :half], matrix[:half, half:].flip(1)
    return Mirrored(near + far, near - far)


def basis_blocks(basis: Tensor) -> Mirrored:
    """Of a basis (n, n) whose first half of columns is symmetric and whose second half antisymmetric, n even."""
    half = basis.shape[0] // 2
    return Mirrored(basis[:half, :half], basis[:half, half:])


def apply_operator(operator: Tensor | Mirrored, x: Tensor, axis: int) -> Tensor:
    """Multiply along the rows' (-2) or columns' (-1) axis of x (..., H, W)."""
    if isinstance(operator, Tensor):
        return _multiply(operator, x, axis)
    first, second = x.chunk(2, axis)
    second = second.flip(axis)
    even, odd = _multiply(operator.even / 2, first + second, axis), _multiply(operator.odd / 2, first - second, axis)
    return _unfold(even, odd, axis)


def apply_basis(basis: Tensor | Mirrored, coefficients: Tensor, axis: int) -> Tensor:
    """From coefficients, symmetric modes first, back to pixels along an axis of (..., H, W)."""
    if isinstance(basis, Tensor):
        return _multiply(basis, coefficients, axis)
    even, odd = coefficients.chunk(2, axis)
    return _unfold(_multiply(basis.even, even, axis), _multiply(basis.odd, odd, axis), axis)


def _unfold(even: Tensor, odd: Tensor, axis: int) -> Tensor:
    return torch.cat([even + odd, (even - odd).flip(axis)], axis)


def _multiply(matrix: Tensor, x: Tensor, axis: int) -> Tensor:
    return x @ matrix.T if axis == -1 else matrix @ x
