"""A judge that has learned nothing: statistics of random convolutions.

Naeem et al. 2020 judge with VGG-16 before its training ("R64"), for images that are unlike ImageNet's; this network is
smaller, and the same on every machine. It sees textures and colours, and no objects. Distances on its features are
reported as "FD-random".
"""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.features.base import FeatureExtractor, as_8_bit

_WIDTHS = (16, 24, 32, 48)  # channels of the stages, each at half the size of the one before
_SEED = 0


class RandomFeatures(FeatureExtractor):
    """Mean and standard deviation over the picture of each channel of four stages: 240 numbers.

    A stage is a 3 x 3 convolution (He et al. 2015: variance 2 / inputs) of the image, whose border is repeated, ReLU,
    and the mean of 2 x 2 pixels.
    """

    name = "random"
    distance_name = "FD-random"
    classifies = False
    dim = 2 * sum(_WIDTHS)

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.weights = [weight.to(device) for weight in _weights()]

    @torch.no_grad()
    def features_of_rgb(self, images: Tensor) -> Tensor:
        x = as_8_bit(images.to(self.device)) / 127.5 - 1
        found = []
        for weight in self.weights:
            x = F.relu(F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), weight))
            found += [x.mean(dim=(2, 3)), x.std(dim=(2, 3), correction=0)]
            x = F.avg_pool2d(x, 2, ceil_mode=True)
        return torch.cat(found, dim=1)

    def probabilities(self, features: Tensor) -> Tensor:
        raise NotImplementedError("a random network has no classifier")

    def protocol(self) -> dict[str, str | int]:
        widths = ",".join(map(str, _WIDTHS))
        return {"extractor": self.name, "weights": f"He, NumPy seed {_SEED}, {widths}", "input": "[-1, 1], 8-bit"}


def _weights() -> list[Tensor]:
    """(out, in, 3, 3) of each stage, float32. NumPy keeps the stream of RandomState as it is for good."""
    random, found = np.random.RandomState(_SEED), []
    for channels_in, channels_out in zip((3, *_WIDTHS), _WIDTHS, strict=False):
        drawn = random.randn(channels_out, channels_in, 3, 3) * math.sqrt(2 / (9 * channels_in))
        found.append(torch.from_numpy(drawn).float())
    return found
