"""Losses and penalties against closed forms on critics whose gradients are known."""

import math

import pytest
import torch
from torch import Tensor

from frugan.objectives.losses import hinge, least_squares, non_saturating, relativistic, wasserstein
from frugan.objectives.penalties import dragan, r1, r2, wgan_gp
from frugan.objectives.reconstruction import l1

LOSSES = [non_saturating, relativistic, least_squares, hinge, wasserstein]
PENALTIES = [r1, r2, wgan_gp, dragan]


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_are_per_image_finite_and_differentiable(loss) -> None:  # type: ignore[no-untyped-def]
    real = torch.tensor([-80.0, 0.0, 80.0], requires_grad=True)
    fake = torch.tensor([80.0, 0.0, -80.0], requires_grad=True)
    critic, generator = loss(real, fake)
    assert critic.shape == generator.shape == (3,)
    assert torch.isfinite(critic).all()
    assert torch.isfinite(generator).all()
    gradient = torch.autograd.grad(generator.sum(), fake)[0]
    assert gradient[2] <= -1.0 + 1e-6  # no saturation where the generator is found out


@pytest.mark.parametrize(
    ("loss", "critic", "generator"),
    [
        (non_saturating, math.log(1 + math.exp(-0.5)) + math.log(1 + math.exp(0.2)), math.log(1 + math.exp(-0.2))),
        (relativistic, math.log(1 + math.exp(-0.3)), math.log(1 + math.exp(0.3))),
        (least_squares, 0.5 * 0.5**2 + 0.5 * 0.2**2, 0.5 * 0.8**2),
        (hinge, 0.5 + 1.2, -0.2),
        (wasserstein, -0.3, -0.2),
    ],
)
def test_losses_at_a_real_logit_of_half_and_a_fake_one_of_a_fifth(loss, critic: float, generator: float) -> None:  # type: ignore[no-untyped-def]
    found = loss(torch.tensor([0.5]), torch.tensor([0.2]))
    assert [value.item() for value in found] == pytest.approx([critic, generator])


def test_hinge_ignores_what_is_beyond_its_margins() -> None:
    critic, _ = hinge(torch.tensor([1.0, 7.0]), torch.tensor([-1.0, -7.0]))
    assert torch.equal(critic, torch.zeros(2))


def test_relativistic_depends_on_the_difference_only() -> None:
    a = relativistic(torch.tensor([1.0]), torch.tensor([0.2]))
    b = relativistic(torch.tensor([6.0]), torch.tensor([5.2]))
    assert torch.allclose(torch.stack(a), torch.stack(b), atol=1e-6)


def linear_critic(slope: float):  # type: ignore[no-untyped-def]
    """D(x) = slope * (sum of pixels): a 1-D critic along (1, ..., 1); its gradient is slope in each of P pixels."""
    return lambda x: slope * x.sum(dim=(1, 2, 3))


@pytest.mark.parametrize("slope", [0.0, 0.1, 0.5, -2.0])
def test_penalties_of_a_linear_critic(slope: float) -> None:
    """Its gradient has the norm |slope| sqrt(P) everywhere, so every penalty is known whatever its random points."""
    torch.manual_seed(0)
    real, fake = torch.randn(2, 6, 3, 4, 4, dtype=torch.float64).requires_grad_()
    critic = linear_critic(slope)
    squared = slope**2 * 48
    expected = {
        r1: squared / 2,
        r2: squared / 2,
        wgan_gp: (math.sqrt(squared) - 1) ** 2,
        dragan: (math.sqrt(squared) - 1) ** 2,
    }
    for penalty, value in expected.items():
        assert penalty(critic, real, fake, critic(real), critic(fake)).item() == pytest.approx(value)
    assert r1(critic, real, fake, critic(real), critic(fake), half=False).item() == pytest.approx(squared)
    assert wgan_gp(critic, real, fake, critic(real), critic(fake), target=0.0).item() == pytest.approx(squared)


def quadratic_critic(x: Tensor) -> Tensor:
    """D(x) = |x|^2: its gradient is 2x, so a gradient tells where it was taken."""
    return x.square().sum(dim=(1, 2, 3))


@pytest.mark.parametrize(("penalty", "which"), [(r1, "real"), (r2, "fake")])
def test_r1_and_r2_are_taken_at_their_own_images(penalty, which: str) -> None:  # type: ignore[no-untyped-def]
    real = torch.randn(5, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    fake = torch.randn(5, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    value = penalty(quadratic_critic, real, fake, quadratic_critic(real), quadratic_critic(fake))
    point = real if which == "real" else fake
    assert value.item() == pytest.approx(2 * point.square().sum(dim=(1, 2, 3)).mean().item())


def points_of(penalty, real: Tensor, fake: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
    """Where a penalty evaluates the critic."""
    seen = []

    def critic(x: Tensor) -> Tensor:
        seen.append(x.detach())
        return quadratic_critic(x)

    penalty(critic, real, fake, real.sum(), fake.sum())
    (points,) = seen
    return points


def test_wgan_gp_looks_between_the_pairs_with_one_weight_an_image() -> None:
    torch.manual_seed(0)
    real, fake = torch.randn(2, 200, 1, 4, 4)
    share = (points_of(wgan_gp, real, fake) - fake) / (real - fake)
    weights = share.flatten(1).median(dim=1).values
    assert torch.allclose(share.flatten(1), weights[:, None].expand(-1, 16), atol=1e-3)
    assert 0 <= weights.min() < 0.05
    assert 0.95 < weights.max() <= 1
    assert weights.mean().item() == pytest.approx(0.5, abs=0.07)


def test_dragan_looks_near_reals_within_half_a_standard_deviation_of_the_batch() -> None:
    torch.manual_seed(0)
    real, fake = 3 * torch.randn(2, 200, 1, 4, 4)
    offset = (points_of(dragan, real, fake) - real) / real.std()
    assert offset.min() >= 0
    assert 0.4 < offset.max() <= 0.5
    assert offset.mean().item() == pytest.approx(0.5 / 4, abs=0.01)  # E[a] E[u] = 1/4


@pytest.mark.parametrize("penalty", PENALTIES)
def test_penalties_train_the_critic_through_double_backward(penalty) -> None:  # type: ignore[no-untyped-def]
    real = torch.randn(3, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    fake = torch.randn(3, 1, 2, 2, dtype=torch.float64, requires_grad=True)

    def as_function_of_weight(weight: Tensor) -> Tensor:
        def critic(x: Tensor) -> Tensor:
            return torch.tanh(x.flatten(1) @ weight)

        torch.manual_seed(0)  # the same points at every evaluation
        return penalty(critic, real, fake, critic(real), critic(fake))

    assert torch.autograd.gradcheck(as_function_of_weight, torch.randn(4, dtype=torch.float64, requires_grad=True))


def test_l1() -> None:
    assert l1(torch.tensor([[[[1.0, -1.0]]]]), torch.tensor([[[[0.5, 0.0]]]])).item() == pytest.approx(0.75)
