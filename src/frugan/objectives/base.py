"""The signatures that all objectives share. An adversarial one is a loss and any number of penalties."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from frugan.ops.grid import Grid

# (real logits (N,), fake logits (N,)) -> per-image losses for the critic (N,) and for the generator (N,).
Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

Critic = Callable[[Tensor], Tensor]


@runtime_checkable
class ReconstructingCritic(Protocol):
    """A critic that may decode images from its own features."""

    def __call__(self, image: Tensor, /) -> Tensor: ...

    def reconstructions(self, image: Tensor, /) -> Sequence[tuple[Tensor, Tensor]]:
        """Pairs of what is decoded and what it should be, both (N, C, h, w).

        Raises:
            ValueError: its discriminator cannot.
        """


# (critic, real, fake, real logits, fake logits) -> scalar, the mean over images of a per-image value. `real` and `fake`
# are what the critic was shown after the stabilizer, or the images before it (`PenaltyConfig.at`); they require
# gradients, and the logits came from them in this step, so that a penalty at those points costs no second forward pass.
Penalty = Callable[[Critic, Tensor, Tensor, Tensor, Tensor], Tensor]


class TwoStageGenerator(Protocol):
    """As much of a generator as a penalty on it needs; see `networks.base`."""

    code_shape: tuple[int, int, int]
    any_grid: bool

    def mapping(self, z: Tensor, label: Tensor | None = None) -> Tensor: ...

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor: ...

    def modules(self) -> Iterator[nn.Module]: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...


# (generator, latents (N, D), labels (N,) or None) -> scalar. One that remembers anything is a module, and keeps it in
# buffers, so that it is saved with the run.
GeneratorPenalty = Callable[[TwoStageGenerator, Tensor, Tensor | None], Tensor]


# (decoded, original), images (N, 3, H, W) in [-1, 1] -> scalar.
ImageLoss = Callable[[Tensor, Tensor], Tensor]
