"""What ADA draws, how its probability moves, and that it resumes; the maths of warps is tested with the ops."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.stabilizers.ada import ADA, draw_blits, draw_colours, draw_geometry

DRAWS = 20_000
TOLERANCE = 0.015  # of a frequency over so many draws: 4 standard deviations at worst


def often(event: Tensor) -> float:
    return float(event.double().mean())


def about(value: float) -> object:
    return pytest.approx(value, abs=TOLERANCE)


def same(value: Tensor, other: float) -> Tensor:
    return (value - other).abs() < 1e-9


def test_at_probability_zero_the_very_tensor_comes_back() -> None:
    code, state = torch.randn(2, 3, 8, 8), torch.get_rng_state()
    assert ADA()(code) is code
    assert torch.get_rng_state().equal(state)  # and no randomness is used up


@pytest.mark.parametrize("pipeline", ["b", "g", "c", "bgc"])
def test_randomness_is_the_seeds_and_each_images_own(pipeline: str) -> None:
    code = torch.randn(1, 3, 16, 12).expand(8, 3, 16, 12)
    ada = ADA(probability=0.9, pipeline=pipeline)
    torch.manual_seed(1)
    first, second = ada(code), ada(code)
    torch.manual_seed(1)
    assert ada(code).equal(first)
    assert not second.equal(first)
    assert first.shape == code.shape
    assert len({tuple(image.flatten().tolist()) for image in first}) > 4


def test_blits_are_drawn_as_often_as_they_should() -> None:
    torch.manual_seed(0)
    p, height, width = 0.6, 32, 64
    forward = torch.linalg.inv(draw_blits(DRAWS, p, height, width))
    linear, x, y = forward[:, :2, :2], forward[:, 0, 2], forward[:, 1, 2]
    flipped = torch.linalg.det(linear) < 0
    assert often(flipped) == about(p / 2)
    assert often(same(linear[:, 0, 0], 0)) == about(p / 2)  # odd quarter turns
    half_turn = same(linear[:, 0, 0], -1) & same(linear[:, 1, 1], -1)
    assert often(half_turn) == about((1 - p / 2) * p / 4)
    for shift, side in ((x, width), (y, height)):
        assert same(shift - shift.round(), 0).all()
        assert float(shift.abs().max()) == pytest.approx(side / 8)
        moved = shift[shift.abs() > 0.5]
        assert len(moved) / DRAWS == about(p * (1 - 4 / side))  # U(-side/8, side/8) rounds to 0 this often
        assert float(moved.mean()) == pytest.approx(0, abs=0.01 * side)
    assert often(same(x, 0) & same(y, 0)) == about(1 - p + p * (4 / width) * (4 / height))


def test_geometry_is_drawn_as_often_and_as_far_as_it_should() -> None:
    """The forward map is translation x turn x stretch x turn x scale: determinant and singular values tell them."""
    torch.manual_seed(0)
    p, height, width = 0.6, 32, 64
    forward = torch.linalg.inv(draw_geometry(DRAWS, p, height, width))
    linear = forward[:, :2, :2]
    log_scale = torch.linalg.det(linear).log2() / 2
    longer, shorter = torch.linalg.svdvals(linear).unbind(1)
    log_stretch = (longer / shorter).log2() / 2
    for logarithm in (log_scale, log_stretch):
        assert often(logarithm.abs() > 1e-9) == about(p)
        assert float(logarithm.square().mean().sqrt()) == pytest.approx(0.2 * math.sqrt(p), rel=0.03)
    for shift, side in ((forward[:, 0, 2], width), (forward[:, 1, 2], height)):
        assert often(shift.abs() > 1e-9) == about(p)
        assert float(shift.std()) == pytest.approx(0.125 * side * math.sqrt(p), rel=0.03)


def test_one_rotation_or_the_other_occurs_with_probability_p() -> None:
    torch.manual_seed(0)
    p = 0.6
    linear = torch.linalg.inv(draw_geometry(DRAWS, p, 32, 32))[:, :2, :2]
    longer, shorter = torch.linalg.svdvals(linear).unbind(1)
    rigid = linear[(longer / shorter - 1).abs() < 1e-9]  # without stretch, the two add up
    angle = torch.atan2(rigid[:, 1, 0], rigid[:, 0, 0])
    turned = angle[angle.abs() > 1e-9]
    assert len(turned) / len(angle) == pytest.approx(p, abs=0.025)
    assert float(torch.polar(torch.ones_like(turned), turned).mean().abs()) < 0.04  # in all directions alike
    # With stretch, each is told by the axes it leaves straight: those of the result by the turn after the stretch.
    stretched = linear[(longer / shorter - 1).abs() > 1e-9]
    for gram in (stretched @ stretched.mT, stretched.mT @ stretched):
        assert often(gram[:, 0, 1].abs() > 1e-9) == pytest.approx(1 - math.sqrt(1 - p), abs=0.02)


def test_colours_are_drawn_as_often_and_as_far_as_they_should() -> None:
    """Grey tells gain, flip and offset; two colours orthogonal to grey tell hue and saturation."""
    torch.manual_seed(0)
    p = 0.6
    matrix = draw_colours(DRAWS, p, 3)
    linear, offset = matrix[:, :3, :3], matrix[:, 0, 3]
    level = linear.sum(dim=2)[:, 0]  # what (1, 1, 1) becomes
    assert often(level < 0) == about(p / 2)
    assert often(~same(level.abs(), 1)) == about(p)
    assert float(level.abs().log2().std()) == pytest.approx(0.5 * math.sqrt(p), rel=0.03)
    assert often(offset.abs() > 1e-9) == about(p)
    assert float((offset / level).std()) == pytest.approx(0.2 * math.sqrt(p), rel=0.03)
    u = torch.tensor([1.0, -1.0, 0.0], dtype=torch.float64) / math.sqrt(2)
    v = torch.tensor([1.0, 1.0, -2.0], dtype=torch.float64) / math.sqrt(6)
    turned = linear @ u / level.abs()[:, None]
    along, across = turned @ u, turned @ v
    chroma_gain = torch.hypot(along, across)
    assert often(~same(chroma_gain, 1)) == about(p)
    assert float(chroma_gain.log2().std()) == pytest.approx(math.sqrt(p), rel=0.03)
    assert often(across.abs() > 1e-9) == about(p)
    angle = torch.atan2(across, along)[across.abs() > 1e-9]
    assert float(angle.square().mean().sqrt()) == pytest.approx(math.pi / math.sqrt(3), rel=0.03)


def test_grey_images_vary_in_brightness_and_contrast_only() -> None:
    torch.manual_seed(0)
    matrix = draw_colours(1000, 1.0, 1)
    assert (matrix[:, 0, 0] > 0).all()
    assert matrix[:, 0, 1].eq(0).all()
    code = torch.randn(4, 1, 8, 8)
    changed = ADA(probability=1.0, pipeline="c")(code)
    for before, after in zip(code, changed, strict=True):
        assert float(torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1]) == pytest.approx(1)


def test_at_a_low_probability_most_images_stay_as_they_are_bit_for_bit() -> None:
    torch.manual_seed(0)
    p, code = 0.02, torch.randn(2000, 3, 8, 8)
    seen = ADA(probability=p)(code)
    untouched = (seen == code).all(dim=(1, 2, 3))
    # Of 13 transforms drawn, the two turns count as one; flips and quarter turns often draw nothing.
    shift = 1 - (1 / 2) ** 2  # U(-1, 1) rounds to 0 half of the time, on either axis
    expected = (1 - p / 2) ** 2 * (1 - p * 3 / 4) * (1 - p * shift) * (1 - p) ** 8
    assert often(untouched) == pytest.approx(expected, abs=0.03)


def test_gradients_reach_every_image() -> None:
    torch.manual_seed(0)
    code = torch.randn(8, 3, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(ADA(probability=0.3)(code).square().sum(), code, create_graph=True)
    assert (gradient.abs().sum(dim=(1, 2, 3)) > 0).all()
    gradient.square().sum().backward()  # as R1 does
    assert code.grad is not None
    assert torch.isfinite(code.grad).all()


def test_p_moves_by_the_images_seen_since_it_last_moved() -> None:
    """Hand computation: 2 calls of 10 images a move, so by 20 / 1000 of what `kimg` 1 allows."""
    ada, progress = ADA(target=0.5, kimg=1.0, interval=2), 0.0
    signs = torch.tensor([1.0] * 8 + [-1.0] * 2)  # of mean .6
    expected = [0.0, 0.02, 0.02, 0.04, 0.04, 0.02, 0.02, 0.0, 0.0, 0.0, 0.0, 0.0]
    logits = [7 * signs] * 4 + [-signs] * 6 + [3 * signs, -signs]  # the last two have the mean 0
    for i in range(12):
        ada.schedule(progress)
        ada.observe(logits[i], 10)
        assert ada.strengths()["p"] == pytest.approx(expected[i], abs=1e-7), i


def test_p_does_not_move_on_target_and_has_no_upper_bound() -> None:
    ada = ADA(target=0.5, kimg=0.008, interval=1)
    ada.observe(torch.tensor([1.0, 1.0, 1.0, -1.0]), 8)
    assert ada.strengths() == {"p": 0.0}
    for _ in range(2):
        ada.observe(torch.ones(4), 8)  # 4 logits of 8 images: images count
    assert ada.strengths() == {"p": 2.0}
    torch.manual_seed(0)
    assert torch.isfinite(ada(torch.randn(4, 3, 8, 8))).all()  # it acts as 1


def test_without_a_target_p_stays() -> None:
    ada = ADA(probability=0.2, target=None, interval=1, kimg=0.001)
    ada.observe(torch.ones(8), 8)
    assert ada.strengths() == {"p": pytest.approx(0.2)}


def test_it_resumes_in_the_middle_of_an_interval() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = [torch.randn(8, generator=generator) + 0.5 for _ in range(40)]
    whole, part, resumed = (ADA(target=0.3, kimg=0.5, interval=4) for _ in range(3))
    for batch in logits:
        whole.observe(batch, 8)
    for batch in logits[:22]:
        part.observe(batch, 8)
    assert part.strengths()["p"] > 0
    resumed.load_state_dict(part.state_dict())
    for batch in logits[22:]:
        resumed.observe(batch, 8)
    for name, value in whole.state_dict().items():
        assert resumed.state_dict()[name].equal(value), name


def overfit(ada: ADA, steps: int = 120) -> tuple[list[float], float]:
    """A small D learns 16 fixed images apart from noise through ADA: p after each step, r_t over the second half."""
    torch.manual_seed(0)
    reals = torch.randn(16, 1, 8, 8)
    D = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(D.parameters(), lr=0.01)
    probabilities, signs = [], []
    for step in range(steps):
        ada.schedule(step / steps)
        real_logits, fake_logits = D(ada(reals)), D(ada(torch.randn(16, 1, 8, 8)))
        loss = F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ada.observe(real_logits.detach(), 16)
        probabilities.append(ada.strengths()["p"])
        signs.append(float(real_logits.detach().sign().mean()))
    return probabilities, sum(signs[steps // 2 :]) / (steps - steps // 2)


def test_p_rises_when_the_discriminator_overfits_and_holds_it_near_the_target() -> None:
    without, overfitted = overfit(ADA(target=None))
    assert set(without) == {0.0}
    assert overfitted > 0.99  # every real image is known by heart
    probabilities, held = overfit(ADA(target=0.6, kimg=4.0))
    assert max(probabilities) > 0.05
    assert min(probabilities[20:]) > 0
    assert held == pytest.approx(0.6, abs=0.2)
    assert overfit(ADA(target=0.6, kimg=4.0)) == (probabilities, held)


def test_settings_are_checked() -> None:
    for settings, message in (
        ({"probability": 1.5}, r"probability: must be in \[0, 1\], got 1.5"),
        ({"target": 2.0}, "target: a mean of signs"),
        ({"kimg": 0.0}, "kimg must be above 0"),
        ({"interval": 0}, "interval at least 1"),
        ({"pipeline": "bgcf"}, "pipeline: 'bgcf' must be made of the letters b"),
        ({"pipeline": ""}, "must be made of the letters"),
    ):
        with pytest.raises(ValueError, match=message):
            ADA(**settings)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs 1 or 3 channels"):
        ADA()(torch.zeros(2, 4, 8, 8))  # already at p = 0
    assert ADA(probability=1.0, pipeline="bg")(torch.zeros(2, 4, 8, 8)).shape == (2, 4, 8, 8)
