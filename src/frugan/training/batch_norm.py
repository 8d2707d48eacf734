"""Batch-norm statistics of an averaged network, gathered anew in the way that the network will be used."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def has_batch_norm(network: nn.Module) -> bool:
    """Whether anything in it normalises by running statistics."""
    return any(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@torch.no_grad()
def recalibrate(network: nn.Module, run: Callable[[Tensor], object], batches: Iterable[Tensor]) -> None:
    """Replace all running statistics by those of these batches, which `run` sends through the network.

    Those gathered in training belong to weights that were not averaged, and to crops and teacher-forced inputs where
    training has such: a UNet lost 10 dB by them. Leaves the network in evaluation mode.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    network.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
    for batch in batches:
        run(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
