"""Patterns that repeat on a lattice of dots: a fault of generators whose features are products of lines.

A lattice shows as a peak of the autocorrelation away from its middle. Photos have broad autocorrelations, so the
picture is whitened first: each place of its power spectrum is divided by the mean of its ring of equal frequency. A
photo then keeps a single narrow peak in the middle, and a lattice, whose power sits in few places of each ring, all of
its own. White noise of a standard deviation of two levels, added to the power, stands for what eyes do not see: what is
weaker than that cannot make a peak.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from frugan.metrics.base import Describer, one_by_one
from frugan.metrics.spectrum import frequencies, hann

SMALLEST = 32
_LEVELS = 3  # as it is, halved, and halved again: dots that are smooth have no high frequencies
_SMALLEST_HALVED = 64  # at fewer pixels, chance peaks of photos are as high as those of faint lattices
_UNSEEN = 4.0  # variance of that noise, in squared levels
_MIDDLE = 4  # pixels of lag that belong to the middle peak


def describe(images: Tensor) -> Tensor:
    """(N, 3, H, W) in [-1, 1] -> (N, 3): the highest peak of the picture and of it halved and quartered, as long as 64
    pixels are left; 0 else."""
    return one_by_one(images, peaks)


def peaks(image: Tensor) -> Tensor:
    """(C, H, W), in 8-bit levels -> (3,), from about 0 to 1."""
    grey = image.mean(dim=0)
    found = [_peak(grey)]
    for _ in range(_LEVELS - 1):
        grey = F.avg_pool2d(grey[None], 2)[0]
        found.append(_peak(grey) if min(grey.shape) >= _SMALLEST_HALVED else grey.new_zeros(()))
    return torch.stack(found)


def _peak(grey: Tensor) -> Tensor:
    """(H, W) -> the largest autocorrelation at more than `_MIDDLE` pixels, up to half of each side."""
    height, width = grey.shape
    window = hann(height, width)
    power = torch.fft.fft2((grey - grey.mean()) * window).abs().square()
    ring = (frequencies(height, width) * min(height, width)).round().long().flatten()
    sums = torch.zeros(int(ring.max()) + 1).index_add(0, ring, power.flatten())
    mean = (sums / torch.bincount(ring))[ring].view(height, width)
    noise = _UNSEEN * window.square().sum()
    whitened = power / (mean + noise)
    whole = ((power + noise) / (mean + noise)).sum()
    correlation = torch.fft.ifft2(whitened).real * (height * width) / whole
    lag = torch.hypot(
        torch.fft.fftfreq(height, 1 / height)[:, None].abs(), torch.fft.fftfreq(width, 1 / width)[None, :].abs()
    )
    return correlation[lag > _MIDDLE].max()


LATTICES = Describer("lattices", describe, SMALLEST)
