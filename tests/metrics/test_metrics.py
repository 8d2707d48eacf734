"""Distances against closed forms, an independent implementation, and torch-fidelity on the same features."""

import numpy as np
import pytest
import torch

from frugan.metrics.density_coverage import coverage, density
from frugan.metrics.frechet import feature_statistics, frechet_distance
from frugan.metrics.image import psnr, squared_error, ssim
from frugan.metrics.kernel import kernel_distance
from frugan.metrics.perceptual import EfficientNetDistance, LPIPSDistance
from frugan.metrics.precision_recall import precision, recall
from frugan.metrics.variety import relative_spread
from frugan.system.torchvision_import import import_torchvision


def features(count: int, dim: int, seed: int, shift: float = 0.0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dim, dim, generator=random, dtype=torch.float64) / dim**0.5
    return (torch.randn(count, dim, generator=random, dtype=torch.float64) @ mixing + shift).float()


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return frechet_distance(feature_statistics(a), feature_statistics(b))


def test_frechet_distance_of_diagonal_gaussians_has_a_closed_form() -> None:
    x = torch.randn(5000, 3, dtype=torch.float64)
    x = (x - x.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(x.T))).T  # exactly white
    a, b = x * torch.tensor([1.0, 2.0, 3.0]), x * torch.tensor([2.0, 2.0, 1.0]) + 1
    assert distance(a, b) == pytest.approx(3 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(200, 200), (20, 200), (200, 20), (20, 25), (33, 32)])
