"""Exponential moving average of a network's weights, with a half-life counted in images."""

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


class EMA(Generic[M]):
    """Follows `network` from outside; `self.network` is the averaged copy, in evaluation mode.

    The half-life never exceeds `rampup` times the images seen so far, so that early snapshots are not mostly
    initialisation (StyleGAN2-ADA). Buffers (batch-norm statistics) are copied, not averaged: they are moving averages
    already.
    """

    def __init__(self, network: M, halflife_kimg: float, rampup: float) -> None:
        self.network: M = copy.deepcopy(network).eval().requires_grad_(False)
        self.halflife_nimg = halflife_kimg * 1000
        self.rampup = rampup

    @torch.no_grad()
    def update(self, network: M, nimg: int, batch: int) -> None:
        """Move towards `network` after a step that showed `batch` images, the last of them number `nimg`."""
        halflife = min(self.halflife_nimg, nimg * self.rampup) if self.rampup else self.halflife_nimg
        keep = 0.5 ** (batch / max(halflife, 1e-8))
        averaged: list[Tensor] = list(self.network.parameters())
        current: list[Tensor] = list(network.parameters())
        torch._foreach_lerp_(averaged, current, 1 - keep)
        for old, new in zip(self.network.buffers(), network.buffers(), strict=True):
            old.copy_(new)
