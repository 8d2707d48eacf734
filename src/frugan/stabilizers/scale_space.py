"""Noisy scale-space as a stabilizer (Nakamura, Korman & Hong): D sees blurred and re-noised codes at first."""

from collections.abc import Callable

import torch
from torch import Tensor

from frugan.ops.scale_space import WIDEST_KERNEL, Mode, ScaleSpaceBoundary, scale_space
from frugan.stabilizers.annealing import exponential
from frugan.stabilizers.base import Stabilizer

# Below this the filter changes codes by less than a thousandth of their range; skipping it there saves its cost.
NEGLIGIBLE_STEPS = 0.05


class ScaleSpace(Stabilizer):
    """Applies t(i) steps of the scale-space to the first `fraction` of each batch; the rest stays clean.

    Args:
        start: T, the steps at the beginning; 256 at 64 px in the paper (11 px of blur). It scales with (side / 64)^2
            for the same relative blur.
        sigma: standard deviation of one step's noise, in codes' units ([-1, 1]). The paper's .15 fits images in
            [0, 1], so .30 here; the spectrum of photographs asks for .22 to .28 at 64 px.
        mode: "nss", "ss" (blur only) or "ns" (noise only).
        fraction: the half-batch rule of the paper, section 5.1: half is filtered, half is clean.
        annealing: progress -> factor on T.
    """

    def __init__(
        self,
        start: float = 256.0,
        sigma: float = 0.25,
        mode: Mode = "nss",
        fraction: float = 0.5,
        annealing: Callable[[float], float] = exponential,
        boundary: ScaleSpaceBoundary = "replicate",
        kernel_sigma: float = 0.8,
    ) -> None:
        super().__init__()
        if not 0 < fraction <= 1:
            raise ValueError(f"fraction: must be in (0, 1], got {fraction}")
        if kernel_sigma > WIDEST_KERNEL and mode != "ns":
            raise ValueError(
                f"kernel_sigma: {kernel_sigma} exceeds {WIDEST_KERNEL:.3f}; fractions of so wide a step do not exist"
            )
        self.start, self.sigma, self.mode, self.fraction = start, sigma, mode, fraction
        self.annealing, self.boundary, self.kernel_sigma = annealing, boundary, kernel_sigma
        self.steps = start * annealing(0.0)

    def forward(self, code: Tensor) -> Tensor:
        filtered_count = round(code.shape[0] * self.fraction)
        if self.steps < NEGLIGIBLE_STEPS or filtered_count == 0:
            return code
        filtered = scale_space(
            code[:filtered_count],
            self.steps,
            sigma=self.sigma,
            mode=self.mode,
            boundary=self.boundary,
            kernel_sigma=self.kernel_sigma,
        )
        return torch.cat([filtered, code[filtered_count:]])

    def update(self, progress: float, real_logits: Tensor | None = None) -> None:
        self.steps = self.start * self.annealing(progress)

    def strength(self) -> float:
        return self.steps if self.steps >= NEGLIGIBLE_STEPS else 0.0
