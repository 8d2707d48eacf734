"""Contracts over every stabilizer, the half-batch rule, the annealings of the NSS paper, and noise fitted to data."""

import math

import pytest
import torch

from frugan.ops.spectrum import power_spectrum
from frugan.stabilizers.ada import ADA
from frugan.stabilizers.annealing import constant, cosine, decaying_wave, exponential, linear, power, two_step
from frugan.stabilizers.base import NoStabilizer, Stabilizer
from frugan.stabilizers.chain import Chain
from frugan.stabilizers.diffaugment import DiffAugment
from frugan.stabilizers.scale_space import ScaleSpace

STABILIZERS = {
    "none": NoStabilizer(),
    "nss": ScaleSpace(),
    "ss": ScaleSpace(mode="ss"),
    "ns": ScaleSpace(mode="ns"),
    "whole": ScaleSpace(fraction=1.0),
    "matched": ScaleSpace(sigma="matched"),
    "per-image": ScaleSpace(per_image=True),
    "whole-steps": ScaleSpace(whole_steps=True),
    "diffaugment": DiffAugment(cutout=0.0),
    "ada": ADA(probability=0.6),
    "chain": Chain((ADA(probability=0.6), ScaleSpace(sigma=0.2))),
}


@pytest.mark.parametrize("stabilizer", STABILIZERS.values(), ids=STABILIZERS)
def test_gradients_pass_through_to_the_generator(stabilizer: Stabilizer) -> None:
    torch.manual_seed(0)
    code = torch.randn(4, 3, 16, 16, requires_grad=True)
    stabilizer.fit(torch.randn(32, 3, 16, 16))
    stabilizer.schedule(0.1)
    seen = stabilizer(code)
    assert seen.shape == code.shape
    seen.square().sum().backward()
    assert code.grad is not None
    assert (code.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_half_of_the_batch_stays_clean() -> None:
    code = torch.randn(8, 3, 16, 16)
    stabilizer = ScaleSpace(start=16.0, sigma=0.2, fraction=0.5)
    seen = stabilizer(code)
    assert stabilizer.num_filtered(8) == 4
    assert torch.equal(seen[4:], code[4:])
    assert not any(torch.equal(seen[i], code[i]) for i in range(4))


def test_duplicates_show_every_code_filtered_and_clean() -> None:
    code = torch.randn(3, 3, 16, 16)
    stabilizer = ScaleSpace(start=16.0, sigma=0.2, duplicate=True)
    seen = stabilizer(code)
    assert seen.shape == (6, 3, 16, 16)
    assert stabilizer.num_filtered(6) == 3
    assert torch.equal(seen[3:], code)
    assert not any(torch.equal(seen[i], code[i]) for i in range(3))
    stabilizer.schedule(1.0)  # no steps are left, but D still sees the same number of rows
    assert torch.equal(stabilizer(code), torch.cat([code, code]))


def test_per_image_steps_are_uniform_up_to_t() -> None:
    """Under noise alone the variance of an image tells its number of steps."""
    torch.manual_seed(0)
    stabilizer = ScaleSpace(start=64.0, sigma=0.5, mode="ns", fraction=1.0, per_image=True, annealing=constant)
    steps = stabilizer(torch.zeros(400, 1, 32, 32)).var(dim=(1, 2, 3)) / 0.25
    assert steps.min() < 2
    assert 60 < steps.max() < 72
    assert steps.mean().item() == pytest.approx(32, abs=3)


def test_noise_is_fresh_on_every_call() -> None:
    stabilizer, code = ScaleSpace(start=16.0, sigma=0.2), torch.zeros(4, 1, 8, 8)
    assert not torch.equal(stabilizer(code), stabilizer(code))


def test_steps_follow_t_exp_minus_beta_i() -> None:
    """Values of the table in section 1 of the design notes, T = 256 and beta = 20."""
    exact, whole = ScaleSpace(start=256.0), ScaleSpace(start=256.0, whole_steps=True)
    for progress, steps in ((0.0, 256.0), (0.05, 94.2), (0.1, 34.6), (0.2, 4.69), (0.277, 1.0)):
        for stabilizer in (exact, whole):
            stabilizer.schedule(progress)
        assert exact.strengths()["t"] == pytest.approx(steps, rel=0.01)
        assert whole.strengths()["t"] == math.floor(exact.strengths()["t"])


def test_negligible_steps_are_skipped_altogether() -> None:
    stabilizer, code = ScaleSpace(start=256.0), torch.randn(4, 3, 8, 8)
    stabilizer.schedule(0.5)
    assert stabilizer(code) is code
    assert stabilizer.strengths() == {"t": 0.0}


def test_annealings_start_at_one_and_reach_what_they_promise() -> None:
    for annealing in (exponential, power, linear, cosine, decaying_wave, two_step, constant):
        assert annealing(0.0) == 1.0
    assert exponential(0.5, beta=2.0) == pytest.approx(math.exp(-1))
    assert power(0.1) == pytest.approx(31.1 / 256, rel=0.01)
    assert [linear(0.25, until=0.5), linear(0.7, until=0.5)] == [0.5, 0.0]
    assert [cosine(0.25, until=0.5), cosine(0.7, until=0.5)] == pytest.approx([0.5, 0.0])
    assert decaying_wave(1 / 16) == pytest.approx(0.0)  # half a wave
    assert decaying_wave(1 / 8) == pytest.approx(exponential(1 / 8))  # a whole one
    assert [two_step(0.49), two_step(0.5)] == [1.0, 0.0]
    assert constant(0.7) == 1.0


def test_auto_sigma_keeps_the_variance_of_images_with_a_natural_spectrum() -> None:
    """Images whose modes have the stationary law of the process with sigma .2 must be recognised as just that."""
    torch.manual_seed(0)
    images = ScaleSpace(start=1e5, sigma=0.2, fraction=1.0)(torch.zeros(256, 3, 32, 32))
    stabilizer = ScaleSpace(start=64.0, sigma="auto")
    assert stabilizer.fit(images)["sigma"] == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize("per_image", [False, True])
def test_matched_noise_keeps_the_power_of_every_frequency(per_image: bool) -> None:
    """On data without any natural spectrum: stripes and a checkerboard. Monte Carlo over 6,000 images."""
    torch.manual_seed(0)
    rows = torch.arange(8) // 2 % 2
    patterns = torch.stack([rows[:, None].expand(8, 8), (rows[:, None] + rows) % 2]).float() * 2 - 1
    images = (torch.randn(6000, 1, 2, 1, 1) * patterns).sum(dim=2)
    stabilizer = ScaleSpace(start=20.0, sigma="matched", fraction=1.0, per_image=per_image, annealing=linear)
    stabilizer.fit(images)
    before = power_spectrum(images)
    for progress in (0.0, 0.5, 0.95):
        stabilizer.schedule(progress)
        after = power_spectrum(stabilizer(images))
        assert torch.allclose(after, before, rtol=0.1, atol=1e-3 * float(before.max()))


def test_a_sigma_that_is_to_be_fitted_says_so() -> None:
    with pytest.raises(RuntimeError, match="sigma is 'auto': call fit"):
        ScaleSpace()(torch.zeros(2, 3, 8, 8))


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="fraction"):
        ScaleSpace(fraction=0.0)
    with pytest.raises(ValueError, match="no spectrum to match"):
        ScaleSpace(mode="ns", sigma="matched")
    with pytest.raises(ValueError, match=r"kernel_sigma: 0.9 exceeds 0.849"):
        ScaleSpace(kernel_sigma=0.9)
    assert ScaleSpace(kernel_sigma=0.9, mode="ns").steps > 0  # noise alone has no kernel
    assert ScaleSpace(kernel_sigma=0.9, whole_steps=True).steps > 0
    with pytest.raises(ValueError, match="at least one"):
        Chain(())
    with pytest.raises(ValueError, match="cutout"):
        DiffAugment(cutout=1.0)


