"""Metrics of pixels against closed forms, SciPy, and the faults that each is there for."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import wasserstein_distance
from torch import Tensor

from frugan.metrics import blobs, colour, lattices, neighbours, patches, spectrum, symmetry, table
from frugan.metrics.base import Features
from frugan.metrics.beyond import share_beyond
from frugan.metrics.describing import describe, describers
from frugan.metrics.jackknife import standard_error
from frugan.metrics.sliced import directions, quantile_distance, sorted_projections

SIDE = 64


def fields(count: int, seed: int = 0, side: int = SIDE) -> Tensor:
    """Random pictures (N, 3, H, W) with the 1 / f amplitudes of photos, in [-1, 1]."""
    random = np.random.RandomState(seed)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    frequency[0, 0] = np.inf
    spectra = np.fft.fft2(random.randn(count, 1, side, side)) / frequency
    grey = np.fft.ifft2(spectra).real
    grey /= 3 * grey.std(axis=(2, 3), keepdims=True)
    return torch.from_numpy(grey.repeat(3, axis=1).clip(-1, 1)).float()


def pair(describer: table.Describer, real: Tensor, fake: Tensor) -> Features:
    return Features(describer.describe(real), describer.describe(fake))


def test_quantiles_give_scipy_s_distance() -> None:
    random = np.random.RandomState(0)
    a, b, c = (torch.from_numpy(random.randn(1, n) * s).sort(dim=1).values for n, s in ((500, 1), (500, 2), (450, 2)))
    exact = [wasserstein_distance(a[0].numpy(), other[0].numpy()) for other in (b, c)]
    assert quantile_distance(a, b) == pytest.approx(exact[0])
    assert quantile_distance(a, c) == pytest.approx(exact[1], rel=0.02)


def test_a_shift_of_colours_is_found_in_levels() -> None:
    images = fields(20) * 0.5
    shifted = images.clone()
    shifted[:, 0] += 10 / 127.5  # of red
    expected = 10 * directions(3, 32)[0].abs().mean().item()
    assert colour.colour_distance(pair(colour.COLOURS, images, shifted)).value == pytest.approx(expected, rel=0.02)
    assert colour.colour_distance(pair(colour.COLOURS, images, images)).value == 0


@pytest.mark.parametrize("size", [(64, 64), (48, 80), (33, 37)])
def test_the_levels_of_a_pyramid_sum_to_the_image(size: tuple[int, int]) -> None:
    image = torch.rand(3, *size, generator=torch.Generator().manual_seed(0)) * 255
    levels = patches.laplacian_pyramid(image)
    assert min(levels[-1].shape[1:]) >= 16
    total = levels[-1]
    for level in reversed(levels[:-1]):
        total = level + patches._enlarged(total[None], level[None])[0]
    assert torch.allclose(total, image, atol=1e-3)


def test_patches_see_blur_and_not_tints() -> None:
    real, other = fields(100), fields(100, seed=1)
    floor = patches.patch_distance(pair(patches.PATCHES, real, other)).value
    blurred = torch.from_numpy(gaussian_filter(other.numpy(), (0, 0, 1.5, 1.5)))
    assert patches.patch_distance(pair(patches.PATCHES, real, blurred)).value > 1.5 * floor
    tinted = other * 0.5 + torch.tensor([0.2, 0.0, -0.2])[:, None, None]
    assert patches.patch_distance(pair(patches.PATCHES, real, tinted)).value == pytest.approx(floor, rel=0.1)


def test_a_spectrum_is_in_squared_levels_and_its_difference_in_decibels() -> None:
    noise = torch.randn(3, 128, 96, generator=torch.Generator().manual_seed(0)) * 20
    power = spectrum.radial_power(noise)
    assert power.shape == (48,)
    assert power[8:].mean().item() == pytest.approx(400, rel=0.05)
    loud = torch.randn(8, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 0.2
    halved = spectrum.spectrum_distance(pair(spectrum.SPECTRA, loud, loud / 2)).value
    assert halved == pytest.approx(20 * math.log10(2), abs=0.05)


def test_mirror_images_are_found_of_each_kind() -> None:
    image = fields(1)[0] * 127.5
    turned = {0: image.flip(-1), 1: image.flip(-2), 2: image.transpose(1, 2)}
    for kind, other in turned.items():
        found = symmetry.correlations((image + other) / 2)
        assert found[kind] == pytest.approx(1, abs=1e-3)
        assert found.argmax() == kind
    assert symmetry.correlations(torch.full((3, 32, 48), 7.0)).tolist() == [0, 0, 0]
    assert symmetry.correlations(image[:, :40])[2] == 0  # no diagonal


def test_a_lattice_of_dots_has_a_peak_and_photos_and_gradients_have_none() -> None:
    y, x = torch.meshgrid(torch.arange(128), torch.arange(128), indexing="ij")
    photo = fields(1, seed=3, side=128)[0] * 60
    hard = ((x % 10 < 3) & (y % 10 < 3)).float()
    soft = (torch.cos(2 * math.pi * x / 16) + torch.cos(2 * math.pi * y / 16)).exp()
    gradients = [(x + 0.5 * y).round(), (x * 0.3).round(), torch.full((128, 128), 50.0), (x * y / 80).round()]
    smooth = max(lattices.peaks(gradient.expand(3, -1, -1)).max().item() for gradient in gradients)
    plain = lattices.peaks(photo).max().item()
    assert smooth < 0.05
    assert plain < 0.1
    assert lattices.peaks(photo + 40 * hard).max().item() > 3 * plain
    assert lattices.peaks(photo + 20 * soft).max().item() > 3 * plain


def test_a_burst_of_detail_is_a_spot() -> None:
    photo = fields(1, seed=4)[0] * 60
    spotted = photo.clone()
    spotted[:, 20:26, 30:36] += 80 * torch.randn(3, 6, 6, generator=torch.Generator().manual_seed(0))
    assert blobs.spot(spotted) > blobs.spot(photo) + 0.5
    assert blobs.spot(torch.full((3, 64, 64), 9.0)).item() == pytest.approx(0, abs=1e-6)


def test_the_share_beyond_is_a_hundredth_of_real_images_and_all_of_faults() -> None:
    random = torch.Generator().manual_seed(0)
    real, other = torch.randn(3000, 3, generator=random), torch.randn(3000, 3, generator=random)
    assert share_beyond(Features(real, other)).value == pytest.approx(0.01, abs=0.008)
    assert share_beyond(Features(real, other + torch.tensor([0.0, 9.0, 0.0]))).value > 0.99
    symmetric = torch.ones(200, 1) - 1e-4 * torch.rand(200, 1, generator=random)
    assert share_beyond(Features(symmetric, torch.ones(50, 1))).value <= 0.02  # drawings that are symmetric anyhow
    without_spread = torch.cat([real[:, :1], torch.zeros(3000, 1)], dim=1)
    last_digit = torch.cat([other[:, :1], torch.full((3000, 1), 0.01)], dim=1)
    assert share_beyond(Features(without_spread, last_digit)).value == pytest.approx(0.01, abs=0.008)


@pytest.mark.parametrize("size", [(64, 64), (40, 72)])
def test_each_image_is_described_by_itself(size: tuple[int, int]) -> None:
    images = torch.rand(4, 3, *size, generator=torch.Generator().manual_seed(0)) * 2.2 - 1.1
    together = describe(images)
    assert set(together) == {describer.name for describer in describers(*size)}
    for name, rows in together.items():
        assert len(rows) == 4
        assert torch.isfinite(rows).all(), name
        assert torch.equal(rows, torch.cat([describe(image[None])[name] for image in images])), name
        assert torch.equal(rows, describe(images.clamp(-1, 1))[name]), name  # as they are saved


def test_other_channels_are_seen_as_judges_see_them_and_small_images_by_fewer() -> None:
    grey = fields(2)[:, :1]
    for name, rows in describe(grey).items():
        assert torch.equal(rows, describe(grey.expand(-1, 3, -1, -1))[name])
    assert {describer.name for describer in describers(16, 40)} == {
        "random",
        "patches",
        "colours",
        "spectra",
        "symmetries",
    }
    assert describe(torch.zeros(1, 3, 4, 4)) == {}


def test_an_error_of_a_mean_is_that_of_textbooks() -> None:
    values = torch.randn(60, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    textbook = values.std().item() / math.sqrt(60)
    assert standard_error(lambda chosen: values[chosen].mean().item(), 60, groups=60) == pytest.approx(textbook)
    assert textbook / 2 < standard_error(lambda chosen: values[chosen].mean().item(), 60) < 2 * textbook


def test_values_of_some_images_are_those_of_measuring_them_alone() -> None:
    """What errors share between groups changes no number."""
    real, fake = fields(102), fields(120, seed=1)  # as many as are chosen: then the kernel's subsets are whole
    seen_real, seen_fake = describe(real), describe(fake)
    pixels = {name: Features(seen_real[name], seen_fake[name]) for name in seen_real}
    random = torch.Generator().manual_seed(0)
    judged = Features(
        torch.randn(102, 24, generator=random),
        torch.randn(120, 24, generator=random) + 0.3,
        lambda features: features.softmax(dim=1),
    )
    chosen = torch.arange(120)[torch.arange(120) % 7 != 0]
    for metric in table.METRICS:
        seen = judged if metric.describer is None else pixels[metric.describer.name]
        alone = metric.function(Features(seen.real, seen.fake[chosen], seen.probabilities)).value
        if metric.resampled is not None:
            assert metric.resampled(seen)(chosen) == pytest.approx(alone, rel=1e-6, abs=1e-9), metric.name
    values, errors = table.measure(judged, pixels), table.standard_errors(judged, pixels)
    assert errors.keys() == {metric.name for metric in table.METRICS}
    assert errors.keys() <= values.keys()
    assert all(error > 0 for name, error in errors.items() if name not in ("symmetries", "lattices", "blobs"))


def test_no_error_is_told_of_too_few_images_or_of_more_than_distances_are_kept_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    assert table.standard_errors(Features(rows, rows[:19])) == {}
    assert "precision" in table.standard_errors(Features(rows, rows[:20]))
    monkeypatch.setattr(neighbours, "MOST_KEPT", (40 + 20) * 20 - 1)
    assert table.standard_errors(Features(rows, rows[:20])) == {}


def test_an_error_is_what_other_seeds_give() -> None:
    """Spread of spectra over fresh sets of images against the error told by one of them."""
    real = pair(spectrum.SPECTRA, fields(200), fields(1)).real
    drawn = [Features(real, spectrum.describe(fields(60, seed=seed) * 0.8)) for seed in range(2, 14)]
    spread = np.std([spectrum.spectrum_distance(rows).value for rows in drawn], ddof=1)
    told = np.mean([standard_error(spectrum.resampled_spectrum_distance(rows), 60) for rows in drawn])
    assert told / 2 < spread < 2 * told


def test_projections_are_sorted_along_unit_vectors() -> None:
    along = directions(5, 7)
    assert along.norm(dim=0).tolist() == pytest.approx([1] * 7)
    rows = torch.randn(9, 5, generator=torch.Generator().manual_seed(0))
    expected = np.sort(rows.numpy() @ along.numpy(), axis=0).T
    assert np.allclose(sorted_projections(rows, along).numpy(), expected, atol=1e-6)
