"""What stands between images and the discriminator: `Stabilizer`. Reals and fakes alike pass it; samples never."""

from abc import ABC, abstractmethod
from typing import Literal

from torch import Tensor, nn

from frugan.ops.draws import BatchDraws


class Stabilizer(nn.Module, ABC):
    """code (N, C, H, W) -> code of the same shape, or with twice as many rows; fresh randomness on every call.

    Attributes:
        draws: where that randomness comes from, so that processes that share a batch see what one alone would.
        penalised_at: where gradient penalties act unless their `at` says so: at the image before this stabilizer, or at
            what D is shown after it.
    """

    penalised_at: Literal["image", "shown"] = "shown"

    def __init__(self) -> None:
        super().__init__()
        self.draws = BatchDraws()

    def share(self, draws: BatchDraws) -> None:
        """From now on, this process holds only a part of each batch; so do the stabilizers inside of this one."""
        for stabilizer in self.modules():
            if isinstance(stabilizer, Stabilizer):
                stabilizer.draws = draws

    def fit(self, codes: Tensor) -> dict[str, float]:
        """Measure what it must know of the training set, once before training, on codes (N, C, H, W) of real images.

        The same codes come again when a run is resumed, so nothing of this needs saving. Returns what is worth a line
        in the log.
        """
        return {}

    @abstractmethod
    def forward(self, code: Tensor) -> Tensor:
        """What the discriminator sees of these codes. Differentiable."""

    def schedule(self, progress: float) -> None:
        """Set the strength for the step to come. Called before each.

        It depends on `progress` alone, the fraction of training done in [0, 1], so that resuming needs no state.
        """
        return

    def observe(self, real_logits: Tensor, count: int) -> None:
        """Look at the discriminator, and adapt. Called after each of its updates.

        State belongs in buffers, so that it is saved with the run.

        Args:
            real_logits: of the real images that were shown unfiltered, of any shape.
            count: real images of this step, filtered ones included.
        """
        return

    @abstractmethod
    def strengths(self) -> dict[str, float]:
        """How strongly it acts now, by symbol, for logs and plots: steps t, probability p. 0 = not at all."""

    def num_filtered(self, rows: int) -> int:
        """How many of the discriminator's `rows` logits, from the first, are of codes whose detail it may erase.

        The same throughout training. The others are shown as they are, or augmented in ways that erase nothing.
        """
        return 0


class NoStabilizer(Stabilizer):
    """The discriminator sees codes as they are."""

    def forward(self, code: Tensor) -> Tensor:
        return code

    def strengths(self) -> dict[str, float]:
        return {}
