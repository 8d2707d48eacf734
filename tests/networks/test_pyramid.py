"""Where doubling begins, for pictures of any size."""

import pytest
import torch

from frugan.nn.pyramid import Pyramid, pyramid
from frugan.ops.borders import cut_to, filled_to


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((32, 32), Pyramid(4, 4, 3)),
        ((256, 256), Pyramid(4, 4, 6)),
        ((8, 8), Pyramid(4, 4, 1)),
        ((24, 32), Pyramid(3, 4, 3)),
        ((12, 20), Pyramid(3, 5, 2)),
        ((9, 13), Pyramid(5, 7, 1)),
        ((25, 25), Pyramid(7, 7, 2)),
        ((100, 100), Pyramid(7, 7, 4)),
        ((63, 149), Pyramid(8, 19, 3)),  # the largest bottom that there is
    ],
)
def test_most_doublings_and_least_waste(size: tuple[int, int], expected: Pyramid) -> None:
    assert pyramid(*size, "test") == expected
    height, width = expected.size(expected.doublings)
    assert height >= size[0]
    assert width >= size[1]


def test_the_shorter_side_of_the_bottom_has_3_to_8_pixels() -> None:
    found = {min(pyramid(height, width, "test")[:2]) for height in range(8, 80) for width in range(8, 160)}
    assert found == set(range(3, 9))


def test_small_ones_are_refused() -> None:
    with pytest.raises(ValueError, match="test needs codes of at least 8 x 8, got 7 x 64"):
        pyramid(7, 64, "test")


def test_filling_mirrors_and_cutting_undoes_it() -> None:
    image = torch.rand(2, 3, 9, 13)
    filled = filled_to(image, 10, 16)
    assert torch.equal(filled[:, :, 9, :13], image[:, :, 7])
    assert torch.equal(filled[:, :, :9, 13:], image[:, :, :, [11, 10, 9]])
    assert torch.equal(cut_to(filled, 9, 13), image)
    with pytest.raises(ValueError, match="9 x 13 pixels are too few to be mirrored up to 18 x 13"):
        filled_to(image, 18, 13)
