"""Warps and colours against scipy in float64, against exact moves of pixels, and against formulas for functions."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from scipy import ndimage, signal
from torch import Tensor

from frugan.ops import augmentation
from frugan.ops.augmentation import (
    SYM6,
    brightness,
    contrast,
    hue,
    luma_flip,
    recolour,
    rotation,
    saturation,
    scaling,
    translation,
    warp,
)

SIZES = ((24, 24), (24, 20), (17, 30))
INVERSES = {
    "mixed": rotation(0.7) @ scaling(0.8, 1.3) @ translation(2.3, -1.6),
    "zoom out": scaling(2.5, 3.5) @ rotation(-2.0),  # the content is seen several times over
    "far away": translation(55.5, -40.25),
    "mirror": scaling(-1, 1),
}


def white(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def smooth(*shape: int) -> Tensor:
    """Noise of variance 1 whose correlation reaches 3 px: what a photograph looks like to a filter."""
    x = ndimage.gaussian_filter(white(*shape).numpy(), (0, 0, 1.5, 1.5), mode="mirror")
    return torch.from_numpy(x / x.std())


def by_scipy(image: np.ndarray, inverse: np.ndarray, margin: int | None = None) -> np.ndarray:
    """The definition, of one channel: pad, double, sample, halve. The sampler folds, unless `margin` is given."""
    (H, W), taps = image.shape, np.array(SYM6)
    pad = 3 if margin is None else margin
    doubled = np.pad(image, pad, mode="reflect")
    for axis in (0, 1):
        doubled = signal.upfirdn(taps * math.sqrt(2), doubled, up=2, axis=axis)  # pixel i is at 2 (i + pad) + 5
    first = 2 * pad + 5
    if margin is None:
        doubled, first = doubled[first : first + 2 * H - 1, first : first + 2 * W - 1], 0
    rows, cols = np.mgrid[-5 : 2 * H + 5, -5 : 2 * W + 5] / 2
    result = np.stack([cols - (W - 1) / 2, rows - (H - 1) / 2, np.ones_like(rows)])
    x, y, _ = np.einsum("ij,jhw->ihw", inverse, result)
    places = [2 * (y + (H - 1) / 2) + first, 2 * (x + (W - 1) / 2) + first]
    sampled = ndimage.map_coordinates(doubled, places, order=1, mode="mirror")
    windows = np.lib.stride_tricks.sliding_window_view(sampled, (12, 12))[::2, ::2]
    return np.einsum("hwij,i,j->hw", windows, taps, taps) / 2


def test_the_filter_is_sym6_and_orthonormal() -> None:
    pywt = pytest.importorskip("pywt")
    assert pywt.Wavelet("sym6").dec_lo == pytest.approx(list(SYM6), abs=1e-15)
    taps = np.array(SYM6)
    for lag in range(6):  # halving undoes doubling
        assert float(taps[2 * lag :] @ taps[: 12 - 2 * lag]) == pytest.approx(float(lag == 0), abs=1e-12)


@pytest.mark.parametrize("dense_side", [augmentation.DENSE_SIDE, 0], ids=["matrices", "convolutions"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("inverse", INVERSES.values(), ids=INVERSES)
def test_warp_equals_scipy(
    inverse: Tensor, size: tuple[int, int], dense_side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(augmentation, "DENSE_SIDE", dense_side)
    x = white(1, 2, *size)
    warped = warp(x, inverse[None])
    for channel in range(2):
        expected = by_scipy(x[0, channel].numpy(), inverse.numpy())
        assert np.abs(warped[0, channel].numpy() - expected).max() < 1e-11
    assert torch.allclose(warp(x.float(), inverse[None]).double(), warped, atol=2e-4)


def test_folding_is_reflection_padding_but_for_the_filters_asymmetry() -> None:
    """Equal where no reflection is seen, and 3 % of the contrast apart over the whole, most of it reflections."""
    x, inverse = smooth(1, 1, 24, 24), rotation(0.7) @ translation(9.0, -7.0)
    warped, padded = warp(x, inverse[None])[0, 0].numpy(), by_scipy(x[0, 0].numpy(), inverse.numpy(), margin=23)
    difference = np.abs(warped - padded)
    assert (difference < 1e-12).mean() > 0.2
    assert np.sqrt((difference**2).mean()) < 0.03


@pytest.mark.parametrize("size", SIZES)
def test_whole_pixel_translation_is_exact_inside(size: tuple[int, int]) -> None:
    """On white noise, 6 px from the border: 3 px of content that came in, and 3 px for the filter."""
    x = white(2, 3, *size)
    right, down = torch.tensor([3.0, -2.0]), torch.tensor([-1.0, 3.0])
    moved = warp(x, translation(-right, -down))
    expected = torch.stack([x[0].roll((-1, 3), (-2, -1)), x[1].roll((3, -2), (-2, -1))])
    assert torch.allclose(moved[..., 6:-6, 6:-6], expected[..., 6:-6, 6:-6], atol=1e-11)


@pytest.mark.parametrize("size", SIZES)
def test_flips_and_turns_move_pixels_to_where_they_belong(size: tuple[int, int]) -> None:
    """The filter's delay displaces by up to .1 px along an axis that is reversed: 5 % of a smooth image's contrast."""
    x = smooth(1, 3, *size)
    for inverse, expected in (
        (scaling(-1, 1), x.flip(-1)),
        (scaling(1, -1), x.flip(-2)),
        (rotation(math.pi), x.rot90(2, (-2, -1))),
    ):
        assert float((warp(x, inverse[None]) - expected).square().mean().sqrt()) < 0.05


@pytest.mark.parametrize("size", [(24, 24), (24, 20), (20, 24)])
def test_quarter_turns_keep_shape_and_turn_the_central_square(size: tuple[int, int]) -> None:
    x = smooth(1, 3, *size)
    top, left, side = (size[0] - min(size)) // 2, (size[1] - min(size)) // 2, min(size)

    def square(image: Tensor) -> Tensor:
        return image[..., top : top + side, left : left + side]

    for turns in (1, 3):
        turned = warp(x, rotation(-math.pi / 2 * turns)[None])  # inverse: the content turns clockwise
        assert turned.shape == x.shape
        error = square(turned) - square(x).rot90(-turns, (-2, -1))
        assert float(error.square().mean().sqrt()) < 0.05


def test_a_warped_smooth_function_is_the_function_at_warped_positions() -> None:
    """Fractional moves, without reflections in view: .1 px of delay at a slope of at most .4 per px."""
    H, W = 40, 32

    def function(x: Tensor, y: Tensor) -> Tensor:
        return torch.sin(0.25 * x + 0.1 * y) + torch.cos(0.15 * y - 0.1 * x)

    rows, cols = torch.meshgrid(torch.arange(H) - (H - 1) / 2, torch.arange(W) - (W - 1) / 2, indexing="ij")
    rows, cols = rows.double(), cols.double()
    inverse = rotation(0.2) @ scaling(0.85, 0.95) @ translation(-0.7, 0.4)
    source = torch.einsum("ij,jhw->ihw", inverse, torch.stack([cols, rows, torch.ones_like(rows)]))
    error = warp(function(cols, rows)[None, None], inverse[None])[0, 0] - function(source[0], source[1])
    assert float(error[8:-8, 8:-8].abs().max()) < 0.01


def test_images_with_the_identity_are_passed_on_untouched() -> None:
    x = white(4, 3, 12, 12).float()
    inverse = torch.stack([torch.eye(3).double(), INVERSES["mixed"], translation(0, 0), INVERSES["mirror"]])
    assert warp(x[[0, 2]], inverse[[0, 2]]).equal(x[[0, 2]])
    warped = warp(x, inverse)
    assert warped[[0, 2]].equal(x[[0, 2]])
    assert torch.allclose(warped[[1, 3]], warp(x[[1, 3]], inverse[[1, 3]]), atol=1e-6)
    neutral = saturation(1) @ hue(0) @ luma_flip(0) @ contrast(1) @ brightness(0)
    assert recolour(x, torch.stack([neutral, hue(1.0), neutral, neutral]))[[0, 2, 3]].equal(x[[0, 2, 3]])


def test_each_colour_change_equals_its_formula() -> None:
    x = white(1, 3, 5, 7)
    mean = x.mean(dim=1, keepdim=True)
    for matrix, expected in (
        (brightness(0.3), x + 0.3),
        (contrast(1.7), 1.7 * x),
        (luma_flip(1), x - 2 * mean),
        (saturation(0.4), mean + 0.4 * (x - mean)),
        (saturation(0), mean.expand_as(x)),  # grey
        (hue(2 * math.pi / 3), x[:, [2, 0, 1]]),  # R goes to G
        (saturation(0.4) @ contrast(1.7) @ brightness(0.3), 1.7 * (mean + 0.4 * (x - mean)) + 0.51),
    ):
        assert torch.allclose(recolour(x, matrix[None]), expected, atol=1e-14)
    assert torch.allclose(recolour(recolour(x, luma_flip(1)[None]), luma_flip(1)[None]), x, atol=1e-14)


def test_hue_is_a_rotation_about_grey() -> None:
    axis = np.ones(3) / math.sqrt(3)
    x, grey = white(1, 3, 5, 7), white(1, 1, 5, 7).expand(1, 3, 5, 7)
    for angle in (-2.5, 0.3, 1.0):
        generator = np.cross(angle * axis, np.eye(3)).T  # of the rotation: v -> angle * axis x v
        expected = np.einsum("ij,njhw->nihw", scipy.linalg.expm(generator), x.numpy())
        turned = recolour(x, hue(angle)[None])
        assert np.abs(turned.numpy() - expected).max() < 1e-14
        assert torch.allclose(turned.mean(dim=1), x.mean(dim=1), atol=1e-14)
        assert torch.allclose(recolour(grey, hue(angle)[None]), grey, atol=1e-14)


def test_grey_images_change_as_their_three_equal_channels_would() -> None:
    x = white(2, 1, 5, 7)
    matrix = torch.stack([saturation(0.3) @ hue(1.0) @ contrast(1.7) @ brightness(0.3), luma_flip(1) @ brightness(0.2)])
    changed = recolour(x, matrix)
    assert torch.allclose(changed, torch.stack([1.7 * (x[0] + 0.3), -(x[1] + 0.2)]), atol=1e-14)
    assert torch.allclose(changed, recolour(x.expand(2, 3, 5, 7), matrix).mean(dim=1, keepdim=True), atol=1e-14)


@pytest.mark.parametrize("dense_side", [augmentation.DENSE_SIDE, 0], ids=["matrices", "convolutions"])
def test_both_are_differentiable_twice(dense_side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Image 1 has the identity, so that the part of the batch that is left alone is covered as well."""
    monkeypatch.setattr(augmentation, "DENSE_SIDE", dense_side)
    x = white(3, 1, 4, 5).requires_grad_()
    colours = white(2, 3, 2, 2).requires_grad_()
    inverse = torch.stack([INVERSES["mixed"], torch.eye(3).double(), INVERSES["mirror"]])
    matrix = torch.stack([hue(1.0) @ brightness(0.3), torch.eye(4).double()])
    for function, argument in ((lambda t: warp(t, inverse), x), (lambda t: recolour(t, matrix), colours)):
        assert torch.autograd.gradcheck(function, argument)
        assert torch.autograd.gradgradcheck(function, argument)
        # Both maps are affine: second derivatives are zero, so also let a curved function follow them, as D does.
        assert torch.autograd.gradgradcheck(lambda t, f=function: f(t).square().sum(), argument)


