"""What one step of a GAN looks at, and the penalties that are due in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from frugan.config.schema import PenaltyConfig
from frugan.config.spec import built
from frugan.ops.grid import Grid
from frugan.stabilizers.base import Stabilizer


@dataclass(frozen=True)
class LazyPenalty:
    """A penalty with its weight, applied every `every` steps with `every` times the weight.

    `at_image`: at the images before the stabilizer, and through it; else at what D is shown.
    """

    penalty: Callable[..., Tensor]
    weight: float
    every: int
    at_image: bool

    def is_due(self, step: int) -> bool:
        return step % self.every == 0

    def __call__(self, *arguments: Any) -> Tensor:
        """Weighted, for a step in which it is due."""
        return self.every * self.weight * self.penalty(*arguments)


@dataclass(frozen=True)
class Batch:
    """What one step looks at.

    Attributes:
        codes: of this rank's real images, (N, C, H, W); windows of them where there is a grid.
        labels: their classes (N,), for class-conditional networks.
        grid: where pictures are looked at in this step: alike for all of them and on all ranks, or for each picture of
            this rank by itself (N, H) and (N, W); None = whole pictures.
        nimg: images seen before it.
        size: images of all ranks together.
    """

    codes: Tensor
    labels: Tensor | None
    grid: Grid | None
    nimg: int
    size: int

    @property
    def step(self) -> int:
        """How many steps came before."""
        return self.nimg // self.size

    def pieces(
        self, first: Tensor, latents: Tensor, count: int
    ) -> Iterator[tuple[Tensor, Tensor, Tensor | None, Grid | None]]:
        """Micro-batches of what belongs together: of `first` (N, ...), latents, labels and grid."""
        labels = [None] * count if self.labels is None else self.labels.chunk(count)
        grids: list[Grid | None] = [self.grid] * count
        if self.grid is not None and self.grid.rows.ndim == 2:
            grids = [Grid(*axes) for axes in zip(*(axis.chunk(count) for axis in self.grid), strict=True)]
        yield from zip(first.chunk(count), latents.chunk(count), labels, grids, strict=True)


def lazy_penalty(config: PenaltyConfig, stabilizer: Stabilizer) -> LazyPenalty:
    """The penalty of a configuration; where it acts may depend on the stabilizer."""
    at = stabilizer.penalised_at if config.at == "auto" else config.at
    return LazyPenalty(built(config.penalty), config.weight, config.every, at == "image")
