"""Losses and penalties against closed forms on critics whose gradients are known."""

import math

import pytest
import torch
from torch import Tensor

from frugan.objectives.losses import non_saturating, relativistic
from frugan.objectives.penalties import r1, r2
from frugan.objectives.reconstruction import l1

LOSSES = [non_saturating, relativistic]
PENALTIES = [r1, r2]


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_per_image_finite_and_differentiable(loss) -> None:  # type: ignore[no-untyped-def]
    real = torch.tensor([-80.0, 0.0, 80.0], requires_grad=True)
    fake = torch.tensor([80.0, 0.0, -80.0], requires_grad=True)
    critic, generator = loss(real, fake)
    assert critic.shape == generator.shape == (3,)
    assert torch.isfinite(critic).all()
    assert torch.isfinite(generator).all()
    gradient = torch.autograd.grad(generator.sum(), fake)[0]
    assert (gradient <= 0).all()  # the generator always gains from larger logits
    assert gradient[2] == pytest.approx(-1.0)  # and most where it is found out: no saturation


def test_non_saturating_values() -> None:
    critic, generator = non_saturating(torch.tensor([0.0]), torch.tensor([math.log(3)]))
    assert critic.item() == pytest.approx(math.log(2) + math.log(4))
    assert generator.item() == pytest.approx(math.log(1 + 1 / 3))


def test_relativistic_depends_on_the_difference_only() -> None:
    a = relativistic(torch.tensor([1.0]), torch.tensor([0.2]))
    b = relativistic(torch.tensor([6.0]), torch.tensor([5.2]))
    assert torch.allclose(torch.stack(a), torch.stack(b), atol=1e-6)
    assert a[0].item() == pytest.approx(math.log(1 + math.exp(-0.8)))


def quadratic_critic(x: Tensor) -> Tensor:
    """D(x) = |x|^2: its gradient is 2x, so half its squared norm is 2 |x|^2."""
    return x.square().sum(dim=(1, 2, 3))


@pytest.mark.parametrize(("penalty", "which"), [(r1, "real"), (r2, "fake")])
def test_gradient_penalties_of_a_quadratic_critic(penalty, which: str) -> None:  # type: ignore[no-untyped-def]
    real = torch.randn(5, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    fake = torch.randn(5, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    value = penalty(quadratic_critic, real, fake, quadratic_critic(real), quadratic_critic(fake))
    point = real if which == "real" else fake
    assert value.item() == pytest.approx(2 * point.square().sum(dim=(1, 2, 3)).mean().item())


@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_train_the_critic_through_double_backward(penalty) -> None:  # type: ignore[no-untyped-def]
    real = torch.randn(3, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    fake = torch.randn(3, 1, 2, 2, dtype=torch.float64, requires_grad=True)

    def as_function_of_weight(weight: Tensor) -> Tensor:
        def critic(x: Tensor) -> Tensor:
            return torch.tanh(x.flatten(1) @ weight)

        return penalty(critic, real, fake, critic(real), critic(fake))

    assert torch.autograd.gradcheck(as_function_of_weight, torch.randn(4, dtype=torch.float64, requires_grad=True))


def test_l1() -> None:
    assert l1(torch.tensor([[[[1.0, -1.0]]]]), torch.tensor([[[[0.5, 0.0]]]])).item() == pytest.approx(0.75)
