"""Pictures of two sizes pulled together, for generators that draw at any coordinates; a `base.GeneratorPenalty`."""

from torch import Tensor
from torch.nn import functional as F

from frugan.objectives.base import TwoStageGenerator
from frugan.ops.view import View


class ScaleConsistency:
    """mean (G(w, small) - mean of k x k pixels of G(w))^2: what `frugan evaluate --consistency` measures, as a loss.

    The smaller pictures learn from those of the trained size and not the other way round: the latter are judged by the
    discriminator, and would be blurred if they had to give way.

    Args:
        reduction: k, how many times smaller; both sides of the codes must be multiples.
        share: of each batch, from the first.
    """

    def __init__(self, reduction: int = 2, share: float = 1.0) -> None:
        if reduction < 2:
            raise ValueError(f"reduction: must be at least 2, got {reduction}")
        if not 0 < share <= 1:
            raise ValueError(f"share: must be in (0, 1], got {share}")
        self.reduction, self.share = reduction, share

    def __call__(self, generator: TwoStageGenerator, z: Tensor, label: Tensor | None = None) -> Tensor:
        """
        Raises:
            ValueError: the generator draws at one size alone, or one that cannot be divided.
        """
        height, width = generator.code_shape[1:]
        if not generator.any_grid:
            raise ValueError("scale consistency: this generator draws at one size; take it out")
        if height % self.reduction or width % self.reduction:
            raise ValueError(f"scale consistency: {height} x {width} codes cannot be reduced {self.reduction} times")
        count = max(1, round(len(z) * self.share))
        w = generator.mapping(z[:count], None if label is None else label[:count])
        small = View(height // self.reduction, width // self.reduction, (height, width), fit="stretch", centres=True)
        reduced = F.avg_pool2d(generator.synthesis(w).detach(), self.reduction)
        return F.mse_loss(generator.synthesis(w, small.grid()), reduced)
