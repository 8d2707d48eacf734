"""Contracts over every stabilizer, the half-batch rule and the annealing of the NSS paper."""

import math

import pytest
import torch

from frugan.stabilizers.annealing import constant, exponential
from frugan.stabilizers.base import NoStabilizer, Stabilizer
from frugan.stabilizers.scale_space import ScaleSpace

STABILIZERS = [NoStabilizer(), ScaleSpace(), ScaleSpace(mode="ss"), ScaleSpace(mode="ns"), ScaleSpace(fraction=1.0)]


@pytest.mark.parametrize("stabilizer", STABILIZERS, ids=["none", "nss", "ss", "ns", "whole"])
def test_gradients_pass_through_to_the_generator(stabilizer: Stabilizer) -> None:
    code = torch.randn(4, 3, 16, 16, requires_grad=True)
    stabilizer.update(0.1)
    seen = stabilizer(code)
    assert seen.shape == code.shape
    seen.sum().backward()
    assert code.grad is not None
    assert (code.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_half_of_the_batch_stays_clean() -> None:
    code = torch.randn(8, 3, 16, 16)
    seen = ScaleSpace(start=16.0, fraction=0.5)(code)
    assert torch.equal(seen[4:], code[4:])
    assert not any(torch.equal(seen[i], code[i]) for i in range(4))


def test_noise_is_fresh_on_every_call() -> None:
    stabilizer, code = ScaleSpace(start=16.0), torch.zeros(4, 1, 8, 8)
    assert not torch.equal(stabilizer(code), stabilizer(code))


def test_steps_follow_t_exp_minus_beta_i() -> None:
    """Values of the table in section 1 of the design notes, T = 256 and beta = 20."""
    stabilizer = ScaleSpace(start=256.0)
    for progress, steps in ((0.0, 256.0), (0.05, 94.2), (0.1, 34.6), (0.2, 4.69), (0.277, 1.0)):
        stabilizer.update(progress)
        assert stabilizer.strength() == pytest.approx(steps, rel=0.01)


def test_negligible_steps_are_skipped_altogether() -> None:
    stabilizer, code = ScaleSpace(start=256.0), torch.randn(4, 3, 8, 8)
    stabilizer.update(0.5)
    assert stabilizer(code) is code
    assert stabilizer.strength() == 0.0


def test_annealings() -> None:
    assert exponential(0.0) == 1.0
    assert exponential(0.5, beta=2.0) == pytest.approx(math.exp(-1))
    assert constant(0.7) == 1.0


def test_fraction_is_checked() -> None:
    with pytest.raises(ValueError, match="fraction"):
        ScaleSpace(fraction=0.0)


def test_a_kernel_too_wide_for_fractional_steps_is_refused_before_training() -> None:
    with pytest.raises(ValueError, match=r"kernel_sigma: 0.9 exceeds 0.849"):
        ScaleSpace(kernel_sigma=0.9)
    assert ScaleSpace(kernel_sigma=0.9, mode="ns").strength() > 0  # noise alone has no kernel
