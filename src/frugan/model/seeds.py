"""From seeds to latents, classes, styles and codes: the same on every machine and in any batch."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from frugan.networks.base import Generator

_CLASSES, _ASPECTS = 1, 2  # keep these draws of a seed apart


@torch.no_grad()
def draw_codes(generator: Generator, seeds: Sequence[int], class_counts: Sequence[int] = ()) -> Tensor:
    """What a generator makes of seeds: codes (N, C, s, s) on its device."""
    return generator.synthesis(draw_styles(generator, seeds, class_counts))


@torch.no_grad()
def draw_styles(
    generator: Generator,
    seeds: Sequence[int],
    class_counts: Sequence[int] = (),
    truncation: float = 1.0,
    label: int | None = None,
) -> Tensor:
    """Styles w of seeds, on the generator's device.

    Where it is class-conditional and no label is given, each seed draws one, in proportion to `class_counts`, or all
    alike if there are none.
    """
    device = next(generator.parameters()).device
    z, labels = seed_latents(seeds, generator.latent_dim).to(device), None
    if label is not None:
        labels = torch.full((len(seeds),), label, device=device)
    elif generator.classes:
        labels = seed_labels(seeds, class_counts, generator.classes).to(device)
    return generator.truncated_mapping(z, labels, truncation)


def seed_labels(seeds: Sequence[int], counts: Sequence[int], classes: int = 0) -> Tensor:
    """A class (N,), int64, for each seed: in proportion to the counts, or each alike if there are none; 0 without any.

    Args:
        counts: training images of each class, or nothing.
        classes: how many the generator knows.
    """
    return _choices(seeds, counts or [1] * max(1, classes), _CLASSES)


def seed_aspects(seeds: Sequence[int], counts: Mapping[float, int]) -> Tensor:
    """Width over height (N,) for each seed, in proportion to the counts of training images."""
    return torch.tensor(list(counts), dtype=torch.float64)[_choices(seeds, list(counts.values()), _ASPECTS)]


def _choices(seeds: Sequence[int], counts: Sequence[int], stream: int) -> Tensor:
    """Which of the counted (N,), int64, each seed draws."""
    total = sum(counts)
    frequencies = [count / total for count in counts]
    drawn = [np.random.RandomState(np.random.MT19937(np.random.SeedSequence([seed, stream]))) for seed in seeds]
    return torch.tensor([int(random.choice(len(counts), p=frequencies)) for random in drawn], dtype=torch.int64)


def seed_latents(seeds: Sequence[int], latent_dim: int) -> Tensor:
    """z (N, latent_dim), float32: `RandomState(seed).randn(1, latent_dim)` for each seed, StyleGAN's convention.

    Raises:
        ValueError: a seed outside 0 .. 2^32 - 1.
    """
    for seed in seeds:
        if not 0 <= seed < 2**32:
            raise ValueError(f"seed {seed}: must be from 0 to {2**32 - 1}")
    rows = [np.random.RandomState(seed).randn(1, latent_dim) for seed in seeds]
    return torch.from_numpy(np.concatenate(rows)).float()
