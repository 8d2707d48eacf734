"""Pictures that equal their own mirror image: a fault of generators of coordinates, which may depend on |x| alone."""

import torch
from torch import Tensor

from frugan.metrics.base import Describer, one_by_one
from frugan.metrics.spectrum import ROUNDING_NOISE


def describe(images: Tensor) -> Tensor:
    """(N, 3, H, W) in [-1, 1] -> (N, 3): correlation with the mirror image left-right, top-bottom, and along the
    diagonal; the last is 0 where sides differ. 1 for a symmetric picture, about 0 for a flat one."""
    return one_by_one(images, correlations)


def correlations(image: Tensor) -> Tensor:
    """(C, H, W) -> (3,); each channel without its mean."""
    centred = image - image.mean(dim=(1, 2), keepdim=True)
    energy = centred.square().sum() + ROUNDING_NOISE * image.numel()
    mirrored = [centred.flip(-1), centred.flip(-2)]
    if image.shape[-1] == image.shape[-2]:
        mirrored.append(centred.transpose(-1, -2))
    found = [(centred * other).sum() / energy for other in mirrored]
    return torch.stack([*found, *[energy.new_zeros(())] * (3 - len(found))])


SYMMETRIES = Describer("symmetries", describe, 8)
