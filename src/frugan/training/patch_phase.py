"""The second phase of AnyresGAN (Chai et al. 2022): patches of larger photos, and a teacher of whole pictures."""

import copy
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from frugan.config.schema import SamplerConfig
from frugan.config.shape import ImageShape
from frugan.networks.base import Generator
from frugan.objectives.base import ImageLoss
from frugan.ops.grid import Grid
from frugan.training.randomness import seed_for
from frugan.training.windows import grid_of, put_back


class PatchSource(Protocol):
    """Where patches of photos come from; see `data.patches.Patches`."""

    def patches(self, n: np.ndarray) -> tuple[Tensor, Tensor]:
        """Those with the numbers `n` (N,), (N, 3, S, S); and top, left and length in parts of the photo, (N, 3)."""


class PatchPhase:
    """What the steps of the second phase look at, and how far what is drawn there is from the teacher's pictures.

    Attributes:
        teacher: draws whole pictures; what it knows is only of use once the phase has begun.

    Raises:
        ValueError: a generator that draws no windows, or photos no larger than what it draws.
    """

    def __init__(
        self, config: SamplerConfig, generator: Generator, shape: ImageShape, seed: int, source: PatchSource | None
    ) -> None:
        patches, side = config.patches, shape.height
        assert patches is not None
        if not generator.own_windows:
            raise ValueError(
                f"patches: {type(generator).__name__} cannot draw another window of each picture; AnyresGAN can"
            )
        if shape.width != side:
            raise ValueError(
                f"patches: they are cut out of squares, not of {shape.size_text}. Set one side, such as 128"
            )
        if generator.code_shape[1] != side:
            raise ValueError("patches: patches are of pictures, so the codec must leave images at their size")
        if patches.largest <= side:
            raise ValueError(f"patches.largest: {patches.largest} should be above the side of pictures, {side}")
        self.config, self.side, self.seed, self.source = patches, side, seed, source
        self.start_nimg = round(patches.start * config.schedule.total_nimg)
        self.teacher = copy.deepcopy(generator).eval().requires_grad_(False)
        self.perceptual: ImageLoss | None = patches.perceptual.build() if patches.perceptual else None

    def begins_at(self, nimg: int, batch: int) -> bool:
        """Whether the step after `nimg` images, of so many each, is the first of this phase."""
        return nimg - batch < self.start_nimg <= nimg

    def teach_with(self, network: Generator) -> None:
        """Keep a network as it is now."""
        self.teacher.load_state_dict(network.state_dict())

    def look(self, nimg: int, held: np.ndarray) -> tuple[Tensor, Grid] | None:
        """Patches for the images `held` of the step after `nimg`, and where they lie; None for whole pictures.

        All ranks look at the same kind.
        """
        random = torch.Generator().manual_seed(seed_for(self.seed, nimg, "patches"))
        if nimg < self.start_nimg or torch.rand((), generator=random).item() < self.config.whole:
            return None
        if self.source is None:
            raise ValueError("patches: this part was built without photos to take them from")
        images, boxes = self.source.patches(nimg + held)
        return images, grid_of(boxes, self.side)

    def lesson(self, drawn: Tensor, grid: Grid, z: Tensor, label: Tensor | None) -> Tensor:
        """How far patches (N, C, S, S), put back into the pictures that they are parts of, are from the teacher's."""
        with torch.no_grad():
            whole = self.teacher(z, label)
        with torch.autocast(drawn.device.type, enabled=False):  # products of half precision would blur what is compared
            seen, mask = put_back(drawn.float(), grid)
        wanted = whole.float() * mask
        # Image by image: pieces of a batch then have the mean of the batch.
        shares = (seen - wanted).abs().mean(dim=(1, 2, 3)) / mask.mean(dim=(1, 2, 3))
        loss: Tensor = shares.mean()
        if self.perceptual is not None:
            loss = loss + self.perceptual(seen, wanted)
        weighted: Tensor = self.config.weight * loss
        return weighted
