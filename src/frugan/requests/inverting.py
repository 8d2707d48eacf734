"""Which latents are searched for, and which directions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from frugan.system.errors import ArgumentError, check_choice

Fit = Literal["crop", "stretch", "pad"]


@dataclass(frozen=True)
class Inverting:
    """How latents of a picture are searched for.

    Args:
        steps: Steps of Adam, from 1.
        starts: Number of searches at a time; the best is kept.
        through: What is compared in each step: "code", the small code of a sampler of codes, or "picture", what it is
            decoded to, which takes longer.
        pixels: Weight of the mean squared difference, in [-1, 1], beside the perceptual distance.
        prior: Weight of the mean square of the latents in standard deviations: larger values give more typical ones.
        rate: Adam's largest learning rate, in standard deviations of the latents.
        noise: Standard deviation of the noise on the latents in the first step, in standard deviations of theirs.
        label: Class, for class-conditional models. None: that of the most similar of the first pictures.
        seed: Of the starts and of the noise.

    Raises:
        ArgumentError: a value out of its range.
    """

    steps: int = 100  # ours, where distances level off; 1,000 in StyleGAN2's projector (Karras et al. 2020, appendix D)
    starts: int = 4  # ours, the first tried; the projector has one, the mean style
    through: Literal["code", "picture"] = "code"  # the advantage of samplers of codes
    pixels: float = 1.0  # ours, the first tried; the projector has none, most of its successors do
    prior: float = 0.01  # ours, the first tried
    rate: float = 0.1  # StyleGAN2's projector
    noise: float = 0.05  # StyleGAN2's projector
    label: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_choice("through", self.through, ("code", "picture"))
        for name, most in (("steps", 10**6), ("starts", 256)):
            if not 1 <= getattr(self, name) <= most:
                raise ArgumentError(name, f"from 1 to {most}", getattr(self, name))
        for name in ("pixels", "prior", "noise"):
            if not 0 <= getattr(self, name) < 1e9:
                raise ArgumentError(name, "a number from 0", getattr(self, name))
        if not 0 < self.rate < 1e9:
            raise ArgumentError("rate", "a number above 0", self.rate)
        if not 0 <= self.seed < 2**32:
            raise ArgumentError("seed", "from 0 to 4294967295", self.seed)


@dataclass(frozen=True)
class Exploring:
    """Which directions are searched for, and how they are shown.

    Args:
        count: Number of directions; fewer if the latents have fewer dimensions.
        layers: Number of modulated layers, from the first, whose styles a direction moves. Without effect on models
            without styles.
        names: Names of directions by their number, from 1. The others are called by their numbers.
        pictures: Number of pictures in a strip's column.
        extent: Largest amount shown, to both sides, in standard deviations.
        seed: Of the first picture, and of the latents that are looked at.

    Raises:
        ArgumentError: a value out of its range, or a name that is none.
    """

    count: int = 8  # ours: as many as a page shows
    layers: int = 6  # SeFa (Shen & Zhou 2021): its "bottom" and "middle" layers of StyleGAN, 0-1 and 2-5
    names: Mapping[int, str] = field(default_factory=dict)
    pictures: int = 3  # ours, the first tried
    extent: float = 3.0  # SeFa's program shows -3 to 3
    seed: int = 0

    def __post_init__(self) -> None:
        for name, most in (("count", 256), ("layers", 10**4), ("pictures", 64)):
            if not 1 <= getattr(self, name) <= most:
                raise ArgumentError(name, f"from 1 to {most}", getattr(self, name))
        if not 0 < self.extent < 1e9:
            raise ArgumentError("extent", "a number above 0", self.extent)
        if not 0 <= self.seed < 2**32 - 64:
            raise ArgumentError("seed", "from 0 to 4294967231", self.seed)
        for number, text in self.names.items():
            if not 1 <= number <= self.count:
                raise ArgumentError("names", f"directions have numbers from 1 to {self.count}", number)
            if not text or len(text) > 64 or "=" in text or not text.isprintable() or text.isdigit():
                raise ArgumentError("names", "a name has 1 to 64 characters, no '=', and is no number", repr(text))
        if len(set(self.names.values())) < len(self.names):
            raise ArgumentError("names", "two directions have the same name. Choose another")
