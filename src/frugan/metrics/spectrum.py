"""Difference of power spectra in dB: blur, ringing and periodic patterns, which eyes and networks forgive."""

from collections.abc import Callable

import torch
from torch import Tensor

from frugan.metrics.base import Describer, Features, Measured, one_by_one

ROUNDING_NOISE = 1 / 12  # variance of what rounding to 8 bits adds, in squared levels: no spectrum is known below it


def describe(images: Tensor) -> Tensor:
    """(N, 3, H, W) in [-1, 1] -> (N, shorter side / 2): mean power of rings of spatial frequency, the lowest first."""
    return one_by_one(images, radial_power)


def spectrum_distance(rows: Features) -> Measured:
    """Mean over frequencies of |difference in dB| between the mean power spectra: 0 for equal sets."""
    return Measured(resampled_spectrum_distance(rows)(torch.arange(len(rows.fake))))


def resampled_spectrum_distance(rows: Features) -> Callable[[Tensor], float]:
    """See `base.Resampled`."""
    real = _decibels(rows.real)
    return lambda chosen: float((_decibels(rows.fake[chosen]) - real).abs().mean())


def radial_power(image: Tensor) -> Tensor:
    """(C, H, W) -> (shorter side / 2,): |F|^2 of the image without its mean, under a Hann window, in squared levels, so
    that white noise has its variance everywhere.

    Ring k holds what is within half a period of k + 1 periods in the shorter side; the corners beyond are left out.
    """
    height, width = image.shape[-2:]
    window = hann(height, width)
    power = torch.fft.fft2((image - image.mean(dim=(1, 2), keepdim=True)) * window).abs().square().mean(dim=0)
    count = min(height, width) // 2
    ring = (frequencies(height, width) * min(height, width)).round().long()
    kept = (ring >= 1) & (ring <= count)
    sums = torch.zeros(count + 1, dtype=power.dtype).index_add(0, ring[kept], power[kept])
    return (sums / torch.bincount(ring[kept], minlength=count + 1).clamp(min=1) / window.square().sum())[1:]


def hann(height: int, width: int) -> Tensor:
    """(H, W): 0 towards the borders, whose jumps would otherwise fill all frequencies."""
    return torch.hann_window(height)[:, None] * torch.hann_window(width)


def frequencies(height: int, width: int) -> Tensor:
    """(H, W): spatial frequency of each place of a Fourier transform, in periods a pixel."""
    return torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None, :])


def _decibels(power: Tensor) -> Tensor:
    return (power.double().mean(dim=0) + ROUNDING_NOISE).log10() * 10


SPECTRA = Describer("spectra", describe, 8)
