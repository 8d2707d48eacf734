"""The spectrum of a set of images in the modes of the scale-space's blur, and the noise that fits it.

NSS is meant to keep the variance of images while it destroys their detail (figure 2 of Nakamura, Korman & Hong). With
P the mean squared coefficient of the images in each mode, L what a step multiplies that mode by, and sums over all
modes but the constant one,

    V(t) = (1 / pixels) sum L^{2t} P  +  sigma^2 (1 / pixels) sum (1 - L^{2t}) / (1 - L^2)  =  D(t) + sigma^2 S(t)

so the sigma that keeps V closest to V(0) has a closed form: no Monte Carlo, no training, no tuning.
"""

import torch
from torch import Tensor

from frugan.ops.scale_space import ScaleSpaceBoundary, accumulated_steps, blur_modes, mode_decay


def power_spectrum(x: Tensor, *, boundary: ScaleSpaceBoundary = "replicate", kernel_sigma: float = 0.8) -> Tensor:
    """Mean squared coefficients (C, H, W), float64 on the CPU, of images (N, C, H, W) in the modes of the blur."""
    basis_h, basis_w = (blur_modes(n, boundary, kernel_sigma)[0] for n in x.shape[-2:])
    modes = basis_h.T @ (x.detach().cpu().double() @ basis_w)
    return modes.square().mean(dim=0)


def variance_curve(
    power: Tensor,
    t: Tensor,
    *,
    sigma: float | Tensor,
    boundary: ScaleSpaceBoundary = "replicate",
    kernel_sigma: float = 0.8,
) -> Tensor:
    """V(t) (T,), the mean variance within an image after t (T,) steps: figure 2 of the paper, exactly.

    `power` (C, H, W) from `power_spectrum`; sigma as in `scale_space`, 0 for blur alone.
    """
    decay = mode_decay((power.shape[-2], power.shape[-1]), boundary, kernel_sigma)
    noise = sigma.double().square() if isinstance(sigma, Tensor) else torch.full_like(power, sigma**2)
    power, noise = power.mean(dim=0), noise.expand_as(power).mean(dim=0)

    def variance(steps: Tensor) -> Tensor:
        modes = torch.pow(decay.square(), steps) * power + noise * accumulated_steps(decay, steps)
        # Modes that no blur changes hold each image's own mean.
        return torch.where(decay == 1, 0.0, modes).sum() / decay.numel()

    return torch.stack([variance(steps) for steps in t.double()])


def auto_sigma(
    power: Tensor, last: float, *, boundary: ScaleSpaceBoundary = "replicate", kernel_sigma: float = 0.8
) -> float:
    """The sigma that keeps V(t) closest to V(0), in least squares over t = 1 ... `last` with equal weights.

    sigma^2 = sum (D(0) - D(t)) S(t) / sum S(t)^2. Beyond 256 steps an even choice of them stands for all.
    """
    last = max(last, 1.0)
    t = torch.linspace(1.0, last, min(round(last), 256), dtype=torch.float64)
    t = torch.cat([torch.zeros(1, dtype=torch.float64), t])
    settings = {"boundary": boundary, "kernel_sigma": kernel_sigma}
    blurred = variance_curve(power, t, sigma=0.0, **settings)  # type: ignore[arg-type]
    added = variance_curve(torch.zeros_like(power), t, sigma=1.0, **settings)  # type: ignore[arg-type]
    lost = blurred[0] - blurred
    return float(((lost * added).sum() / added.square().sum()).sqrt())


def matched_sigma(power: Tensor, *, boundary: ScaleSpaceBoundary = "replicate", kernel_sigma: float = 0.8) -> Tensor:
    """Noise for each mode (C, H, W), float64, that keeps the power of every mode at every t: sigma^2 = P (1 - L^2).

    Unlike one sigma for all it fits any data, such as drawings, whose spectrum is not that of photographs.
    """
    decay = mode_decay((power.shape[-2], power.shape[-1]), boundary, kernel_sigma)
    return (power * (1 - decay.square()).clamp(min=0)).sqrt()
