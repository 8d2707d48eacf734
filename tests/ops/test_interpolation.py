"""Bicubic enlargement from the corner: phase, exactness on what cubics reproduce, agreement with torch's own."""

import pytest
import torch
from torch.nn import functional as F

from frugan.ops.interpolation import enlarge_from_corner


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_pixel_k_stays_on_factor_k(factor: int) -> None:
    image = torch.randn(2, 3, 9, 7)
    large = enlarge_from_corner(image, factor)
    assert large.shape == (2, 3, 9 * factor, 7 * factor)
    assert torch.allclose(large[..., ::factor, ::factor], image, atol=1e-5)


def test_a_parabola_stays_one_away_from_the_borders() -> None:
    x = torch.arange(12.0)
    large = enlarge_from_corner((x**2 - 3 * x).expand(1, 1, 12, 12), 4)
    fine = torch.arange(4, 40) / 4
    assert torch.allclose(large[..., 4:40], (fine**2 - 3 * fine).expand(1, 1, 48, 36), atol=1e-4)


def test_a_constant_stays_constant_up_to_the_borders() -> None:
    assert torch.allclose(enlarge_from_corner(torch.ones(1, 2, 3, 5), 4), torch.ones(1, 2, 12, 20), atol=1e-6)


def test_it_equals_torch_s_own_shifted_to_the_corner() -> None:
    """At factor 3 the middle of a block is a pixel, so the two differ by a whole one."""
    image = torch.randn(1, 3, 10, 10)
    own = F.interpolate(image, scale_factor=3, mode="bicubic", align_corners=False, antialias=True)  # also a = -1/2
    assert torch.allclose(enlarge_from_corner(image, 3)[..., 6:20, 6:20], own[..., 7:21, 7:21], atol=1e-5)