def test_every_route_agrees_with_scipy_free_eigenvalues(n: int, m: int) -> None:
    """tr (C1 C2)^(1/2) as the sum of roots of the eigenvalues of C1 C2, for many and for few samples."""
    a, b = features(n, 32, 0), features(m, 32, 1, shift=0.3)
    mean_a, mean_b = a.double().mean(0), b.double().mean(0)
    cov_a, cov_b = torch.cov(a.double().T), torch.cov(b.double().T)
    root = torch.linalg.eigvals(cov_a @ cov_b).real.clamp(min=0).sqrt().sum()
    expected = (mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * root
    assert distance(a, b) == pytest.approx(expected.item(), rel=1e-6)
    assert distance(b, a) == pytest.approx(expected.item(), rel=1e-6)


def test_frechet_distance_of_a_set_to_itself_is_zero() -> None:
    for count in (20, 400):
        a = features(count, 32, 0)
        assert distance(a, a) == pytest.approx(0, abs=1e-6)


def test_torch_fidelity_agrees() -> None:
    import_torchvision()
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric

    a, b = features(600, 64, 0), features(500, 64, 1, shift=0.2)
    statistics = [fid_features_to_statistics(f) for f in (a, b)]
    theirs = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert distance(a, b) == pytest.approx(theirs, rel=1e-6)
    kid = kid_features_to_metric(
        a.double(), b.double(), kid_subsets=20, kid_subset_size=300, rng_seed=2020, verbose=False
    )
    mean, std = kernel_distance(a, b, subsets=20, subset_size=300)
    assert mean == pytest.approx(kid["kernel_inception_distance_mean"], rel=1e-6)
    assert std == pytest.approx(kid["kernel_inception_distance_std"], rel=1e-6)


def test_torch_fidelity_agrees_on_precision_and_recall() -> None:
    import_torchvision()
    from torch_fidelity.metric_prc import prc_features_to_metric

    real, fake = features(300, 16, 0), features(260, 16, 0, shift=0.4)
    # torch-fidelity's first argument is the generated set.
    theirs = prc_features_to_metric(fake, real, prc_neighborhood=3, prc_batch_size=100, verbose=False)
    found = precision(real, fake), recall(real, fake)
    assert found == pytest.approx((theirs["precision"], theirs["recall"]), abs=1e-7)


def test_kernel_distance_is_unbiased() -> None:
    values = [kernel_distance(features(60, 8, s), features(60, 8, s + 100), subsets=1)[0] for s in range(0, 40)]
    same = [kernel_distance(torch.randn(60, 8), torch.randn(60, 8), subsets=1)[0] for _ in range(60)]
    assert abs(np.mean(same)) < 3 * np.std(same) / 60**0.5
    assert np.mean(values) > 3 * np.std(same) / 60**0.5


def test_precision_and_recall_of_known_sets() -> None:
    real = torch.rand(200, 2)
    assert precision(real, real.clone()) == recall(real, real.clone()) == 1.0
    assert precision(real, real + 10) == recall(real, real + 10) == 0.0
    narrow = real[real[:, 0] < 0.5]
    assert precision(real, narrow) == 1.0
    assert recall(real, narrow) < 0.75


def test_psnr() -> None:
    a = torch.zeros(2, 3, 4, 4)
    assert psnr(a, a + 0.2).tolist() == pytest.approx([20.0, 20.0])
    assert psnr(a, a).tolist() == pytest.approx([100.0, 100.0])


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 samples"):
        feature_statistics(torch.zeros(1, 4))
    with pytest.raises(ValueError, match="NaN"):
        feature_statistics(torch.full((3, 4), torch.nan))
    with pytest.raises(ValueError, match="differ in dimension"):
        distance(torch.randn(5, 3), torch.randn(5, 4))
    with pytest.raises(ValueError, match="more than 3 samples"):
        precision(torch.randn(3, 2), torch.randn(9, 2))


def test_squared_error_is_that_of_images_in_0_1() -> None:
    a, b = torch.rand(3, 3, 8, 8), torch.rand(3, 3, 8, 8)
    assert torch.allclose(squared_error(2 * a - 1, 2 * b - 1), (a - b).double().square().mean(dim=(1, 2, 3)))
    assert squared_error(2 * a - 1, 2 * a - 1).max() == 0


@pytest.mark.parametrize("size", [(11, 11), (40, 64)])
def test_ssim_equals_scikit_image(size: tuple[int, int]) -> None:
    structural_similarity = pytest.importorskip("skimage.metrics").structural_similarity
    a = torch.rand(2, 3, *size, dtype=torch.float64) * 2 - 1
    b = (a + 0.3 * torch.randn(2, 3, *size, dtype=torch.float64)).clamp(-1, 1)
    expected = [
        structural_similarity(
            x.numpy(),
            y.numpy(),
            channel_axis=0,
            data_range=2.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for x, y in zip(a, b, strict=True)
    ]
    assert ssim(a, b).tolist() == pytest.approx(expected, abs=1e-9)
    assert ssim(a, a).tolist() == pytest.approx([1.0, 1.0])


def test_ssim_refuses_images_smaller_than_its_window() -> None:
    with pytest.raises(ValueError, match="8 x 12 are smaller than the window of 11"):
        ssim(torch.zeros(1, 3, 8, 12), torch.zeros(1, 3, 8, 12))


def test_the_perceptual_distance_grows_with_what_is_changed() -> None:
    distance = EfficientNetDistance(torch.device("cpu"))
    torch.manual_seed(0)
    image = torch.nn.functional.interpolate(torch.rand(3, 3, 8, 8) * 2 - 1, scale_factor=8, mode="bicubic").clamp(-1, 1)
    noise = torch.randn_like(image)
    found = torch.stack([distance(image, image + strength * noise) for strength in (0.0, 0.05, 0.2)])
    assert found[0].tolist() == [0, 0, 0]
    assert (found.diff(dim=0) > 0).all()
    assert found.max() < 4
    assert torch.allclose(distance(image + 0.2 * noise, image), found[2], atol=1e-6)


def test_lpips_is_its_authors_package() -> None:
    """On random weights: the real ones would have to be downloaded."""
    lpips = pytest.importorskip("lpips", exc_type=(ImportError, RuntimeError))
    torch.manual_seed(0)
    ours = LPIPSDistance(torch.device("cpu"), random=True)
    assert isinstance(ours.network, lpips.LPIPS)
    a, b = (torch.randint(0, 256, (2, 3, 64, 64)) / 127.5 - 1 for _ in range(2))
    assert torch.allclose(ours(a, b), ours.network(a, b).flatten(), atol=1e-6)
    assert ours(a, a).tolist() == [0, 0]


def test_density_and_coverage_of_balls_counted_one_by_one() -> None:
    real, fake = features(40, 4, 0), features(30, 4, 1, shift=0.2)
    to_real = (real[:, None].double() - real[None].double()).norm(dim=2)
    radius = to_real.sort(dim=1).values[:, 5]  # the nearest of all is the image itself
    inside = (fake[:, None].double() - real[None].double()).norm(dim=2) <= radius
    assert density(real, fake, chunk=7) == pytest.approx(inside.sum().item() / (5 * 30))
    assert coverage(real, fake, chunk=7) == pytest.approx(inside.any(dim=0).double().mean().item())


def test_fidelity_and_variety_apart() -> None:
    real = features(400, 8, 0)
    same, one = real.flip(0), real[real.norm(dim=1).argmin()].expand(400, 8)  # where they are densest
    others = real + features(400, 8, 5) * 1e-3
    assert density(real, others) == pytest.approx(1.0, abs=0.25)
    assert coverage(real, others) > 0.99
    tints = one + features(400, 8, 2) * 1e-2
    assert density(real, tints) > 0.5  # it looks real
    assert coverage(real, tints) < 0.05  # and is nearly one picture
    assert relative_spread(real, tints) < 1e-3
    assert relative_spread(real, same) == pytest.approx(1.0)
    assert relative_spread(real, 2 * real + 3) == pytest.approx(4.0)


def test_too_few_for_density() -> None:
    with pytest.raises(ValueError, match="need more than 5 samples"):
        density(torch.randn(5, 2), torch.randn(9, 2))
