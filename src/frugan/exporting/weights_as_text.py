"""A CREPS for our own viewer: its settings, and weights as text that a script can hold.

Weights stay float32: half of that would be off by up to a grey level, and hosts compress what they send. Gains are
multiplied in, so that the viewer knows nothing of equalised learning rates.
"""

import base64
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from frugan.networks.creps import CREPSGenerator
from frugan.nn.equalized import EqualizedLinear

_PIECE = 3 * 2**18  # bytes of one string; a multiple of 3, so that each stands for itself, and of 4


@dataclass(frozen=True)
class CrepsSettings:
    """What the viewer must know besides the weights' shapes.

    Attributes:
        composed: levels whose lines are multiplied: all of them, or the last alone.
        channels: of lines and of pixels.
        styled: whether decoders know the style.
    """

    thickness: int
    levels: int
    composed: int
    channels: int
    decodes: bool
    styled: bool


def creps_settings(generator: CREPSGenerator) -> CrepsSettings:
    """Of a network."""
    chain = generator.chain
    return CrepsSettings(
        thickness=generator.enter.thickness,
        levels=generator.levels,
        composed=generator.composed,
        channels=generator.trunk.line_channels,
        decodes=len(chain.decoders) > 0,
        styled=chain.modulated,
    )


def effective_weights(network: nn.Module) -> dict[str, Tensor]:
    """By name, those of equalised layers as they are used."""
    found = dict(network.state_dict())
    for name, layer in network.named_modules():
        if isinstance(layer, EqualizedLinear):
            found[f"{name}.weight"] = layer.weight.detach() * layer.gain
            found[f"{name}.bias"] = layer.bias.detach() * layer.rate
    return found


def as_text(tensors: dict[str, Tensor]) -> tuple[dict[str, list[int]], list[str]]:
    """A table {name: [first number, *shape]}, and base64 of all numbers, float32, little-endian, in pieces."""
    table, first, numbers = {}, 0, []
    for name, tensor in tensors.items():
        table[name] = [first, *tensor.shape]
        first += tensor.numel()
        numbers.append(np.ascontiguousarray(tensor.cpu().float().numpy()).astype("<f4").tobytes())
    content = b"".join(numbers)
    pieces = [base64.b64encode(content[at : at + _PIECE]).decode() for at in range(0, len(content), _PIECE)]
    return table, pieces
