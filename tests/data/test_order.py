"""The order of images in shards: every image once an epoch, whoever asks, and a rank reads its own shards."""

import numpy as np
import pytest

from frugan.data.order import Lanes
from frugan.ops.draws import held_rows

COUNTS = np.array([7, 7, 7, 7, 7, 5, 7, 3])  # 50 images


@pytest.mark.parametrize(("lanes", "batch"), [(1, 8), (4, 8), (3, 10), (4, 6), (8, 3), (2, 64)])
def test_every_image_is_shown_once_an_epoch(lanes: int, batch: int) -> None:
    order, size = Lanes(COUNTS, 0, lanes, batch), int(COUNTS.sum())
    epochs = order.places(np.arange(5 * size))[0].reshape(5, size)
    assert (np.sort(epochs, axis=1) == np.arange(size)).all()
    assert len({tuple(epoch) for epoch in epochs}) == 5
    for first, count in ((0, 1), (13, 9), (size - 3, 7), (3 * size, 64)):  # any piece is the same as in one go
        again = Lanes(COUNTS, 0, lanes, batch).places(np.arange(first, first + count))[0]
        assert (again == epochs.ravel()[first : first + count]).all()
    assert (Lanes(COUNTS, 1, lanes, batch).places(np.arange(size))[0] != epochs[0]).any()


def test_coins_are_fair_and_go_with_the_number() -> None:
    order = Lanes(np.full(40, 50), 0, 4, 16)
    coins = order.places(np.arange(20_000))[1]
    assert coins.mean() == pytest.approx(0.5, abs=0.02)
    assert (Lanes(np.full(40, 50), 0, 4, 16).places(np.arange(777, 900))[1] == coins[777:900]).all()
    assert (coins[:2000] != coins[2000:4000]).any()


def test_the_batch_shows_all_lanes_and_few_shards_at_a_time() -> None:
    order, counts = Lanes(np.full(64, 100), 0, 4, 32), 100
    for step in range(150):
        shards = order.places(np.arange(32 * step, 32 * (step + 1)))[0] // counts
        assert 4 <= len(set(shards.tolist())) <= 8


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_share_the_pictures_and_the_shards_of_an_epoch(ranks: int) -> None:
    """48 shards of 100 images in 8 lanes: a rank may see a shard of its neighbour where pieces meet."""
    counts, batch, steps = np.full(48, 100), 32, 150
    order = Lanes(counts, 3, 8, batch)
    seen = []
    for rank in range(ranks):
        held = held_rows(batch, rank, ranks, lambda rows: 0).numpy()
        numbers = (np.arange(steps)[:, None] * batch + held).ravel()
        seen.append(order.places(numbers)[0])
    assert (np.sort(np.concatenate(seen)) == np.arange(4800)).all()
    shards = [set((index // 100).tolist()) for index in seen]
    assert sum(map(len, shards)) <= 48 + 8
    assert all(len(own) <= 48 // ranks + 8 for own in shards)
