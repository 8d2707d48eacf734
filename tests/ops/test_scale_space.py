"""The closed form against the recursion that defines it."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.ops.mirrored import WORTHWHILE, apply_basis, apply_operator, basis_blocks, operator_blocks
from frugan.ops.scale_space import blur_modes, noise_variance, scale_space

SIGMA = 0.15
STEPS = (1, 8, 64, 256)
BOUNDARIES = ("replicate", "circular", "zeros")


def seeded(seed: int) -> Callable[[Tensor], Tensor]:
    return lambda x: torch.randn(x.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(seed))


def blur_once(x: Tensor, boundary: str, kernel_sigma: float = 0.8) -> Tensor:
    """One step as the paper defines it: pad, then convolve with a 3 x 3 Gaussian."""
    side = math.exp(-0.5 / kernel_sigma**2)
    taps = torch.tensor([side, 1.0, side], dtype=x.dtype) / (1 + 2 * side)
    kernel = torch.outer(taps, taps).expand(x.shape[1], 1, 3, 3)
    mode = {"replicate": "replicate", "circular": "circular", "zeros": "constant"}[boundary]
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode=mode), kernel, groups=x.shape[1])


def iterate(x: Tensor, steps: int, boundary: str, sigma: float = 0.0) -> Tensor:
    for _ in range(steps):
        x = blur_once(x, boundary)
        if sigma:
            x = x + sigma * torch.randn_like(x)
    return x


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("steps", STEPS)
def test_mean_path_equals_the_iterated_convolution(boundary: str, steps: int) -> None:
    x = torch.randn(2, 3, 24, 16, dtype=torch.float64)
    expected = iterate(x, steps, boundary)
    assert torch.allclose(scale_space(x, steps, sigma=SIGMA, mode="ss", boundary=boundary), expected, atol=1e-13)
    single = scale_space(x.float(), steps, sigma=SIGMA, mode="ss", boundary=boundary)
    assert torch.allclose(single.double(), expected, atol=2e-6)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("steps", STEPS)
def test_noise_variance_of_every_pixel_equals_exact_accumulation(boundary: str, steps: int) -> None:
    """Var(sum_j k^j e_j) at a pixel is sigma^2 sum_j |row of A_h^j|^2 |row of A_w^j|^2: no Monte Carlo needed."""
    height, width = 12, 10
    rows, cols = (_one_axis_step(n, boundary) for n in (height, width))
    power_h, power_w = torch.eye(height, dtype=torch.float64), torch.eye(width, dtype=torch.float64)
    exact = torch.zeros(height, width, dtype=torch.float64)
    for _ in range(steps):
        exact += torch.outer(power_h.square().sum(1), power_w.square().sum(1))
        power_h, power_w = power_h @ rows, power_w @ cols
    ours = noise_variance(steps, (height, width), sigma=SIGMA, boundary=boundary)
    assert torch.allclose(ours, SIGMA**2 * exact, rtol=1e-9)


@pytest.mark.parametrize(("steps", "count"), [(1, 4000), (8, 4000), (64, 2000), (256, 500)])
def test_noise_has_the_spectrum_of_the_iterated_process(steps: int, count: int) -> None:
    """Per-mode power of our noise and of the recursion's, both against the formula, within Monte-Carlo error."""
    torch.manual_seed(steps)
    zeros = torch.zeros(count, 1, 16, 16, dtype=torch.float64)
    basis = torch.linalg.eigh(_one_axis_step(16, "replicate"))
    expected = _mode_variance(basis.eigenvalues, steps)
    monte_carlo_error = math.sqrt(2 / count)
    for fields in (scale_space(zeros, steps, sigma=SIGMA), iterate(zeros, steps, "replicate", SIGMA)):
        modes = basis.eigenvectors.T @ fields @ basis.eigenvectors
        relative = modes.square().mean(dim=(0, 1)) / expected - 1
        assert relative.square().mean().sqrt() < 1.3 * monte_carlo_error


def test_zero_steps_are_the_identity_bit_for_bit() -> None:
    x = torch.randn(3, 3, 8, 8)
    for mode in ("nss", "ss", "ns"):
        assert scale_space(x, 0.0, sigma=SIGMA, mode=mode) is x
        assert torch.equal(scale_space(x, torch.zeros(3), sigma=SIGMA, mode=mode), x)


