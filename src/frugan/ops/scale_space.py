"""Noisy scale-space in closed form: any real number of steps of "blur by a 3x3 Gaussian, then add fresh noise".

Nakamura, Korman & Hong, "Generative Adversarial Networks via a Composite Annealing of Noise and Diffusion",
equations 3, 4 and 7, with e_t ~ N(0, sigma^2):

    nss   x_t = k * x_{t-1} + e_t          ss   x_t = k * x_{t-1}          ns   x_t = x_{t-1} + e_t

With a boundary that makes the one-axis step A symmetric, A = U diag(l) U^T, each mode (u, v) of Y = U_h^T X U_w obeys
the scalar recursion y <- L y + e with L = l_u l_v. Hence, exactly and jointly over all pixels,

    x_t = A_h^t X (A_w^t)^T + U_h (S_t o Z) U_w^T
    S_t^2 = sigma^2 (1 - L^{2t}) / (1 - L^2), or t sigma^2 where L = 1

The cost does not depend on t, and composing s after t equals s + t in law, also for fractions.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import torch
from torch import Tensor

from frugan.ops.mirrored import WORTHWHILE, Mirrored, apply_basis, apply_operator, basis_blocks, operator_blocks

Mode = Literal["nss", "ss", "ns"]
ScaleSpaceBoundary = Literal["replicate", "zeros", "circular"]

# Pixels. A wider 3x3 Gaussian has side taps above 1/4, so a spectrum with negative values, whose fractional powers do
# not exist: exp(-1 / (2 s^2)) = 1/2.
WIDEST_KERNEL = math.sqrt(1 / (2 * math.log(2)))


def scale_space(
    x: Tensor,
    t: float | Tensor,
    *,
    sigma: float | Tensor,
    mode: Mode = "nss",
    boundary: ScaleSpaceBoundary = "replicate",
    kernel_sigma: float = 0.8,
    noise: Callable[[Tensor], Tensor] = torch.randn_like,
) -> Tensor:
    """Blur and re-noise images as t steps of the noisy scale-space would.

    Args:
        x: images or codes (N, C, H, W), any range; gradients flow to it through the blur.
        t: number of steps, real and >= 0; a float, or one per image (N,). t = 0 returns the image bit for bit.
        sigma: standard deviation (not variance) of the noise of one step, in units of x; or one for each mode of the
            blur, (H, W) or (C, H, W), as `spectrum.matched_sigma` gives.
        mode: "nss" blur and noise, "ss" blur only, "ns" noise only.
        boundary: "replicate" keeps the mean; "zeros" and "circular" are exact too.
        kernel_sigma: width of the 3x3 Gaussian in pixels. Above .849 its spectrum is negative, and t must be whole.
        noise: images or modes -> standard normal noise of their shape, dtype and device.

    Returns:
        (N, C, H, W), the dtype of x. Computed in at least float32, whatever autocast says.

    Raises:
        ValueError: negative t, t of a wrong shape, a fractional t with a kernel whose spectrum is negative, or a sigma
            for each mode without a blur ("ns") that has modes.
    """
    if x.ndim != 4:
        raise ValueError(f"scale_space: x must be (N, C, H, W), got shape {tuple(x.shape)}")
    if isinstance(t, Tensor) and t.ndim == 0:
        t = float(t)
    _check_steps(t, x.shape[0], kernel_sigma, mode)
    if isinstance(sigma, Tensor) and mode == "ns":
        raise ValueError("sigma: noise without blur has no modes, so give one number")
    if not isinstance(t, Tensor) and t == 0:
        return x
    with torch.autocast(x.device.type, enabled=False):
        work = x if x.dtype == torch.float64 else x.float()
        if mode == "ns":
            y = work + _scale(t, work) * sigma * noise(work)
        elif isinstance(t, Tensor):
            y = _per_image(work, t, sigma if mode == "nss" else 0.0, boundary, kernel_sigma, noise)
        else:
            y = _same_for_all(work, t, sigma if mode == "nss" else 0.0, boundary, kernel_sigma, noise)
    return y.to(x.dtype)


def noise_variance(
    t: float, size: tuple[int, int], *, sigma: float, boundary: ScaleSpaceBoundary, kernel_sigma: float = 0.8
) -> Tensor:
    """Exact variance (H, W), float64, of the noise that "nss" has accumulated in each pixel after t steps."""
    (basis_h, _), (basis_w, _) = (blur_modes(n, boundary, kernel_sigma) for n in size)
    accumulated = sigma**2 * accumulated_steps(mode_decay(size, boundary, kernel_sigma), t)
    return basis_h.square() @ accumulated @ basis_w.square().T


def mode_decay(size: tuple[int, int], boundary: ScaleSpaceBoundary, kernel_sigma: float) -> Tensor:
    """L (H, W), float64: what one step of blur multiplies each mode by."""
    (_, eigen_h), (_, eigen_w) = (blur_modes(n, boundary, kernel_sigma) for n in size)
    return torch.outer(eigen_h, eigen_w)


def accumulated_steps(decay: Tensor, t: float | Tensor) -> Tensor:
    """(1 - L^{2t}) / (1 - L^2), or t where L = 1: what t steps make of a unit variance of noise in each mode."""
    squared = decay.square()
    fixed = squared == 1
    ratio = (1 - torch.pow(squared, t)) / torch.where(fixed, 1.0, 1 - squared)
    return torch.where(fixed, torch.as_tensor(t, dtype=torch.float64), ratio)


def _same_for_all(
    x: Tensor,
    t: float,
    sigma: float | Tensor,
    boundary: ScaleSpaceBoundary,
    kernel_sigma: float,
    noise: Callable[[Tensor], Tensor],
) -> Tensor:
    """One t for the batch: two small matrix products for the mean, two for the noise."""
    height, width = x.shape[-2:]
    blur_h, blur_w = (_blur(n, t, boundary, kernel_sigma, x.dtype, x.device) for n in (height, width))
    y = apply_operator(blur_h, apply_operator(blur_w, x, -1), -2)
    if not isinstance(sigma, Tensor) and sigma == 0:
        return y
    basis_h, basis_w, std = _noise_operators(height, width, t, boundary, kernel_sigma, x.dtype, x.device)
    modes = _like(x, sigma) * std * noise(x)
    return y + apply_basis(basis_h, apply_basis(basis_w, modes, -1), -2)


def _per_image(
    x: Tensor,
    t: Tensor,
    sigma: float | Tensor,
    boundary: ScaleSpaceBoundary,
    kernel_sigma: float,
    noise: Callable[[Tensor], Tensor],
) -> Tensor:
    """One t per image: everything happens elementwise in the eigenbasis."""
    (basis_h, eigen_h), (basis_w, eigen_w) = (blur_modes(n, boundary, kernel_sigma) for n in x.shape[-2:])
    steps = t.detach().cpu().double()[:, None, None]  # (N, 1, 1)
    decay = torch.outer(eigen_h, eigen_w)
    basis_h, basis_w = basis_h.to(x), basis_w.to(x)
    modes = torch.pow(decay, steps)[:, None].to(x) * (basis_h.T @ (x @ basis_w))  # (N, C, H, W)
    if isinstance(sigma, Tensor) or sigma:
        std = accumulated_steps(decay, steps).sqrt()[:, None].to(x)
        modes = modes + _like(x, sigma) * std * noise(x)
    blurred = basis_h @ (modes @ basis_w.T)
    return torch.where((t == 0).to(x.device)[:, None, None, None], x, blurred)


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # what is cached must serve training too
def blur_modes(n: int, boundary: ScaleSpaceBoundary, kernel_sigma: float) -> tuple[Tensor, Tensor]:
    """Orthonormal eigenbasis (n, n) and eigenvalues (n,) of one blur step along an axis of n pixels, float64 on CPU.

    For even n the first half of the modes is mirror-symmetric and the second antisymmetric.
    """
    side = math.exp(-0.5 / kernel_sigma**2)
    side = side / (1 + 2 * side)  # the taps are (side, 1 - 2 side, side)
    step = (1 - 2 * side) * torch.eye(n, dtype=torch.float64)
    for offset in (-1, 1):
        step += side * torch.diag(torch.ones(n - 1, dtype=torch.float64), offset)
    if boundary == "replicate":
        step[0, 0] += side
        step[-1, -1] += side
    elif boundary == "circular":
        step[0, -1] += side
        step[-1, 0] += side
    elif boundary != "zeros":
        raise ValueError(f"boundary: '{boundary}' is not one of replicate, zeros, circular (whose laws are exact)")
    eigenvalues, basis = _symmetric_eigenbasis(step)
    if boundary != "zeros":
        # The constant image is a fixed point: its variance must not become a quotient of two rounding errors.
        eigenvalues[eigenvalues.argmax()] = 1.0
    if side <= 0.25:
        eigenvalues = eigenvalues.clamp(min=0.0)
    return basis, eigenvalues


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # what is cached must serve training too
def _blur(
    n: int, t: float, boundary: ScaleSpaceBoundary, kernel_sigma: float, dtype: torch.dtype, device: torch.device
) -> Tensor | Mirrored:
    basis, eigenvalues = blur_modes(n, boundary, kernel_sigma)
    blur = ((basis * torch.pow(eigenvalues, t)) @ basis.T).to(device, dtype)
    return operator_blocks(blur) if _folds(n) else blur


@lru_cache(maxsize=8)
@torch.inference_mode(False)  # what is cached must serve training too
def _noise_operators(
    height: int,
    width: int,
    t: float,
    boundary: ScaleSpaceBoundary,
    kernel_sigma: float,
    dtype: torch.dtype,
    device: torch.device,
) -> tuple[Tensor | Mirrored, Tensor | Mirrored, Tensor]:
    """Bases of both axes, and the standard deviations (H, W) that unit noise reaches in each mode."""
    (basis_h, eigen_h), (basis_w, eigen_w) = (blur_modes(n, boundary, kernel_sigma) for n in (height, width))
    std = accumulated_steps(torch.outer(eigen_h, eigen_w), t).sqrt()
    basis_h, basis_w = basis_h.to(device, dtype), basis_w.to(device, dtype)
    return (
        basis_blocks(basis_h) if _folds(height) else basis_h,
        basis_blocks(basis_w) if _folds(width) else basis_w,
        std.to(device, dtype),
    )


def _symmetric_eigenbasis(step: Tensor) -> tuple[Tensor, Tensor]:
    """Eigenvalues and basis of a symmetric matrix that commutes with mirroring, its halves apart where n is even."""
    if step.shape[0] % 2:
        eigenvalues, basis = torch.linalg.eigh(step)
        return eigenvalues, basis
    (even_values, even), (odd_values, odd) = (torch.linalg.eigh(block) for block in operator_blocks(step))
    basis = torch.cat([torch.cat([even, odd], 1), torch.cat([even.flip(0), -odd.flip(0)], 1)]) / math.sqrt(2)
    return torch.cat([even_values, odd_values]), basis


def _folds(n: int) -> bool:
    return n % 2 == 0 and n >= WORTHWHILE


def _like(x: Tensor, sigma: float | Tensor) -> float | Tensor:
    return sigma.to(x) if isinstance(sigma, Tensor) else sigma


def _scale(t: float | Tensor, x: Tensor) -> float | Tensor:
    return t.to(x).sqrt()[:, None, None, None] if isinstance(t, Tensor) else math.sqrt(t)


def _check_steps(t: float | Tensor, count: int, kernel_sigma: float, mode: Mode) -> None:
    if mode not in ("nss", "ss", "ns"):
        raise ValueError(f"mode: '{mode}' is not one of nss, ss, ns")
    if isinstance(t, Tensor) and t.shape != (count,):
        raise ValueError(f"t: a tensor must hold one value per image ({count},), got shape {tuple(t.shape)}")
    values = t.detach().cpu().double() if isinstance(t, Tensor) else torch.tensor([t], dtype=torch.float64)
    if not bool((values >= 0).all()):
        raise ValueError(f"t: must be >= 0, got {values.min().item():g}")
    if mode != "ns" and kernel_sigma > WIDEST_KERNEL and not bool((values == values.round()).all()):
        raise ValueError(f"t: a kernel of width {kernel_sigma} (> .849) has a negative spectrum, so t must be whole")
