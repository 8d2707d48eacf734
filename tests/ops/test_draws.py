"""Batches shared by several processes: together they see, of every kind of randomness, what one alone would."""

import pytest
import torch
from torch import Tensor

from frugan.ops.draws import BatchDraws, held_rows
from frugan.stabilizers.ada import ADA
from frugan.stabilizers.base import Stabilizer
from frugan.stabilizers.chain import Chain
from frugan.stabilizers.diffaugment import DiffAugment
from frugan.stabilizers.scale_space import ScaleSpace

STABILIZERS = {
    "scale-space": lambda: ScaleSpace(start=9.0, sigma=0.3),
    "a number of steps an image": lambda: ScaleSpace(start=9.0, sigma=0.3, per_image=True),
    "all filtered": lambda: ScaleSpace(start=9.0, sigma=0.3, fraction=1.0),
    "shown twice": lambda: ScaleSpace(start=9.0, sigma=0.3, duplicate=True),
    "noise alone": lambda: ScaleSpace(start=9.0, sigma=0.3, mode="ns"),
    "DiffAugment": DiffAugment,
    "ADA": lambda: ADA(probability=0.7, target=None),
    "chain": lambda: Chain((ADA(probability=0.7, target=None), ScaleSpace(start=9.0, sigma=0.3, per_image=True))),
}


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("kind", STABILIZERS)
def test_processes_see_what_one_alone_would(kind: str, count: int) -> None:
    codes = torch.rand(24, 3, 16, 16, generator=torch.Generator().manual_seed(0))

    def two_batches(stabilizer: Stabilizer, held: Tensor) -> Tensor:
        return torch.stack([stabilizer(codes[held]), stabilizer(codes[held] + 1)]).detach()

    alone = STABILIZERS[kind]()
    torch.manual_seed(5)
    expected = two_batches(alone, torch.arange(24))
    for rank in range(count):
        stabilizer = STABILIZERS[kind]()
        stabilizer.share(BatchDraws(rank, count, stabilizer.num_filtered))
        stabilizer.draws.seed(5)
        held = held_rows(24, rank, count, stabilizer.num_filtered)
        torch.manual_seed(rank)  # what this process draws for itself stays its own
        found, drawn = two_batches(stabilizer, held), torch.rand(3)
        torch.manual_seed(rank)
        assert torch.equal(drawn, torch.rand(3))
        rows = torch.cat([held, held + 24]) if kind == "shown twice" else held
        assert torch.allclose(found, expected[:, rows], atol=1e-5)


def test_processes_without_a_gpu_leave_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)  # to ask a device that is not there would fail
    assert BatchDraws(0, 2).draw(torch.rand, 3).shape == (3,)


def test_every_image_is_held_once() -> None:
    for filtered in (lambda n: 0, lambda n: max(1, round(n / 2)), lambda n: n, lambda n: max(1, round(n / 3))):
        for rows, count in ((24, 2), (24, 4), (6, 2), (6, 3), (5, 1)):
            held = torch.cat([held_rows(rows, rank, count, filtered) for rank in range(count)])
            assert sorted(held.tolist()) == list(range(rows))
