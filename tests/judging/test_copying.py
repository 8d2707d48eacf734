"""Does a sampler copy? On features whose answer is known."""

import pytest
import torch

from frugan.judging.copying import measure_copying


def draw(count: int, seed: int) -> torch.Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))


def test_copies_are_nearest_to_what_they_copy() -> None:
    training, held_out = draw(300, 0), draw(300, 1)
    copies = training[:200] + 0.01 * draw(200, 2)
    found = measure_copying(copies, training, held_out)
    assert (found.n, found.nearer_to_training) == (300, 1.0)
    assert measure_copying(copies, held_out, training).nearer_to_training == 0.0
    assert 0 < found.spread < 0.05
    assert "100.0% are nearest to a training image" in found.text()


def test_what_copies_nothing_stays_within_the_spread() -> None:
    outside = []
    for seed in range(0, 60, 3):
        found = measure_copying(draw(400, seed), draw(250, seed + 1), draw(250, seed + 2))
        outside.append(abs(found.nearer_to_training - 0.5) > 2 * found.spread)
    assert sum(outside) <= 4  # of 20; one is expected


def test_the_larger_side_gives_as_many_as_the_other_has() -> None:
    """Else its images would be nearer by their number alone."""
    found = measure_copying(draw(500, 0), draw(1000, 1), draw(50, 2))
    assert found.n == 50
    assert found.nearer_to_training == pytest.approx(0.5, abs=3 * found.spread)
