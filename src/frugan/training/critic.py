"""The critic of a step: the discriminator with the labels of its batch, perhaps behind the stabilizer."""

from dataclasses import dataclass, replace

from torch import Tensor

from frugan.networks.base import Discriminator, ReconstructingDiscriminator
from frugan.stabilizers.base import Stabilizer
from frugan.system.errors import UserError


@dataclass(frozen=True)
class LabelledCritic:
    """An `objectives.base.Critic`: images (M, C, H, W) -> logits (M,), M `rows` or a multiple.

    Attributes:
        label: (rows,), repeated for each more time that a stabilizer showed the images.
        stabilizer: through which images go first; None = they are what D is shown.
    """

    discriminator: Discriminator
    label: Tensor | None
    rows: int
    stabilizer: Stabilizer | None = None

    def __call__(self, image: Tensor) -> Tensor:
        seen = self._seen(image)
        label = None if self.label is None else self.label.repeat(len(seen) // self.rows)
        logits: Tensor = self.discriminator(seen, label)
        return logits

    def behind(self, stabilizer: Stabilizer) -> "LabelledCritic":
        """The same, for images that the stabilizer has not been given yet."""
        return replace(self, stabilizer=stabilizer)

    def reconstructions(self, image: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What the discriminator's decoders make of what it is shown, and what they should.

        Raises:
            UserError: it has none.
        """
        if not isinstance(self.discriminator, ReconstructingDiscriminator):
            name = type(self.discriminator).__name__
            raise UserError(
                f"self-reconstruction: {name} has no decoders. Take FastGANDiscriminator, or leave the penalty out"
            )
        return self.discriminator.reconstructions(self._seen(image))

    def _seen(self, image: Tensor) -> Tensor:
        return image if self.stabilizer is None else self.stabilizer(image)
