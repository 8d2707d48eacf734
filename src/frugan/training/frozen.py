"""Parameters that must not change: for a while, or for good.

A network may bring parameters that never train (`requires_grad` is False), such as a pretrained backbone inside a
discriminator. They stay as they are, take no place in checkpoints, and are part of an exported model.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """No parameter of the network takes a gradient inside the block; after it, those do that did before."""
    trainable = trainable_parameters(network)
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def trainable_parameters(network: nn.Module) -> list[nn.Parameter]:
    """Those that an optimizer may change, in the network's order."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def frozen_names(network: nn.Module) -> frozenset[str]:
    """Names of the parameters that never change. Buffers, which a forward pass may change, are not among them."""
    return frozenset(name for name, parameter in network.named_parameters() if not parameter.requires_grad)
