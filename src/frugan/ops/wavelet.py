"""The two-dimensional discrete wavelet transform: images that halve exactly and come back exactly.

One level turns (N,C,H,W) into four bands of (N,C,H/2,W/2), arranged as in the corners of the usual mosaic:

    TL  low along x, low along y           TR  low along x, high along y    (PyWavelets' cA, cH)
    BL  high along x, low along y          BR  high along x, high along y   (PyWavelets' cV, cD)

Signs, order and phase are those of PyWavelets in mode 'periodization', for every wavelet it names. TL is 2^levels times
the local mean. For bior2.2, TL[k] sits on pixel 2^levels * k, not on the middle of its block.

Boundaries:
    reflect        mirrors about the first and the last pixel, as JPEG 2000 does: exact, and without a seam;
                   for symmetric filters of odd length (bior2.2, bior4.4, ...) and haar
    periodization  the image repeats: exact for every wavelet, but opposite borders see each other
    zero           black outside, and what spills over is cut off, as in the program of not-so-big-GAN (Han et al.,
                   2020): a round trip darkens the border. Only to reproduce their numbers, and for bior2.2 only

All functions are linear, differentiable any number of times, and leave their arguments alone. float16 and bfloat16 are
computed in float32. bior2.2 and haar run by lifting (`lifting.py`), in time linear in the pixels; the others are matrix
products (`filter_bank.py`) and take their filters from PyWavelets, an optional dependency.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from frugan.ops import filter_bank, lifting

Boundary = Literal["reflect", "periodization", "zero"]
Phase = Literal["corner", "middle"]
Details = tuple[Tensor, Tensor, Tensor]


def dwt2(x: Tensor, wavelet: str = "bior2.2", boundary: Boundary = "reflect") -> tuple[Tensor, Details]:
    """Split an image into TL and its details (TR, BL, BR).

    Args:
        x: (N,C,H,W), floating point, H and W even.
        wavelet: "bior2.2", "haar", or any name of `pywt.wavelist(kind="discrete")`.
        boundary: what lies outside the image; see the module's docstring.

    Returns:
        TL and (TR, BL, BR), each (N,C,H/2,W/2), of x's dtype.

    Raises:
        ValueError: a shape, dtype or boundary that does not fit; the message says which would.
        ModuleNotFoundError: the wavelet needs PyWavelets and it is not installed.
    """
    TL, details = wavedec2(x, 1, wavelet, boundary)
    return TL, details[0]


def idwt2(
    TL: Tensor, details: Details | None = None, wavelet: str = "bior2.2", boundary: Boundary = "reflect"
) -> Tensor:
    """Put TL and (TR, BL, BR), each (N,C,h,w), together into (N,C,2h,2w): the inverse of `dwt2`.

    `details` None stands for details that are zero, without the cost of making or adding them. Raises as `dwt2`.
    """
    return waverec2(TL, [details], wavelet, boundary)


def wavedec2(
    x: Tensor, levels: int, wavelet: str = "bior2.2", boundary: Boundary = "reflect"
) -> tuple[Tensor, list[Details]]:
    """Split TL again and again: `dwt2` over `levels`.

    Args:
        x: (N,C,H,W), H and W multiples of 2^levels.

    Returns:
        TL, (N,C,H/2^levels,W/2^levels), and the details (TR, BL, BR) of each level, the coarsest first.
    """
    _check_image(x, levels)
    TL, details = _working(x), []
    for _ in range(levels):
        TL, TR, BL, BR = _split(TL, wavelet, boundary)
        details.append((TR.to(x.dtype), BL.to(x.dtype), BR.to(x.dtype)))
    return TL.to(x.dtype), details[::-1]


def waverec2(
    TL: Tensor, details: Sequence[Details | None], wavelet: str = "bior2.2", boundary: Boundary = "reflect"
) -> Tensor:
    """The inverse of `wavedec2`.

    Args:
        TL: (N,C,h,w), floating point.
        details: (TR, BL, BR) of each level, the coarsest first. None stands for a level of zeros.

    Returns:
        (N,C,h*2^levels,w*2^levels), where levels = len(details).
    """
    _check_bands(TL, details)
    image = _working(TL)
    for level in details:
        image = _merge(image, level, wavelet, boundary)
    return image.to(TL.dtype)


def lowpass2(x: Tensor, levels: int = 1, wavelet: str = "bior2.2", boundary: Boundary = "reflect") -> Tensor:
    """TL of `wavedec2` alone, (N,C,H/2^levels,W/2^levels), at two thirds of its cost."""
    _check_image(x, levels)
    TL = _working(x)
    for _ in range(levels):
        (TL,) = _split(TL, wavelet, boundary, low_only=True)
    return TL.to(x.dtype)


def ilowpass2(TL: Tensor, levels: int = 1, wavelet: str = "bior2.2", boundary: Boundary = "reflect") -> Tensor:
    """The image (N,C,h*2^levels,w*2^levels) whose TL is the one given and whose details are all zero.

    For bior2.2 that is linear interpolation of TL / 2^levels between the pixels on which it sits.
    """
    _check_levels(levels)
    return waverec2(TL, [None] * levels, wavelet, boundary)


def packet2(x: Tensor, levels: int, wavelet: str = "bior2.2", boundary: Boundary = "reflect") -> Tensor:
    """Wavelet packets: split every band again, not TL alone.

    Args:
        x: (N,C,H,W), H and W multiples of 2^levels.
        levels: number of splits; 0 leaves x as it is.

    Returns:
        (N, 4^levels * C, H/2^levels, W/2^levels), bands before colours and the first split outermost: for RGB at one
        level TL RGB, TR RGB, BL RGB, BR RGB; at two levels the four bands of TL, then those of TR, of BL, of BR.
    """
    if levels:
        _check_image(x, levels)
    return _packed(_working(x), levels, wavelet, boundary).to(x.dtype)


def ipacket2(packets: Tensor, levels: int, wavelet: str = "bior2.2", boundary: Boundary = "reflect") -> Tensor:
    """(N, 4^levels * C, h, w) -> (N,C,h*2^levels,w*2^levels), the inverse of `packet2`."""
    if levels:
        _check_levels(levels)
    _check_tensor(packets, "packets")
    if packets.shape[1] % 4**levels:
        raise ValueError(
            f"packets must have a multiple of 4^levels = {4**levels} channels, got shape {tuple(packets.shape)}"
            f" with levels={levels}"
        )
    return _unpacked(_working(packets), levels, wavelet, boundary).to(packets.dtype)


def packet_splits(side: int, packet_side: int = 32) -> int:
    """How often a band of this side is split into packets; the default is UNet-W's of not-so-big-GAN.

    Raises:
        ValueError: `side` is not `packet_side` times a power of 2.
    """
    splits = max(side // packet_side, 1).bit_length() - 1
    if side != packet_side * 2**splits:
        raise ValueError(
            f"code_side: codes are split into packets of {packet_side} x {packet_side}, so it must be {packet_side} "
            f"times a power of 2, got {side}"
        )
    return splits


def lowpass_range(levels: int, wavelet: str = "bior2.2") -> tuple[float, float]:
    """The least and the greatest value that TL can take after `levels` over all images in [0, 1], with any boundary.

    One value of TL weighs the pixels by the same filter along x and y. If its positive taps add up to P and its
    negative ones to -N, the black and white images that suit it worst and best give -2PN and P^2 + N^2.
    """
    _check_levels(levels)
    taps = _mean_taps(wavelet)
    iterated = np.ones(1)
    for level in range(levels):
        spread = np.zeros((len(taps) - 1) * 2**level + 1)
        spread[:: 2**level] = taps
        iterated = np.convolve(iterated, spread)
    P, N = iterated[iterated > 0].sum(), -iterated[iterated < 0].sum()
    gain = 2**levels
    return float(-2 * P * N * gain), float((P**2 + N**2) * gain)


def _packed(x: Tensor, levels: int, wavelet: str, boundary: Boundary) -> Tensor:
    if levels == 0:
        return x
    bands = _split(x, wavelet, boundary)
    return torch.cat([_packed(band, levels - 1, wavelet, boundary) for band in bands], dim=1)


def _unpacked(packets: Tensor, levels: int, wavelet: str, boundary: Boundary) -> Tensor:
    if levels == 0:
        return packets
    TL, TR, BL, BR = (_unpacked(band, levels - 1, wavelet, boundary) for band in packets.chunk(4, dim=1))
    return _merge(TL, (TR, BL, BR), wavelet, boundary)


def _split(x: Tensor, wavelet: str, boundary: Boundary, *, low_only: bool = False) -> tuple[Tensor, ...]:
    _check_boundary(wavelet, boundary)
    if wavelet in lifting.SCHEMES:
        return lifting.split(x, wavelet, boundary, low_only=low_only)
    return filter_bank.split(x, wavelet, boundary, low_only=low_only)


def _merge(TL: Tensor, details: Details | None, wavelet: str, boundary: Boundary) -> Tensor:
    _check_boundary(wavelet, boundary)
    if wavelet in lifting.SCHEMES:
        return lifting.merge(TL, details, wavelet, boundary)
    return filter_bank.merge(TL, details, wavelet, boundary)


def sample_phase(wavelet: str) -> Phase | None:
    """Where TL[k] sits, whatever the number L of levels: on pixel 2^L k ("corner"), or in the middle of the 2^L pixels
    that it stands for; None where the low-pass filter is not symmetric about either."""
    if wavelet == "haar":
        return "middle"
    taps = _mean_taps(wavelet)
    centre, reach = len(taps) // 2, (len(taps) - 1) // 2
    around = taps[centre - reach : centre + reach + 1]
    rest = np.abs(taps).sum() - np.abs(around).sum()
    return "corner" if np.allclose(around, around[::-1]) and np.isclose(rest, 0) else None


def _mean_taps(wavelet: str) -> np.ndarray:
    """The low-pass filter without its gain of sqrt(2), so that it adds up to one."""
    if wavelet in lifting.SCHEMES:
        return np.array(lifting.SCHEMES[wavelet].lowpass)
    return filter_bank.filters(wavelet)[0] / np.sqrt(2)


def _working(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def _check_image(x: Tensor, levels: int) -> None:
    _check_levels(levels)
    _check_tensor(x, "x")
    H, W = x.shape[-2:]
    unit = 2**levels
    if H % unit or W % unit:
        raise ValueError(
            f"x is {H}x{W} (height x width), but levels={levels} needs both to be multiples of {unit};"
            f" crop it to {H - H % unit}x{W - W % unit}, pad it to {H + -H % unit}x{W + -W % unit}, or use fewer levels"
        )


def _check_bands(TL: Tensor, details: Sequence[Details | None]) -> None:
    _check_tensor(TL, "TL")
    _check_levels(len(details))
    N, C, h, w = TL.shape
    for level, bands in enumerate(details):
        if bands is None:
            continue
        shape = (N, C, h << level, w << level)
        for name, band in zip(("TR", "BL", "BR"), bands, strict=True):
            if band.shape != shape or band.dtype != TL.dtype:
                raise ValueError(
                    f"{name} in details[{level}] is {tuple(band.shape)} {band.dtype}, but a TL of {tuple(TL.shape)}"
                    f" {TL.dtype} needs {shape} {TL.dtype}; levels go from coarse to fine, each twice the one before"
                )


def _check_tensor(x: Tensor, name: str) -> None:
    if x.dim() != 4 or min(x.shape[-2:]) < 1:
        raise ValueError(f"{name} must be (N,C,H,W), got shape {tuple(x.shape)}; add a batch dimension with x[None]")
    if not x.is_floating_point():
        raise ValueError(f"{name} must be floating point, got {x.dtype}; convert it, for example with x.float() / 255")


def _check_levels(levels: int) -> None:
    if levels < 1:
        raise ValueError(f"levels must be 1 or more, got {levels}")


def _check_boundary(wavelet: str, boundary: Boundary) -> None:
    if boundary not in get_args(Boundary):
        raise ValueError(f"boundary={boundary!r} is unknown; choose one of {', '.join(get_args(Boundary))}")
    if boundary == "zero" and wavelet != "bior2.2":
        raise ValueError(f"boundary='zero' exists for bior2.2 only, got wavelet={wavelet!r}; use 'periodization'")
