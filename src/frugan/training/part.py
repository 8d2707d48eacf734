"""What the loop trains: a `Part`, the sampler or the decoder. Both are stepped, saved and resumed in the same way."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar, final

import numpy as np
import torch
from torch import Tensor, nn

from frugan.codecs.base import Codec
from frugan.config.schema import ScheduleConfig
from frugan.ops.draws import held_rows
from frugan.training.frozen import frozen_names
from frugan.training.ranks import Ranks, check_shares

N = TypeVar("N", bound=nn.Module)

# Values of one step by name: scalars (losses) and vectors (logits). Detached; left on the device until they are logged.
StepValues = dict[str, Tensor]


class Batches(Protocol):
    """An endless stream of training images, addressed by how many came before: its state is a number."""

    def images(self, n: np.ndarray) -> tuple[Tensor, Tensor]:
        """Those with the numbers `n` (N,): (N, 3, S, S) in [-1, 1], and their labels (N,)."""


class Stateful(Protocol):
    """What is saved with a run."""

    def tensors(self) -> dict[str, Tensor]: ...

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None: ...


class ModuleState:
    """A module's parameters and buffers, but for those that never change.

    Args:
        module: the module.
        trained: where it is a copy of another (an average), that other, which tells what never changes.
    """

    def __init__(self, module: nn.Module, trained: nn.Module | None = None) -> None:
        self.module, self.constant = module, frozen_names(trained or module)

    def tensors(self) -> dict[str, Tensor]:
        """By their names in `state_dict`."""
        return {name: tensor for name, tensor in self.module.state_dict().items() if name not in self.constant}

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Checkpoints of before may hold what never changes as well.

        Raises:
            RuntimeError: they are those of another network.
        """
        own = self.module.state_dict()
        self.module.load_state_dict({**{name: own[name] for name in self.constant}, **tensors})


class Part(ABC):
    """One network (with its helpers) that trains by itself on images."""

    name: str

    def __init__(self, schedule: ScheduleConfig, codec: Codec, seed: int, device: torch.device, ranks: Ranks) -> None:
        self.schedule, self.seed, self.device, self.ranks = schedule, seed, device, ranks
        self.codec = codec.to(device)

    def measure(self, images: Tensor) -> dict[str, float]:
        """Look at real images (N, C, H, W) once, before the first step and again at every resume: always the same.

        Returns what is worth a line in the log.
        """
        return {}

    def begin(self) -> None:
        """Take what the networks begin with, if anything. Called before the first step; a checkpoint then replaces it.

        Raises:
            UserError: what the part should begin with cannot be had.
        """
        return

    @abstractmethod
    def step(self, images: Tensor, labels: Tensor, nimg: int) -> StepValues:
        """Train on a batch (N, C, H, W) in [-1, 1]; `nimg` images were seen before it."""

    def phases(self) -> list[int]:
        """Images after which each phase of the training begins, from 0: phases differ in what a step costs."""
        return [0]

    def num_filtered(self, rows: int) -> int:
        """How many of a batch's images, from the first, are treated in another way than the others."""
        return 0

    @final
    def held(self, batch: int) -> Tensor:
        """Numbers (N,) of the images of a batch that this rank trains on, in the order of its micro-batches.

        Raises:
            UserError: the ranks cannot share it evenly.
        """
        pieces, ranks = self.schedule.accumulate, self.ranks
        check_shares(batch, ranks.count, pieces)
        rows = batch // pieces
        own = held_rows(rows, ranks.rank, ranks.count, self.num_filtered)
        return torch.cat([piece * rows + own for piece in range(pieces)])

    @abstractmethod
    def networks(self) -> dict[str, nn.Module]:
        """What trains, by name, for parameter counts."""

    @abstractmethod
    def exported(self) -> nn.Module:
        """The averaged network that a model folder holds, in evaluation mode."""

    @abstractmethod
    def state(self) -> dict[str, "Stateful"]:
        """All that changes in training, by name: with nimg and the configuration it determines all further steps."""

    @final
    def tensors(self) -> dict[str, Tensor]:
        """The complete training state, as named tensors."""
        tensors: dict[str, Tensor] = {}
        for prefix, kept in self.state().items():
            tensors |= with_prefix(prefix, kept.tensors())
        return tensors

    @final
    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Inverse of `tensors`, in place.

        Raises:
            RuntimeError: they are those of another network.
        """
        for prefix, kept in self.state().items():
            kept.load_tensors(under_prefix(prefix, tensors))


def micro_batches(images: Tensor, schedule: ScheduleConfig) -> Iterator[Tensor]:
    """The batch in `accumulate` equal pieces, whose gradients are averaged."""
    yield from images.chunk(schedule.accumulate)


def to_device(network: N, device: torch.device) -> N:
    """Move a network, its weights laid out channels-last: small convolutions are up to three times as fast on CPUs."""
    network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def autocast(schedule: ScheduleConfig, device: torch.device) -> AbstractContextManager[object]:
    """bf16 where the schedule asks for it."""
    return torch.autocast(device.type, torch.bfloat16) if schedule.bf16 else nullcontext()


def with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Names as "<prefix>/<name>"."""
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def under_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Inverse of `with_prefix`: those named "<prefix>/...", without the prefix."""
    return {name.removeprefix(f"{prefix}/"): t for name, t in tensors.items() if name.startswith(f"{prefix}/")}
