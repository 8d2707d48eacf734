"""Adversarial losses as functions of logits, all of type `base.Loss`: per image, for the critic and for the generator.

Pairing real and fake logits by position, as relativistic losses do, is allowed: both have the same length. The caller
takes means, and differentiates the critic's with fakes detached, the generator's with the critic frozen. All take
shapes (N,), (N,) -> (N,), (N,).
"""

from torch import Tensor
from torch.nn import functional as F


def non_saturating(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """Goodfellow et al. 2014, with the non-saturating generator loss: softplus(-r) + softplus(f), and softplus(-f).

    Written with softplus because log(sigmoid(.) + eps) flattens gradients.
    """
    return F.softplus(-real_logits) + F.softplus(fake_logits), F.softplus(-fake_logits)


def relativistic(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """Relativistic pairing (Jolicoeur-Martineau 2018; R3GAN, 2024): softplus(f - r), and softplus(r - f)."""
    return F.softplus(fake_logits - real_logits), F.softplus(real_logits - fake_logits)


def relativistic_average(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """Each side against the mean of the other (Jolicoeur-Martineau 2018), as ESRGAN trains its decoder.

    softplus(mean f - r) / 2 + softplus(f - mean r) / 2, means held fixed; and the reverse, reals held fixed.
    """
    real_fixed, fake_mean_fixed = real_logits.detach(), fake_logits.mean().detach()
    critic = F.softplus(fake_mean_fixed - real_logits) + F.softplus(fake_logits - real_fixed.mean())
    generator = F.softplus(real_fixed - fake_logits.mean()) + F.softplus(real_fixed.mean() - fake_logits)
    return critic / 2, generator / 2


def least_squares(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """LSGAN (Mao et al. 2017, equation 9): (r - 1)^2 / 2 + f^2 / 2, and (f - 1)^2 / 2."""
    return ((real_logits - 1).square() + fake_logits.square()) / 2, (fake_logits - 1).square() / 2


def hinge(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """Hinge (Lim & Ye 2017; SAGAN, BigGAN): relu(1 - r) + relu(1 + f), and -f."""
    return F.relu(1 - real_logits) + F.relu(1 + fake_logits), -fake_logits


def wasserstein(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    """WGAN (Arjovsky et al. 2017): f - r, and -f. The critic must be kept Lipschitz: see `penalties.wgan_gp`."""
    return fake_logits - real_logits, -fake_logits