def test_fractional_steps_compose() -> None:
    x = torch.randn(1, 1, 12, 12, dtype=torch.float64)
    once = scale_space(x, 8.0, sigma=0.0)
    twice = scale_space(scale_space(x, 0.3, sigma=0.0), 7.7, sigma=0.0)
    assert torch.allclose(once, twice, atol=1e-14)
    # The noise of 0.3 steps, blurred by 7.7 more, plus theirs, is the noise of 8 steps: checked mode by mode.
    eigenvalues = torch.linalg.eigvalsh(_one_axis_step(12, "replicate"))
    L = torch.outer(eigenvalues, eigenvalues)
    composed = L ** (2 * 7.7) * _mode_variance(eigenvalues, 0.3) + _mode_variance(eigenvalues, 7.7)
    assert torch.allclose(composed, _mode_variance(eigenvalues, 8.0), rtol=1e-8)


def test_each_image_may_have_its_own_steps() -> None:
    x = torch.randn(3, 2, 8, 10, dtype=torch.float64)
    steps = torch.tensor([0.0, 2.5, 40.0])
    mixed = scale_space(x, steps, sigma=0.0)
    for i in range(3):
        assert torch.allclose(mixed[i : i + 1], scale_space(x[i : i + 1], float(steps[i]), sigma=0.0), atol=1e-12)
    noisy = scale_space(torch.zeros(4000, 1, 8, 8), torch.full((4000,), 5.0), sigma=SIGMA)
    expected = noise_variance(5.0, (8, 8), sigma=SIGMA, boundary="replicate").float()
    assert torch.allclose(noisy.var(dim=(0, 1)), expected, rtol=0.12)


def test_noise_only_has_std_sigma_root_t() -> None:
    torch.manual_seed(0)
    noise = scale_space(torch.zeros(64, 3, 32, 32), 16.0, sigma=SIGMA, mode="ns")
    assert noise.std().item() == pytest.approx(4 * SIGMA, rel=0.01)


def test_every_image_gets_noise_of_its_own_and_a_generator_repeats_it() -> None:
    zeros = torch.zeros(2, 1, 8, 8)
    a = scale_space(zeros, 3.0, sigma=SIGMA, noise=seeded(1))
    b = scale_space(zeros, 3.0, sigma=SIGMA, noise=seeded(1))
    assert torch.equal(a, b)
    assert not torch.equal(a[0], a[1])


def test_gradients() -> None:
    x = torch.randn(2, 1, 6, 5, dtype=torch.float64, requires_grad=True)

    def fixed_noise(y: Tensor) -> Tensor:
        return scale_space(y, 5.5, sigma=SIGMA, noise=seeded(0))

    assert torch.autograd.gradcheck(fixed_noise, (x,))
    assert torch.autograd.gradgradcheck(lambda y: fixed_noise(y) ** 2, (x,))


