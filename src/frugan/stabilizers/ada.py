"""Adaptive discriminator augmentation: D sees its images warped and recoloured, more often the more it overfits.

Karras et al., "Training Generative Adversarial Networks with Limited Data" (2020): section 2.2 and appendix B for the
augmentations, section 3 for the control of their probability. Reals and fakes are treated alike and each transform is
skipped with probability 1 - p, so that the generator is not taught to draw augmented images while p is well below 1.
"""

import math

import torch
from torch import Tensor

from frugan.ops.augmentation import (
    brightness,
    contrast,
    hue,
    luma_flip,
    recolour,
    rotation,
    saturation,
    scaling,
    translation,
    warp,
)
from frugan.stabilizers.base import Stabilizer


class ADA(Stabilizer):
    """Passes each image through random transforms, each applied with probability p; p follows D's overfitting.

    D overfits when its logits on reals are nearly all positive. So r_t, their mean sign, is held at `target`: every
    `interval` steps p moves up or down by as much as would take it from 0 to 1 in `kimg` thousand images.

    Args:
        probability: p at the beginning, in [0, 1]. Above 0 with `target` None it is a fixed strength; .2 is common.
        target: r_t to hold, in [-1, 1]; None keeps p fixed.
        kimg: thousands of reals over which p can rise from 0 to 1; 500, and 100 when fine-tuning.
        interval: steps over which the signs are averaged before p moves.
        pipeline: which groups of transforms are on, by letter: "b" pixel blits, "g" general geometry, "c" colour.
            Colour is for images in about [-1, 1] with 1 or 3 channels; of one channel, brightness and contrast vary.
    """

    penalised_at = "image"  # through the augmentation, as StyleGAN2-ADA does

    probability: Tensor  # p, () float32; may exceed 1, where it acts as 1
    sign_sum: Tensor  # of the logits since p last moved, () float32
    logit_count: Tensor  # how many they were, () int64
    image_count: Tensor  # reals since p last moved, () int64
    calls: Tensor  # steps since p last moved, () int64

    def __init__(
        self,
        probability: float = 0.0,
        target: float | None = 0.6,
        kimg: float = 500.0,
        interval: int = 4,
        pipeline: str = "bgc",
    ) -> None:
        super().__init__()
        if not 0 <= probability <= 1:
            raise ValueError(f"probability: must be in [0, 1], got {probability}")
        if target is not None and not -1 <= target <= 1:
            raise ValueError(f"target: a mean of signs is in [-1, 1], got {target}; None keeps the probability fixed")
        if not kimg > 0 or interval < 1:
            raise ValueError(f"kimg must be above 0 and interval at least 1, got {kimg} and {interval}")
        if not pipeline or not set(pipeline) <= set("bgc"):
            raise ValueError(
                f"pipeline: '{pipeline}' must be made of the letters b (pixel blits), g (geometry) and c (colour),"
                " such as 'bgc'"
            )
        self.target, self.kimg, self.interval, self.pipeline = target, kimg, interval, pipeline
        self.register_buffer("probability", torch.tensor(float(probability)))
        self.register_buffer("sign_sum", torch.tensor(0.0))
        self.register_buffer("logit_count", torch.tensor(0))
        self.register_buffer("image_count", torch.tensor(0))
        self.register_buffer("calls", torch.tensor(0))

    def forward(self, code: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape, float32 or float64; at p = 0 the very tensor that came in."""
        count, channels, height, width = code.shape
        if "c" in self.pipeline and channels not in (1, 3):
            raise ValueError(
                f"ADA: colour ('c' in pipeline '{self.pipeline}') needs 1 or 3 channels, got shape"
                f" {tuple(code.shape)}; use pipeline 'bg'"
            )
        probability = min(float(self.probability), 1.0)
        if probability == 0:
            return code
        if "b" in self.pipeline or "g" in self.pipeline:
            # The content is blitted first, so its inverse comes last to the positions, hence first in the product.
            inverse = torch.eye(3, dtype=torch.float64).expand(count, 3, 3)
            if "b" in self.pipeline:
                inverse = inverse @ self.draws.draw(lambda n: draw_blits(n, probability, height, width), count)
            if "g" in self.pipeline:
                inverse = inverse @ self.draws.draw(lambda n: draw_geometry(n, probability, height, width), count)
            code = warp(code, inverse)
        if "c" in self.pipeline:
            code = recolour(code, self.draws.draw(lambda n: draw_colours(n, probability, channels), count))
        return code

    @torch.no_grad()
    def observe(self, real_logits: Tensor, count: int) -> None:
        """p += sign(r_t - target) * images / (1000 kimg), once in `interval` calls."""
        if self.target is None:
            return
        self.sign_sum += real_logits.sign().sum()
        self.logit_count += real_logits.numel()
        self.image_count += count
        self.calls += 1
        if int(self.calls) < self.interval:
            return
        direction = (self.sign_sum / self.logit_count - self.target).sign()
        self.probability += direction * self.image_count / (1000 * self.kimg)
        self.probability.clamp_(min=0.0)
        for accumulated in (self.sign_sum, self.logit_count, self.image_count, self.calls):
            accumulated.zero_()

    def strengths(self) -> dict[str, float]:
        return {"p": float(self.probability)}


def draw_blits(count: int, probability: float, height: int, width: int) -> Tensor:
    """Inverse maps (count, 3, 3) of x-flip, quarter turns and whole-pixel translation: what leaves pixels whole.

    Each is drawn with `probability`, and half of the flips and a quarter of the turns drawn do nothing. Turns are
    about the centre; an image that is not square keeps its shape, and is cut and filled by reflection.
    """
    flips = _sometimes(probability, torch.randint(2, (count,)), 0)
    turns = _sometimes(probability, torch.randint(4, (count,)), 0).double()
    x, y = _sometimes(probability, _uniform(-0.125, 0.125, 2, count), 0.0)
    return (
        scaling(1 - 2 * flips, 1)
        @ rotation(-math.pi / 2 * turns)
        @ translation(-(x * width).round(), -(y * height).round())
    )


def draw_geometry(count: int, probability: float, height: int, width: int) -> Tensor:
    """Inverse maps (count, 3, 3) of scaling, rotation, stretching, a second rotation and translation, in this order.

    Each is drawn with `probability`, the rotations less often, so that one of the two or both occur with it.
    """
    # A turn before and one after the stretch let it act along any axis: 1 - (1 - q)^2 = p.
    either = 1 - math.sqrt(1 - probability)
    scale = _sometimes(probability, 2 ** _normal(0.2, count), 1.0)
    before = _sometimes(either, _uniform(-math.pi, math.pi, count), 0.0)
    stretch = _sometimes(probability, 2 ** _normal(0.2, count), 1.0)
    after = _sometimes(either, _uniform(-math.pi, math.pi, count), 0.0)
    x, y = _sometimes(probability, _normal(0.125, 2, count), 0.0)
    return (
        scaling(1 / scale, 1 / scale)
        @ rotation(-before)
        @ scaling(1 / stretch, stretch)
        @ rotation(-after)
        @ translation(-x * width, -y * height)
    )


def draw_colours(count: int, probability: float, channels: int) -> Tensor:
    """Maps of colours (count, 4, 4): brightness, contrast, then for 3 channels luma flip, hue and saturation.

    Each is drawn with `probability`; half of the luma flips drawn do nothing.
    """
    offset = _sometimes(probability, _normal(0.2, count), 0.0)
    gain = _sometimes(probability, 2 ** _normal(0.5, count), 1.0)
    tones = contrast(gain) @ brightness(offset)
    if channels == 1:
        return tones
    flips = _sometimes(probability, torch.randint(2, (count,)), 0)
    angle = _sometimes(probability, _uniform(-math.pi, math.pi, count), 0.0)
    chroma_gain = _sometimes(probability, 2 ** _normal(1.0, count), 1.0)
    return saturation(chroma_gain) @ hue(angle) @ luma_flip(flips) @ tones


def _sometimes(probability: float, drawn: Tensor, neutral: float) -> Tensor:
    """(..., N) -> the same: each of N columns is kept with `probability`, else `neutral`."""
    return torch.where(torch.rand(drawn.shape[-1], dtype=torch.float64) < probability, drawn, neutral)


def _uniform(low: float, high: float, *shape: int) -> Tensor:
    return low + (high - low) * torch.rand(shape, dtype=torch.float64)


def _normal(std: float, *shape: int) -> Tensor:
    return std * torch.randn(shape, dtype=torch.float64)
