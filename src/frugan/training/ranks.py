"""Several processes that train one network together: `Ranks`, seen from one of them.

Each works on an equal share of every batch; gradients are averaged from outside the networks, before the optimizers
step. What depends on a whole batch (logits for controllers and logs, latents, batch-norm statistics) is gathered or
drawn whole, so that all ranks stay alike, and their number may change when a run is resumed.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from frugan.system.errors import RunError, UserError


class PeerError(RunError):
    """Another process of the job is gone; what went wrong is for that one to say."""


_GONE = "another process of this job has ended; what went wrong is in its message, if it could leave one"


class Ranks:
    """This process among `count`. Alone, all methods leave things as they are.

    Attributes:
        rank: which of them this is; 0 is the first, which alone writes files and speaks.
        device: where tensors must lie to be exchanged.
    """

    def __init__(self, rank: int = 0, count: int = 1, device: torch.device | None = None) -> None:
        self.rank, self.count, self.device = rank, count, device or torch.device("cpu")

    @property
    def first(self) -> bool:
        return self.rank == 0

    def stream(self, name: str) -> str:
        """A name for random numbers that no other rank must draw as well."""
        return name if self.count == 1 else f"{name}, rank {self.rank}"

    def average_gradients(self, network: nn.Module) -> None:
        """Of all parameters that have one: the same ones on every rank."""
        self._average([p.grad for p in network.parameters() if p.grad is not None])

    def average_buffers(self, network: nn.Module) -> None:
        """Running means and the like, which each rank moved by its own share of the batch."""
        self._average([buffer for buffer in network.buffers() if buffer.is_floating_point()])

    @torch.no_grad()
    def gather(self, values: dict[str, Tensor]) -> dict[str, Tensor]:
        """Means of scalars and all rows of vectors (N,), the same on every rank; rows in the order of the ranks."""
        if self.count == 1 or not values:
            return values
        flat = torch.cat([value.detach().to(self.device, torch.float32).flatten() for value in values.values()])
        pieces = torch.stack(self._gather(flat)).split([value.numel() for value in values.values()], dim=1)
        return {
            name: piece.flatten() if value.ndim else piece.mean()
            for (name, value), piece in zip(values.items(), pieces, strict=True)
        }

    def gather_rows(self, rows: Tensor) -> Tensor:
        """(N, ...) of every rank, of any N, one after the other; on the CPU."""
        if self.count == 1:
            return rows.cpu()
        counts = [int(n) for n in self._gather(torch.tensor([len(rows)], device=self.device))]
        padded = rows.new_zeros((max(counts), *rows.shape[1:]), device=self.device)
        padded[: len(rows)] = rows
        return torch.cat([piece[:n].cpu() for n, piece in zip(counts, self._gather(padded), strict=True)])

    def any(self, flag: bool) -> bool:
        """Whether it is so on any rank."""
        return flag if self.count == 1 else any(bool(f) for f in self._gather(torch.tensor([flag], device=self.device)))

    def agree(self, number: int) -> int:
        """The first rank's number, on all of them; they wait for it."""
        return number if self.count == 1 else int(self._gather(torch.tensor([number], device=self.device))[0])

    def sum(self, values: Tensor) -> Tensor:
        """Over all ranks; differentiable, any number of times."""
        if self.count == 1:
            return values
        summed: Tensor = _Sum.apply(values)
        return summed

    def _average(self, tensors: list[Tensor]) -> None:
        """In place, all of them in one message."""
        if self.count == 1 or not tensors:
            return
        flat = _summed(torch.cat([tensor.detach().flatten() for tensor in tensors]))
        pieces = (flat / self.count).split([tensor.numel() for tensor in tensors])
        for tensor, piece in zip(tensors, pieces, strict=True):
            tensor.detach().copy_(piece.view(tensor.shape))

    def _gather(self, tensor: Tensor) -> list[Tensor]:
        pieces = [torch.empty_like(tensor) for _ in range(self.count)]
        try:
            dist.all_gather(pieces, tensor)
        except RuntimeError as error:
            raise PeerError(_GONE) from error
        return pieces


ALONE = Ranks()


def check_shares(batch: int, count: int, accumulate: int = 1) -> None:
    """
    Raises:
        UserError: `count` ranks cannot take equally many images of a batch, in `accumulate` equal pieces each.
    """
    if batch % (count * accumulate):
        pieces = f" in {accumulate} pieces each" if accumulate > 1 else ""
        raise UserError(
            f"schedule.batch: {batch} cannot be shared by {count} processes{pieces}. Choose a multiple of "
            f"{count * accumulate}."
        )


class _Sum(torch.autograd.Function):
    """What each rank puts in reaches the losses of all: its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _summed(values.clone())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        summed: Tensor = _Sum.apply(gradient)
        return summed


def _summed(values: Tensor) -> Tensor:
    values = values.contiguous()
    try:
        dist.all_reduce(values)
    except RuntimeError as error:
        raise PeerError(_GONE) from error
    return values
