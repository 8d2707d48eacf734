"""Batches that several processes share: which images each holds, and random numbers that do not depend on it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def held_rows(rows: int, rank: int, count: int, num_filtered: Callable[[int], int]) -> Tensor:
    """Numbers (rows / count,) of the images that process `rank` of `count` holds, of a batch of `rows`.

    A stabilizer filters the first `num_filtered(N)` of N images. So that together the processes filter the images that
    one process alone would, each holds an equal part of those, and then an equal part of the others. Where they cannot
    be shared evenly, each holds consecutive images.
    """
    own, filtered = rows // count, num_filtered(rows)
    if filtered != count * num_filtered(own):
        return torch.arange(rank * own, (rank + 1) * own)
    blurred, clean = filtered // count, own - filtered // count
    return torch.cat([torch.arange(blurred) + rank * blurred, torch.arange(clean) + filtered + rank * clean])


class BatchDraws:
    """What is drawn for each image of a batch, where this process may hold only some of them.

    One process alone draws from torch's global generators. Of several, each draws for the whole batch, from a stream of
    its own that is seeded alike, and keeps what belongs to its images: as if one process had trained alone.
    """

    def __init__(self, rank: int = 0, count: int = 1, num_filtered: Callable[[int], int] | None = None) -> None:
        self.rank, self.count, self.num_filtered = rank, count, num_filtered or _none
        self.seed(0)

    def seed(self, seed: int) -> None:
        """Begin the stream anew."""
        self._seed: int = seed
        self._states: tuple[Tensor, list[Tensor]] | None = None

    def draw(self, make: Callable[[int], Tensor], rows: int, *, axis: int = 0, of_filtered: bool = False) -> Tensor:
        """For the `rows` images here.

        Args:
            make: how many images -> something random for each, along `axis`.
            rows: how many images this process works on.
            axis: where the images lie in what is made.
            of_filtered: these are only the images that the stabilizer filters.
        """
        if self.count == 1:
            return make(rows)
        with self._stream():
            whole = make(rows * self.count)
        held = held_rows(rows * self.count, self.rank, self.count, _none if of_filtered else self.num_filtered)
        return whole.index_select(axis, held.to(whole.device))

    @contextmanager
    def _stream(self) -> Iterator[None]:
        """Torch's global generators are where this stream's last draw left them, and afterwards as they were."""
        devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
        with torch.random.fork_rng(devices):
            if self._states is None:
                torch.manual_seed(self._seed)
            else:
                torch.set_rng_state(self._states[0])
                for device, state in zip(devices, self._states[1], strict=True):
                    torch.cuda.set_rng_state(state, device)
            yield
            self._states = torch.get_rng_state(), [torch.cuda.get_rng_state(device) for device in devices]


def _none(rows: int) -> int:
    return 0
