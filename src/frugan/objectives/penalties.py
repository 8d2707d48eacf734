"""Penalties on the critic, of type `base.Penalty`: each differentiates logits and sums over pixels.

Per-image gradients exist only without batch norm in the critic: it couples the images of a batch.
"""

import torch
from torch import Tensor

from frugan.objectives.base import Critic


def r1(
    critic: Critic, real: Tensor, fake: Tensor, real_logits: Tensor, fake_logits: Tensor, half: bool = True
) -> Tensor:
    """Half the squared gradient norm at real images: Mescheder et al. 2018, equation 9.

    `half=False` drops the factor 1/2, as that paper's code does ("GAN-gr" of the NSS paper does not say which).
    """
    return (0.5 if half else 1.0) * _squared_gradient_norm(real_logits, real).mean()


def r2(
    critic: Critic, real: Tensor, fake: Tensor, real_logits: Tensor, fake_logits: Tensor, half: bool = True
) -> Tensor:
    """The same at generated images: Mescheder et al. 2018, equation 10."""
    return (0.5 if half else 1.0) * _squared_gradient_norm(fake_logits, fake).mean()


def wgan_gp(
    critic: Critic, real: Tensor, fake: Tensor, real_logits: Tensor, fake_logits: Tensor, target: float = 1.0
) -> Tensor:
    """(|gradient| - 1)^2 at random points between real and generated images: Gulrajani et al. 2017, equation 3.

    `target=0` is the zero-centred penalty of Thanh-Tung et al. 2019.
    """
    mix = torch.rand(real.shape[0], 1, 1, 1, device=real.device, dtype=real.dtype)
    return _distance_from_slope(critic, mix * real + (1 - mix) * fake, target)


def dragan(
    critic: Critic, real: Tensor, fake: Tensor, real_logits: Tensor, fake_logits: Tensor, scale: float = 0.5
) -> Tensor:
    """(|gradient| - 1)^2 near real images (Kodali et al. 2017): at x + a * scale * std(batch) * U[0, 1) per pixel.

    a ~ U[0, 1) per image; the uniform noise points one way only, as in the authors' code.
    """
    step = torch.rand(real.shape[0], 1, 1, 1, device=real.device, dtype=real.dtype)
    noise = scale * real.detach().std() * torch.rand_like(real)
    return _distance_from_slope(critic, real + step * noise, target=1.0)


def _distance_from_slope(critic: Critic, points: Tensor, target: float) -> Tensor:
    points = points.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    norm = torch.linalg.vector_norm(gradient, dim=(1, 2, 3))
    return (norm - target).square().mean()


def _squared_gradient_norm(logits: Tensor, image: Tensor) -> Tensor:
    """||d logit / d image||^2 per image (N,)."""
    (gradient,) = torch.autograd.grad(logits.sum(), image, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3))
