"""Penalties on the critic, of type `base.Penalty`: each differentiates logits and sums over pixels."""

import torch
from torch import Tensor

from frugan.objectives.base import Critic


def r1(critic: Critic, real: Tensor, fake: Tensor, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mescheder et al. 2018, equation 9: half the squared gradient norm of the logits at real images."""
    return 0.5 * _squared_gradient_norm(real_logits, real).mean()


def r2(critic: Critic, real: Tensor, fake: Tensor, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mescheder et al. 2018, equation 10: the same at generated images."""
    return 0.5 * _squared_gradient_norm(fake_logits, fake).mean()


def _squared_gradient_norm(logits: Tensor, image: Tensor) -> Tensor:
    """||d logit / d image||^2 per image (N,)."""
    (gradient,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3))