def test_results_are_never_less_than_float32() -> None:
    x, inverse, matrix = white(1, 3, 12, 12), INVERSES["mixed"][None], hue(1.0)[None]
    for apply, with_matrix in ((warp, inverse), (recolour, matrix)):
        assert apply(x, with_matrix).dtype == torch.float64
        expected = apply(x.float(), with_matrix)
        half = apply(x.bfloat16(), with_matrix)
        assert expected.dtype == half.dtype == torch.float32
        assert half.equal(apply(x.bfloat16().float(), with_matrix))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert apply(x.float(), with_matrix).equal(expected)


def test_shapes_that_do_not_fit_are_refused() -> None:
    eye = torch.eye(3)[None]
    with pytest.raises(ValueError, match="must be \\(N, C, H, W\\)"):
        warp(torch.zeros(3, 8, 8), eye)
    with pytest.raises(ValueError, match=r"2 images need matrices of shape \(2, 3, 3\), got \(1, 3, 3\)"):
        warp(torch.zeros(2, 3, 8, 8), eye)
    with pytest.raises(ValueError, match="at least 4"):
        warp(torch.zeros(1, 3, 8, 3), eye)
    with pytest.raises(ValueError, match="1 or 3 channels"):
        recolour(torch.zeros(1, 4, 8, 8), torch.eye(4)[None])