def test_a_chain_of_two_alike_logs_both() -> None:
    chain = Chain((ScaleSpace(start=8.0), ScaleSpace(start=4.0, mode="ss"), ScaleSpace(start=2.0, mode="ns")))
    assert chain.strengths() == {"t": 8.0, "t2": 4.0, "t3": 2.0}
    nested = Chain((ScaleSpace(start=1.0), Chain((ScaleSpace(start=2.0), ScaleSpace(start=3.0)))))
    assert sorted(nested.strengths().values()) == [1.0, 2.0, 3.0]


def test_a_chain_tells_every_stage_everything() -> None:
    chain = Chain((ADA(interval=1, kimg=0.016), ScaleSpace(start=8.0, annealing=linear)))
    assert chain.fit(torch.randn(8, 3, 16, 16)).keys() == {"sigma"}
    chain.schedule(0.5)
    chain.observe(torch.ones(8), 8)
    assert chain.strengths() == {"t": 4.0, "p": 0.5}
    assert chain.num_filtered(8) == 4
    restored = Chain((ADA(), ScaleSpace(start=8.0)))
    restored.load_state_dict(chain.state_dict())
    assert restored.strengths()["p"] == 0.5


def test_diffaugment_translates_by_whole_pixels_and_fills_with_zeros() -> None:
    torch.manual_seed(0)
    code = torch.randn(64, 2, 16, 16)
    moved = DiffAugment(color=False, cutout=0.0)(code)
    padded = torch.nn.functional.pad(code, (2, 2, 2, 2))
    shifts = set()
    for i in range(64):
        found = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if torch.equal(moved[i], padded[i, :, down : down + 16, right : right + 16])
        ]
        assert len(found) == 1, i
        shifts.add(found[0])
    assert {down for down, _ in shifts} == {right for _, right in shifts} == {0, 1, 2, 3, 4}


def test_diffaugment_cuts_out_one_square_a_picture() -> None:
    torch.manual_seed(0)
    seen = DiffAugment(color=False, translation=0.0)(torch.ones(500, 1, 16, 16))
    rows, cols = (seen == 0).any(dim=(1, 3)).sum(dim=1), (seen == 0).any(dim=(1, 2)).sum(dim=1)
    assert torch.equal((seen == 0).sum(dim=(1, 2, 3)), rows * cols)  # a full rectangle
    assert rows.max() == cols.max() == 8
    assert rows.min() == 4  # its centre is in the picture, so at least half of it
    assert (seen == 0).any(dim=0).all()  # every place is hit


def test_diffaugment_colour_keeps_what_it_should() -> None:
    torch.manual_seed(0)
    code = torch.randn(2000, 3, 4, 4)
    seen = DiffAugment(translation=0.0, cutout=0.0)(code)
    shift = (seen.mean(dim=(1, 2, 3)) - code.mean(dim=(1, 2, 3))).sort().values
    assert torch.allclose(shift, torch.linspace(-0.5, 0.5, 2000), atol=0.04)  # only brightness moves the mean
    grey = torch.randn(2000, 1, 4, 4).expand(-1, 3, -1, -1)
    contrast = DiffAugment(translation=0.0, cutout=0.0)(grey)
    assert torch.allclose(contrast, contrast[:, :1].expand(-1, 3, -1, -1), atol=1e-5)  # grey has no saturation
    factor = (contrast[:, 0].std(dim=(1, 2)) / grey[:, 0].std(dim=(1, 2))).sort().values
    assert torch.allclose(factor, torch.linspace(0.5, 1.5, 2000), atol=0.04)
