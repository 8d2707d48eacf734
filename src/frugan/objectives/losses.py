"""Adversarial losses as functions of logits, all of type `base.Loss`: per image, for the critic and for the generator.

Pairing real and fake logits by position, as relativistic losses do, is allowed: both have the same length. The caller
takes means, and differentiates the critic's with fakes detached, the generator's with the critic frozen.
"""

from torch import Tensor
from torch.nn import functional as F


def non_saturating(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """Goodfellow et al. 2014, with the non-saturating generator loss: softplus(-r) + softplus(f), and softplus(-f).

    Written with softplus because log(sigmoid(.) + eps) flattens gradients. Shapes (N,), (N,) -> (N,), (N,).
    """
    return F.softplus(-real_logits) + F.softplus(fake_logits), F.softplus(-fake_logits)


def relativistic(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """Relativistic pairing (Jolicoeur-Martineau 2018; R3GAN, 2024): softplus(f - r), and softplus(r - f)."""
    return F.softplus(fake_logits - real_logits), F.softplus(real_logits - fake_logits)
