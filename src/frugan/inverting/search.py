"""Latents of a picture by gradients, after the projector of StyleGAN2 (Karras et al. 2020, appendix D).

What differs from it: where the sampler draws codes, codes are compared, so that no step needs the decoder or a judge of
the whole picture; several searches go on at a time; every layer has a style of its own (W+, Abdal et al. 2019); latents
are kept likely. Maps of noise inside the network stay the model's own: the latents alone must
draw the picture again.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from frugan.features.efficientnet_lite0 import pretrained_efficientnet_lite0
from frugan.inverting.likeness import Likeness
from frugan.model.model import Model
from frugan.requests.inverting import Inverting

_CANDIDATES = 128  # ours, the first tried: pictures that are looked at for the starts
_SPREAD_SAMPLES = 10_000  # StyleGAN2's projector: latents whose mean and spread are taken
_BATCH = 16
# Codes are shown to the network at twice their side. Ours: 32 x 32 alone ended .10 (flowers) and .03 (drawings) farther
# from the picture, three times as large came .03 nearer and took half as long again.
_ENLARGED = 2
_RAMP_UP, _RAMP_DOWN, _NOISE_UNTIL = 0.05, 0.25, 0.75  # StyleGAN2's projector: parts of the steps

OnStep = Callable[[int, Tensor], None]


@dataclass(frozen=True)
class Found:
    """
    Attributes:
        styles: (1, ...), of the best search.
        label: class that they belong to; None without classes.
        losses: (starts,), of all searches after the last step.
    """

    styles: Tensor
    label: int | None
    losses: Tensor


@dataclass(frozen=True)
class Space:
    """Styles of a model as `mean + spread * u`; what never varies, such as a class's embedding, stays as it is.

    Attributes:
        mean, spread: (1, ...), over latents of one class.
    """

    mean: Tensor
    spread: Tensor

    def styles(self, u: Tensor) -> Tensor:
        """(N, ...) in standard deviations -> styles (N, ...)."""
        return self.mean + self.spread * u

    def deviations(self, styles: Tensor) -> Tensor:
        """The inverse, 0 where nothing varies."""
        return torch.where(self.spread > 0, (styles - self.mean) / self.spread.clamp(min=1e-12), 0.0)


def invert_picture(model: Model, target: Tensor, inverting: Inverting, on_step: OnStep) -> Found:
    """The styles whose picture is most like the target. The same seed gives the same result on the same machine.

    Args:
        target: (1, C, H, W) in [-1, 1], of the model's shape.
        on_step: takes the number of a step, from 0, and the styles (1, ...) that are best there, without gradients;
            called once more after the last step.

    Raises:
        ArgumentError: there is no such class.
    """
    random = torch.Generator().manual_seed(inverting.seed)
    draw, likeness = _comparison(model, target, inverting)
    asked = None if inverting.label is None else model.class_label(inverting.label)
    label, starts = _starts(model, draw, likeness, inverting.starts, asked, random)
    space = _space(model, label, random)
    u = space.deviations(starts).requires_grad_()
    adam = torch.optim.Adam([u], betas=(0.9, 0.999))
    for step in range(inverting.steps):
        progress = step / inverting.steps
        adam.param_groups[0]["lr"] = inverting.rate * _ramp(progress)
        strength = inverting.noise * max(0.0, 1 - progress / _NOISE_UNTIL) ** 2
        noise = torch.randn(u.shape, generator=random).to(u)
        losses = likeness(draw(space.styles(u + strength * noise)))
        on_step(step, space.styles(u[losses.argmin()][None]).detach())
        total = losses.sum() + inverting.prior * u.square().flatten(1).mean(dim=1).sum()
        (u.grad,) = torch.autograd.grad(total, [u])
        adam.step()
    with torch.no_grad():
        losses = likeness(draw(space.styles(u)))
        styles = space.styles(u[losses.argmin()][None])
    on_step(inverting.steps, styles)
    return Found(styles, label, losses)


def _comparison(model: Model, target: Tensor, inverting: Inverting) -> tuple[Callable[[Tensor], Tensor], Likeness]:
    """From styles to what is compared, in the units of images, and the comparison."""
    codec, target = model.codec, target.to(model.device)
    network = pretrained_efficientnet_lite0().to(model.device)
    if inverting.through == "code":
        small = codec.decoder_input(codec.encode(target))
        likeness = Likeness(small, network, inverting.pixels, _ENLARGED if codec.reduces else 1)
        return lambda styles: codec.decoder_input(model.generator.synthesis(styles)), likeness
    likeness = Likeness(target, network, inverting.pixels)
    return lambda w: codec.decode(model.generator.synthesis(w), model.decoder, model.assumed_noise), likeness


@torch.no_grad()
def _starts(
    model: Model,
    draw: Callable[[Tensor], Tensor],
    likeness: Likeness,
    count: int,
    label: int | None,
    random: torch.Generator,
) -> tuple[int | None, Tensor]:
    """The class, and styles (count, ...) of the most similar of random pictures of it."""
    classes = model.generator.classes
    number = max(_CANDIDATES, count, classes)  # each class once at least
    z = torch.randn(number, model.generator.latent_dim, generator=random).to(model.device)
    labels = None
    if classes:
        labels = (
            torch.arange(number, device=model.device) % classes
            if label is None
            else torch.full_like(z[:, 0], label).long()
        )
    styles = model.generator.truncated_mapping(z, labels)
    losses = torch.cat([likeness(draw(piece)) for piece in styles.split(_BATCH)])
    order = losses.argsort(stable=True)
    if labels is not None:
        nearest = int(labels[order[0]])
        if int((labels == nearest).sum()) < count:  # too many classes for that: more pictures of this one
            return _starts(model, draw, likeness, count, nearest, random)
        label = nearest
        order = order[labels[order] == label]
    return label, styles[order[:count]]


@torch.no_grad()
def _space(model: Model, label: int | None, random: torch.Generator) -> Space:
    z = torch.randn(_SPREAD_SAMPLES, model.generator.latent_dim, generator=random).to(model.device)
    labels = None if label is None else torch.full((len(z),), label, device=model.device)
    styles = model.generator.truncated_mapping(z, labels)
    mean, spread = styles.mean(dim=0, keepdim=True), styles.std(dim=0, keepdim=True)
    # Sums of equal numbers are rounded: what does not vary must not begin to.
    constant = (styles == styles[:1]).all(dim=0, keepdim=True)
    return Space(torch.where(constant, styles[:1], mean), torch.where(constant, 0.0, spread))


def _ramp(progress: float) -> float:
    """The learning rate's share: linearly up, and down along a cosine."""
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - progress) / _RAMP_DOWN))
    return down * min(1.0, progress / _RAMP_UP)
