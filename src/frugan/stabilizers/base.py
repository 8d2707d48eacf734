"""What stands between images and the discriminator: `Stabilizer`. Reals and fakes alike pass it; samples never."""

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Stabilizer(nn.Module, ABC):
    """code (N, C, H, W) -> code of the same shape; differentiable, fresh randomness on every call."""

    @abstractmethod
    def forward(self, code: Tensor) -> Tensor:
        """What the discriminator sees of these codes."""

    @abstractmethod
    def update(self, progress: float, real_logits: Tensor | None = None) -> None:
        """Told once per step: the fraction of training done in [0, 1], and the critic's last logits on reals.

        A controller reads the logits; a schedule depends on progress alone, so that resuming needs no state of its own.
        """

    @abstractmethod
    def strength(self) -> float:
        """How strongly it acts now, for logs and plots (steps t, probability p); 0 = not at all."""


class NoStabilizer(Stabilizer):
    """The discriminator sees codes as they are."""

    def forward(self, code: Tensor) -> Tensor:
        return code

    def update(self, progress: float, real_logits: Tensor | None = None) -> None:
        return

    def strength(self) -> float:
        return 0.0
