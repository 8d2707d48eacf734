"""The variance curve of figure 2 and the noise fitted to it, against the transform itself."""

import pytest
import torch

from frugan.ops.scale_space import scale_space
from frugan.ops.spectrum import auto_sigma, matched_sigma, power_spectrum, variance_curve


def within_image_variance(x: torch.Tensor) -> float:
    return float(x.var(dim=(-2, -1), correction=0).mean())


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    """Blurred noise with sharp edges."""
    random = torch.Generator().manual_seed(0)
    smooth = scale_space(torch.randn(64, 3, 24, 16, generator=random), 6.0, sigma=0.0, mode="ss") * 3
    return smooth + 0.5 * (smooth > 0)


def test_power_is_conserved(images: torch.Tensor) -> None:
    assert power_spectrum(images).sum().item() == pytest.approx(
        float(images.double().square().sum(dim=(1, 2, 3)).mean())
    )


@pytest.mark.parametrize("boundary", ["replicate", "circular"])
def test_the_curve_equals_monte_carlo(images: torch.Tensor, boundary: str) -> None:
    torch.manual_seed(0)
    power = power_spectrum(images, boundary=boundary)
    t = torch.tensor([0.0, 0.5, 4.0, 64.0])
    curve = variance_curve(power, t, sigma=0.2, boundary=boundary)
    copies = images.repeat(8, 1, 1, 1)
    found = [within_image_variance(scale_space(copies, float(s), sigma=0.2, boundary=boundary)) for s in t]
    assert curve.tolist() == pytest.approx(found, rel=0.02)
    assert curve[0].item() == pytest.approx(within_image_variance(images))  # exact where nothing is random


def test_auto_sigma_is_the_least_squares_optimum(images: torch.Tensor) -> None:
    """Any other sigma leaves a larger squared error of V(t) - V(0), as Monte Carlo's own minimum confirms."""
    power, t = power_spectrum(images), torch.arange(1.0, 33.0)

    def error(sigma: float) -> float:
        curve = variance_curve(power, torch.cat([torch.zeros(1), t]), sigma=sigma)
        return float((curve[1:] - curve[0]).square().sum())

    best = auto_sigma(power, 32)
    assert error(best) < min(error(best * 1.02), error(best * 0.98))

    torch.manual_seed(0)
    start = within_image_variance(images)
    copies, steps = images.repeat(4, 1, 1, 1), [1, 2, 4, 8, 16, 24, 32]

    def measured(sigma: float) -> float:
        found = [within_image_variance(scale_space(copies, s, sigma=sigma)) - start for s in steps]
        return sum(value**2 for value in found)

    assert measured(best) < min(measured(best * 1.3), measured(best * 0.7))


def test_matched_noise_of_one_step_is_what_the_blur_takes(images: torch.Tensor) -> None:
    power, matched = power_spectrum(images), matched_sigma(power_spectrum(images))
    flat = variance_curve(power, torch.tensor([0.0, 1.0, 7.5, 300.0]), sigma=matched)
    assert torch.allclose(flat, flat[0].expand(4), rtol=1e-12)
