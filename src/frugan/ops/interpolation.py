"""Bicubic enlargement of images whose first pixel sits on the first pixel of the large one, as wavelet codes do."""

import torch
from torch import Tensor
from torch.nn import functional as F


def enlarge_from_corner(image: Tensor, factor: int) -> Tensor:
    """(N, C, h, w) -> (N, C, h * factor, w * factor), by cubic convolution, a = -1/2, exact on parabolas (Keys 1981).

    Pixel k comes to lie on pixel factor * k; `F.interpolate` puts it in the middle of its block instead, which is
    (factor - 1) / 2 pixels further on. Beyond the borders the outermost pixels are repeated.
    """
    return _along_columns(_along_columns(image, factor).mT, factor).mT


def _along_columns(image: Tensor, factor: int) -> Tensor:
    offset = torch.arange(factor, dtype=torch.float64) / factor
    # Distances from the new pixels to their four neighbours, two on each side: (factor, 4).
    taps = _cubic((offset[:, None] - torch.arange(-1, 3)).abs()).to(image)
    *batch, width = image.shape
    padded = F.pad(image.reshape(-1, 1, width), (1, 2), mode="replicate")
    pieces = F.conv1d(padded, taps[:, None])  # (rows, factor, width)
    return pieces.mT.reshape(*batch, width * factor)


def _cubic(distance: Tensor) -> Tensor:
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, 0.0))
