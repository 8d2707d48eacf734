"""Wavelet transforms by one matrix per axis: every discrete wavelet that PyWavelets names, for a dense product.

The rows of the analysis matrix are the two filters, shifted by two samples at a time, low-pass first; where a tap
leaves the image, the boundary says which pixel it falls on. Synthesis is the inverse matrix, so a round trip is exact
for every wavelet. A plane costs its side cubed, which is fine up to about a thousand pixels; bior2.2 and haar, in
`lifting.py`, cost their pixels only.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

PERIODIZATION = "periodization"


def split(image: Tensor, wavelet: str, boundary: str, *, low_only: bool = False) -> tuple[Tensor, ...]:
    """(N,C,H,W) -> (TL, TR, BL, BR), each (N,C,H/2,W/2); only (TL,) if `low_only`."""
    H, W = image.shape[-2:]
    low_y, high_y = _like(image, _analysis(H, wavelet, boundary)).chunk(2, dim=0)
    low_x, high_x = _like(image, _analysis(W, wavelet, boundary)).chunk(2, dim=0)
    with torch.autocast(image.device.type, enabled=False):
        low_rows = low_y @ image
        if low_only:
            return (low_rows @ low_x.T,)
        high_rows = high_y @ image
        return low_rows @ low_x.T, high_rows @ low_x.T, low_rows @ high_x.T, high_rows @ high_x.T


def merge(TL: Tensor, details: tuple[Tensor, Tensor, Tensor] | None, wavelet: str, boundary: str) -> Tensor:
    """TL and (TR, BL, BR) -> (N,C,H,W), the inverse of `split`. None stands for details that are zero."""
    h, w = TL.shape[-2:]
    low_y, high_y = _like(TL, _synthesis(2 * h, wavelet, boundary)).chunk(2, dim=1)
    low_x, high_x = _like(TL, _synthesis(2 * w, wavelet, boundary)).chunk(2, dim=1)
    with torch.autocast(TL.device.type, enabled=False):
        low = low_y @ TL
        if details is None:
            return low @ low_x.T
        TR, BL, BR = details
        return (low + high_y @ TR) @ low_x.T + (low_y @ BL + high_y @ BR) @ high_x.T


@lru_cache(maxsize=64)
def filters(wavelet: str) -> tuple[np.ndarray, np.ndarray]:
    """The low-pass and the high-pass analysis filter, in PyWavelets' order.

    Raises:
        ModuleNotFoundError: PyWavelets is not installed.
        ValueError: PyWavelets has no discrete wavelet of this name.
    """
    try:
        import pywt  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        message = (
            f"wavelet={wavelet!r} takes its filters from PyWavelets: pip install PyWavelets (bior2.2 and haar do not)"
        )
        raise ModuleNotFoundError(message) from error
    if wavelet not in pywt.wavelist(kind="discrete"):
        raise ValueError(f"wavelet={wavelet!r} is unknown; pywt.wavelist(kind='discrete') lists the names")
    bank = pywt.Wavelet(wavelet)
    return np.array(bank.dec_lo), np.array(bank.dec_hi)


@lru_cache(maxsize=16)
def _analysis(side: int, wavelet: str, boundary: str) -> Tensor:
    low, high = filters(wavelet)
    if boundary != PERIODIZATION and not (_is_symmetric(low) and _is_symmetric(high)):
        raise ValueError(
            f"wavelet={wavelet!r} has no exact boundary={boundary!r}, which takes symmetric filters of odd length;"
            f" use boundary={PERIODIZATION!r}, or a wavelet such as bior2.2 or bior4.4"
        )
    k = np.arange(side // 2)
    matrix = np.zeros((2, side // 2, side))
    for band, taps in enumerate((low, high)):
        for j, tap in enumerate(taps):
            column = _inside(2 * k + len(taps) // 2 - j, side, boundary)
            np.add.at(matrix[band], (k, column), tap)
    return torch.from_numpy(matrix.reshape(side, side))


@lru_cache(maxsize=16)
def _synthesis(side: int, wavelet: str, boundary: str) -> Tensor:
    return torch.linalg.inv(_analysis(side, wavelet, boundary))


def _inside(index: np.ndarray, side: int, boundary: str) -> np.ndarray:
    """The pixel that stands for an `index` outside, however far: its equal on the circle, or its mirror image."""
    if boundary == PERIODIZATION:
        return index % side
    index = index % (2 * side - 2)
    return np.minimum(index, 2 * side - 2 - index)


def _is_symmetric(taps: np.ndarray) -> bool:
    taps = np.trim_zeros(taps)
    return len(taps) % 2 == 1 and np.allclose(taps, taps[::-1])


def _like(tensor: Tensor, matrix: Tensor) -> Tensor:
    # In two moves: some accelerators have no float64 to receive.
    return matrix.to(tensor.dtype).to(tensor.device)