def test_gradient_equals_that_of_the_iterated_convolution() -> None:
    x = torch.randn(1, 1, 16, 16, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(1, 1, 16, 16, dtype=torch.float64)
    ours = torch.autograd.grad((scale_space(x, 32, sigma=0.0) * weight).sum(), x)[0]
    theirs = torch.autograd.grad((iterate(x, 32, "replicate") * weight).sum(), x)[0]
    assert torch.allclose(ours, theirs, atol=1e-13)


def test_autocast_does_not_lower_the_precision() -> None:
    x = torch.randn(1, 3, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        inside = scale_space(x, 9.0, sigma=0.0)
    assert torch.equal(inside, scale_space(x, 9.0, sigma=0.0))


def test_wrong_arguments_say_what_is_wrong() -> None:
    x = torch.zeros(2, 1, 4, 4)
    for arguments, message in (
        ({"t": -1.0}, ">= 0"),
        ({"t": torch.zeros(3)}, "one value per image"),
        ({"t": 1.5, "kernel_sigma": 1.0}, "must be whole"),
        ({"t": 1.0, "mode": "nnss"}, "nss, ss, ns"),
        ({"t": 1.0, "boundary": "reflect"}, "replicate, zeros, circular"),
    ):
        with pytest.raises(ValueError, match=message):
            scale_space(x, **{"sigma": SIGMA, **arguments})  # type: ignore[arg-type]
    assert torch.isfinite(scale_space(x, 3.0, sigma=SIGMA, kernel_sigma=1.0)).all()


def _one_axis_step(n: int, boundary: str) -> Tensor:
    """The matrix of one blur step along an axis, by blurring unit vectors along one axis only."""
    side = math.exp(-0.5 / 0.8**2)
    taps = (torch.tensor([side, 1.0, side], dtype=torch.float64) / (1 + 2 * side)).view(1, 1, 3)
    mode = {"replicate": "replicate", "circular": "circular", "zeros": "constant"}[boundary]
    units = torch.eye(n, dtype=torch.float64)[:, None]
    return F.conv1d(F.pad(units, (1, 1), mode=mode), taps)[:, 0].T


def _mode_variance(eigenvalues: Tensor, t: float) -> Tensor:
    squared = torch.outer(eigenvalues, eigenvalues).square().clamp(max=1.0)
    near_one = squared > 1 - 1e-12
    return SIGMA**2 * torch.where(near_one, float(t), (1 - squared**t) / torch.where(near_one, 1.0, 1 - squared))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("axis", [-2, -1])
def test_folded_products_equal_plain_ones(boundary: str, axis: int) -> None:
    basis, eigenvalues = blur_modes(10, boundary, 0.8)
    blur = (basis * eigenvalues**3.5) @ basis.T
    x = torch.randn(2, 3, 10, 10, dtype=torch.float64)
    assert torch.allclose(apply_operator(operator_blocks(blur), x, axis), apply_operator(blur, x, axis), atol=1e-14)
    assert torch.allclose(apply_basis(basis_blocks(basis), x, axis), apply_basis(basis, x, axis), atol=1e-14)


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("n", [9, 10])
def test_modes_are_an_orthonormal_eigenbasis(boundary: str, n: int) -> None:
    basis, eigenvalues = blur_modes(n, boundary, 0.8)
    assert torch.allclose(basis.T @ basis, torch.eye(n, dtype=torch.float64), atol=1e-14)
    impulses = torch.eye(n, dtype=torch.float64)[:, None, None, :].expand(n, 1, n, n)  # the same in every row
    step = iterate(impulses, 1, boundary)[:, 0, n // 2]  # so that in the middle only the columns are blurred
    assert torch.allclose((basis * eigenvalues) @ basis.T, step, atol=1e-14)


@pytest.mark.parametrize("size", [(WORTHWHILE, WORTHWHILE + 8), (WORTHWHILE + 1, WORTHWHILE)])
def test_large_images_are_blurred_as_the_recursion_does(size: tuple[int, int]) -> None:
    x = torch.randn(1, 2, *size, dtype=torch.float64, requires_grad=True)
    ours, theirs = scale_space(x, 5, sigma=0.3, mode="ss"), iterate(x, 5, "replicate")
    assert torch.allclose(ours, theirs, atol=1e-13)
    weights = torch.randn_like(ours)
    (a,), (b,) = (torch.autograd.grad((y * weights).sum(), x) for y in (ours, theirs))
    assert torch.allclose(a, b, atol=1e-13)


def test_noise_of_large_images_has_the_right_variance_in_every_mode() -> None:
    """Folded and unfolded draws of one generator are the same noise."""
    size = WORTHWHILE
    noise = scale_space(torch.zeros(1, 1, size, size), 30.0, sigma=0.5, noise=seeded(0)).double()
    basis, eigenvalues = blur_modes(size, "replicate", 0.8)
    z = torch.randn(1, 1, size, size, generator=torch.Generator().manual_seed(0)).double()
    decay = torch.outer(eigenvalues, eigenvalues)
    std = 0.5 * torch.where(decay == 1, 30.0, (1 - decay**60) / (1 - decay**2)).sqrt()
    assert torch.allclose(noise, basis @ (std * z) @ basis.T, atol=1e-4)


def test_what_is_cached_under_inference_mode_serves_training() -> None:
    with torch.inference_mode():
        scale_space(torch.zeros(1, 1, 22, 22), 3.3, sigma=0.1)
    x = torch.zeros(1, 1, 22, 22, requires_grad=True)
    scale_space(x, 3.3, sigma=0.1).sum().backward()
    assert x.grad is not None
