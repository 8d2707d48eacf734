"""In which order images are shown: pure functions of (seed, number), without a state that grows with what was seen."""

from typing import NamedTuple, Protocol

import numpy as np

_SHARDS, _WITHIN, _BUCKETS = 3, 4, 5  # keep these draws apart from each other's and from those of patches


class Order(Protocol):
    """An endless stream n = 0, 1, 2 ... that shows every image once an epoch."""

    def places(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which images the numbers `n` (N,) show, as indices into the data set, and a coin tossed for each number."""


class Shuffled:
    """All images of an epoch in one permutation."""

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._seed = size, seed
        self._epochs: dict[int, _Drawn] = {}

    def places(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `Order`."""
        index = np.empty(len(n), np.int64)
        coins = np.empty(len(n), bool)
        epoch_of_n, place_of_n = np.divmod(n, self._size)
        for number in np.unique(epoch_of_n):
            here = epoch_of_n == number
            epoch = self._epoch(int(number))
            index[here] = epoch.order[place_of_n[here]]
            coins[here] = epoch.coins[place_of_n[here]]
        return index, coins

    def _epoch(self, number: int) -> "_Drawn":
        if number not in self._epochs:
            # A batch touches one epoch, or the end of one and the start of the next: keep two.
            if len(self._epochs) == 2:
                del self._epochs[next(iter(self._epochs))]
            self._epochs[number] = _draw(self._size, self._seed, number)
        return self._epochs[number]


class Bucketed:
    """Batches of images of one aspect each.

    A cycle has as many batches as an epoch, of each aspect in proportion to its images, but at least one. Each aspect
    has a stream of its own, one permutation after the other.

    Args:
        aspects: of each image (N,).
        seed: of permutations and coins.
        batch: images of a step.
    """

    def __init__(self, aspects: np.ndarray, seed: int, batch: int) -> None:
        self._aspects, of_image, counts = np.unique(aspects, return_inverse=True, return_counts=True)
        self._members = [np.flatnonzero(of_image == bucket) for bucket in range(len(counts))]
        self._streams = [Shuffled(int(count), seed + bucket) for bucket, count in enumerate(counts)]
        self._batch, self._seed = batch, seed
        # One entry a batch of a cycle: its bucket.
        self._cycle = np.repeat(np.arange(len(counts)), np.maximum(1, np.rint(counts / batch).astype(np.int64)))
        self._shares = np.bincount(self._cycle)
        self._cycles: dict[int, np.ndarray] = {}

    def places(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `Order`."""
        index, coins = np.empty(len(n), np.int64), np.empty(len(n), bool)
        steps = n // self._batch
        for step in np.unique(steps).tolist():
            here = steps == step
            bucket, before = self._bucket(step)
            places, coins[here] = self._streams[bucket].places(before * self._batch + n[here] % self._batch)
            index[here] = self._members[bucket][places]
        return index, coins

    def aspect(self, nimg: int) -> float:
        """Width over height of the step that begins with image number `nimg`."""
        return float(self._aspects[self._bucket(nimg // self._batch)[0]])

    def _bucket(self, step: int) -> tuple[int, int]:
        """The bucket of a step, and how many steps before had the same."""
        number, place = divmod(step, len(self._cycle))
        if number not in self._cycles:
            self._cycles = {number: self._cycle[_random(self._seed, number, _BUCKETS).permutation(len(self._cycle))]}
        bucket = int(self._cycles[number][place])
        return bucket, number * int(self._shares[bucket]) + int((self._cycles[number][:place] == bucket).sum())


class Lanes:
    """Images in shards, of which only a few are read at a time.

    An epoch is all shards in a permutation, and in each its images in a permutation. This sequence is cut into as many
    pieces as there are lanes, which are read side by side: the first part of every batch comes from the first lane, and
    so on. So a rank, which holds one part of every batch, reads its share of the shards and no others, but for those at
    the two ends of its pieces; and which image has a number does not depend on how many ranks there are.

    Args:
        counts: images of each shard (S,); the data set's order is one shard after the other.
        seed: of permutations and coins.
        lanes: shards that are read at the same time.
        batch: images of a step.
    """

    def __init__(self, counts: np.ndarray, seed: int, lanes: int, batch: int) -> None:
        self._counts, self._seed, self._batch = counts, seed, batch
        self._starts = np.cumsum(counts) - counts
        self._size = int(counts.sum())
        edges = np.arange(lanes + 1) * batch // lanes
        self._edges, self._widths = edges[:-1], np.diff(edges)
        self._epochs: dict[int, _EpochOfShards] = {}
        self._shards: dict[tuple[int, int], _Drawn] = {}
        self._most_shards = 4 * lanes

    def places(self, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `Order`."""
        index = np.empty(len(n), np.int64)
        coins = np.empty(len(n), bool)
        lane = np.searchsorted(self._edges, n % self._batch, side="right") - 1
        for number in np.unique(n // self._size).tolist():
            epoch = self._epoch(number)
            here = np.flatnonzero(n // self._size == number)
            # How many images the lane has shown in this epoch, and so which of its piece is next.
            seen = self._shown(n[here], lane[here]) - epoch.shown_before[lane[here]]
            place = epoch.begin[lane[here]] + seen
            which = np.searchsorted(epoch.ends, place, side="right")
            for turn in np.unique(which).tolist():
                shard, of_turn = int(epoch.shards[turn]), which == turn
                within = place[of_turn] - (epoch.ends[turn] - self._counts[shard])
                drawn = self._shard(number, shard)
                index[here[of_turn]] = self._starts[shard] + drawn.order[within]
                coins[here[of_turn]] = drawn.coins[within]
        return index, coins

    def _shown(self, n: np.ndarray | int, lane: np.ndarray) -> np.ndarray:
        """How many numbers below `n` belong to a lane."""
        steps, rest = np.divmod(n, self._batch)
        return steps * self._widths[lane] + np.clip(rest - self._edges[lane], 0, self._widths[lane])

    def _epoch(self, number: int) -> "_EpochOfShards":
        if number not in self._epochs:
            if len(self._epochs) == 2:
                del self._epochs[next(iter(self._epochs))]
            shards = _random(self._seed, number, _SHARDS).permutation(len(self._counts))
            every = np.arange(len(self._widths))
            before = self._shown(number * self._size, every)
            share = self._shown((number + 1) * self._size, every) - before
            self._epochs[number] = _EpochOfShards(
                shards, np.cumsum(self._counts[shards]), before, np.cumsum(share) - share
            )
        return self._epochs[number]

    def _shard(self, epoch: int, shard: int) -> "_Drawn":
        if (epoch, shard) not in self._shards:
            if len(self._shards) == self._most_shards:
                del self._shards[next(iter(self._shards))]
            self._shards[epoch, shard] = _draw(int(self._counts[shard]), self._seed, epoch, _WITHIN, shard)
        return self._shards[epoch, shard]


class _EpochOfShards(NamedTuple):
    shards: np.ndarray  # int64 (S,), a permutation
    ends: np.ndarray  # int64 (S,): where each of those ends in the epoch
    shown_before: np.ndarray  # int64 (L,): images that each lane showed in the epochs before
    begin: np.ndarray  # int64 (L,): where its piece of this epoch begins


class _Drawn(NamedTuple):
    order: np.ndarray  # int64 (N,), a permutation
    coins: np.ndarray  # bool (N,), by place in it


def _draw(size: int, *entropy: int) -> _Drawn:
    random = _random(*entropy)
    return _Drawn(random.permutation(size), random.random_sample(size) < 0.5)


def _random(*entropy: int) -> np.random.RandomState:
    # RandomState is frozen, so the stream stays the same over versions of numpy; SeedSequence keeps nearby seeds apart.
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(list(entropy))))
