"""Noisy scale-space as a stabilizer (Nakamura, Korman & Hong): D sees blurred and re-noised codes at first."""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from frugan.ops.scale_space import WIDEST_KERNEL, Mode, ScaleSpaceBoundary, scale_space
from frugan.ops.spectrum import auto_sigma, matched_sigma, power_spectrum
from frugan.stabilizers.annealing import exponential
from frugan.stabilizers.base import Stabilizer

# Below this the filter is skipped to save its cost: its noise has less than a quarter of one step's standard deviation.
NEGLIGIBLE_STEPS = 0.05


class ScaleSpace(Stabilizer):
    """Applies t(i) steps of the scale-space to the first `fraction` of each batch; the rest stays clean.

    Args:
        start: T, the steps at the beginning; 256 at 64 px in the paper (11 px of blur). It scales with (side / 64)^2
            for the same relative blur.
        sigma: standard deviation of one step's noise, in codes' units ([-1, 1]). "auto" keeps the variance of the
            training codes as constant as one number can (figure 2 of the paper); "matched" keeps the power of every
            frequency. The paper's .15 fits images in [0, 1], so .30 here.
        mode: "nss", "ss" (blur only) or "ns" (noise only).
        fraction: the half-batch rule of the paper, section 5.1: half is filtered, half is clean.
        duplicate: show every code twice instead, filtered and clean, as the paper's reference [14] does.
        annealing: progress -> factor on T.
        per_image: every image draws its own number of steps from U[0, t].
        whole_steps: floor t, as an implementation that iterates must.
    """

    penalised_at = "shown"  # through the blur, a gradient at the image would be all but erased

    def __init__(
        self,
        start: float = 256.0,
        sigma: float | Literal["auto", "matched"] = "auto",
        mode: Mode = "nss",
        fraction: float = 0.5,
        duplicate: bool = False,
        annealing: Callable[[float], float] = exponential,
        per_image: bool = False,
        whole_steps: bool = False,
        boundary: ScaleSpaceBoundary = "replicate",
        kernel_sigma: float = 0.8,
    ) -> None:
        super().__init__()
        if not 0 < fraction <= 1:
            raise ValueError(f"fraction: must be in (0, 1], got {fraction}")
        if start < 0:
            raise ValueError(f"start: a number of steps is 0 or more, got {start}")
        if isinstance(sigma, str) and sigma not in ("auto", "matched"):
            raise ValueError(f"sigma: must be a number, auto or matched, got '{sigma}'")
        if not isinstance(sigma, str) and sigma < 0:
            raise ValueError(f"sigma: a standard deviation is 0 or more, got {sigma}")
        if kernel_sigma > WIDEST_KERNEL and mode != "ns" and not whole_steps:
            raise ValueError(
                f"kernel_sigma: {kernel_sigma} exceeds {WIDEST_KERNEL:.3f}; fractions of so wide a step do not exist, "
                "so set whole_steps"
            )
        if sigma == "matched" and mode == "ns":
            raise ValueError("sigma: noise without blur has no spectrum to match; give a number, or auto")
        self.start, self.sigma, self.mode, self.fraction, self.duplicate = start, sigma, mode, fraction, duplicate
        self.annealing, self.per_image, self.whole_steps = annealing, per_image, whole_steps
        self.boundary, self.kernel_sigma = boundary, kernel_sigma
        self.noise: float | Tensor | None = None if isinstance(sigma, str) else sigma
        self.schedule(0.0)

    def fit(self, codes: Tensor) -> dict[str, float]:
        if not isinstance(self.sigma, str):
            return {}
        power = power_spectrum(codes, boundary=self.boundary, kernel_sigma=self.kernel_sigma)
        if self.sigma == "matched":
            self.noise = matched_sigma(power, boundary=self.boundary, kernel_sigma=self.kernel_sigma)
            return {}
        self.noise = auto_sigma(power, self.start, boundary=self.boundary, kernel_sigma=self.kernel_sigma)
        return {"sigma": self.noise}

    def forward(self, code: Tensor) -> Tensor:
        count = code.shape[0] if self.duplicate else self.num_filtered(code.shape[0])
        if self.steps < NEGLIGIBLE_STEPS:
            return torch.cat([code, code]) if self.duplicate else code
        if self.noise is None:
            raise RuntimeError(f"sigma is '{self.sigma}': call fit with codes of real images first")
        filtered = scale_space(
            code[:count],
            self._draw_steps(count, code.device),
            sigma=self.noise,
            mode=self.mode,
            boundary=self.boundary,
            kernel_sigma=self.kernel_sigma,
            noise=lambda x: self._draw(lambda n: x.new_empty(n, *x.shape[1:]).normal_(), count),
        )
        return torch.cat([filtered, code if self.duplicate else code[count:]])

    def _draw_steps(self, count: int, device: torch.device) -> float | Tensor:
        if not self.per_image:
            return self.steps
        steps = self.steps * self._draw(lambda n: torch.rand(n, device=device), count)
        return steps.floor() if self.whole_steps else steps

    def _draw(self, make: Callable[[int], Tensor], count: int) -> Tensor:
        return self.draws.draw(make, count, of_filtered=not self.duplicate)

    def schedule(self, progress: float) -> None:
        """t(i) = T annealing(i), equation 8."""
        steps = self.start * self.annealing(progress)
        self.steps = float(int(steps)) if self.whole_steps else steps

    def strengths(self) -> dict[str, float]:
        return {"t": self.steps if self.steps >= NEGLIGIBLE_STEPS else 0.0}

    def num_filtered(self, rows: int) -> int:
        return rows // 2 if self.duplicate else max(1, round(rows * self.fraction))
