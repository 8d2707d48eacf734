"""Affine warps and colour changes, one matrix per image: what adaptive discriminator augmentation is made of.

Karras et al., "Training Generative Adversarial Networks with Limited Data" (2020), appendix B. However many flips,
turns and stretches an image goes through, it is resampled once, by the product of their matrices:

    reflect-pad -> upsample 2x with sym6 -> sample bilinearly at the warped positions -> downsample 2x -> crop

Here the padding has no end and costs nothing: the sampler folds a position beyond the border back into the upsampled
image, about its first and last sample. A folded image is thus shown through the mirrored filter, which differs little.

Positions are homogeneous (x, y, 1) in pixels, measured from the image's centre, x to the right and y downwards, so that
images that are not square need no special case. Colours are homogeneous (R, G, B, 1).

Both filters together leave an image as it is, and so whole-pixel translations are exact. The filter is not quite
symmetric (it delays by .05 px), so that a flip or a half turn displaces smooth content by .1 px.

Builders return float64 on the CPU; build there, so that nothing waits for an accelerator.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

# The low-pass filter of Daubechies' least asymmetric wavelet with 6 vanishing moments, of sum sqrt(2) and norm 1.
SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
CENTRE = 5  # the tap that sits on its pixel
BEFORE, AFTER = 3, 2  # pixels beyond the border that the filter reaches when doubling
SPILL = len(SYM6) - 2  # samples beyond 2 x side that halving needs

# Up to here a product with the filter's matrix beats the convolution on a CPU: by 3 at 64 px, by nothing at 256 px.
DENSE_SIDE = 256


def warp(x: Tensor, inverse: Tensor) -> Tensor:
    """Move the content of each image by an affine map, and fill what comes into view with reflections.

    Args:
        x: (N, C, H, W), any range, sides of at least 4; differentiable in it any number of times.
        inverse: (N, 3, 3) on the CPU, takes positions in the result to positions in x; not differentiated. Images
            with the identity are passed on untouched.

    Returns:
        (N, C, H, W), float64 if x is, else float32.

    Raises:
        ValueError: a shape that does not fit.
    """
    _check(x, inverse, 3)
    if min(x.shape[-2:]) <= BEFORE:
        raise ValueError(f"warp: the sides of x must be at least {BEFORE + 1}, got shape {tuple(x.shape)}")
    return _where_needed(x, inverse, _resample)


def recolour(x: Tensor, matrix: Tensor) -> Tensor:
    """Map the colour (R, G, B, 1) of each pixel by its image's matrix.

    Args:
        x: (N, C, H, W), zero being the grey about which contrast acts. C is 3, or 1 for grey images: they go through
            as (x, x, x), and the mean of what comes out is theirs.
        matrix: (N, 4, 4) on the CPU; not differentiated. Images with the identity are passed on untouched.

    Returns:
        (N, C, H, W), float64 if x is, else float32.

    Raises:
        ValueError: a shape that does not fit.
    """
    _check(x, matrix, 4)
    if x.shape[1] not in (1, 3):
        raise ValueError(f"recolour: x must have 1 or 3 channels, got shape {tuple(x.shape)}")
    return _where_needed(x, matrix, _mix_channels)


# Maps of positions, (..., 3, 3), from numbers or tensors (...).


def translation(x: float | Tensor, y: float | Tensor) -> Tensor:
    """Move by x pixels to the right and y downwards."""
    return _identity(3) + _per_matrix(x) * _unit(3, 0, 2) + _per_matrix(y) * _unit(3, 1, 2)


def scaling(x: float | Tensor, y: float | Tensor) -> Tensor:
    """Magnify by these factors along x and y; -1 mirrors."""
    return _per_matrix(x) * _unit(3, 0, 0) + _per_matrix(y) * _unit(3, 1, 1) + _unit(3, 2, 2)


def rotation(angle: float | Tensor) -> Tensor:
    """Turn by radians from the x axis to the y axis, which looks clockwise."""
    angle = _per_matrix(angle)
    plane, quarter_turn = _unit(3, 0, 0) + _unit(3, 1, 1), _unit(3, 1, 0) - _unit(3, 0, 1)
    return angle.cos() * plane + angle.sin() * quarter_turn + _unit(3, 2, 2)


# Maps of colours, (..., 4, 4), from numbers or tensors (...). Luma is the part along (1, 1, 1), chroma the rest.


def brightness(offset: float | Tensor) -> Tensor:
    """Add to all channels, in units of x."""
    return _identity(4) + _per_matrix(offset) * (_unit(4, 0, 3) + _unit(4, 1, 3) + _unit(4, 2, 3))


def contrast(gain: float | Tensor) -> Tensor:
    """Multiply all channels."""
    return _per_matrix(gain) * (_identity(4) - _unit(4, 3, 3)) + _unit(4, 3, 3)


def luma_flip(flip: float | Tensor) -> Tensor:
    """1 negates luma and keeps chroma; 0 does nothing."""
    luma, chroma, _ = _colour_parts()
    return (1 - 2 * _per_matrix(flip)) * luma + chroma + _unit(4, 3, 3)


def hue(angle: float | Tensor) -> Tensor:
    """Turn chroma by radians about the luma axis; 2 pi / 3 takes R to G, G to B, B to R."""
    luma, chroma, quarter_turn = _colour_parts()
    angle = _per_matrix(angle)
    return luma + angle.cos() * chroma + angle.sin() * quarter_turn + _unit(4, 3, 3)


def saturation(gain: float | Tensor) -> Tensor:
    """Multiply chroma; 0 leaves grey."""
    luma, chroma, _ = _colour_parts()
    return luma + _per_matrix(gain) * chroma + _unit(4, 3, 3)


def _resample(x: Tensor, inverse: Tensor) -> Tensor:
    """`warp` for all images. Sample j of an axis, of the upsampled image and of the result alike, is at pixel j/2."""
    N, C, H, W = x.shape
    doubled = _along_both_axes(x, _double, max(H, W))  # (N, C, 2H-1, 2W-1), from the first pixel to the last

    # In affine_grid, -1 and 1 are the outermost samples. In the result they run from -5 to 2 side + 4, because the
    # halving filter spills over; their middle is a quarter of a pixel beyond the image's.
    height, width = 2 * H + SPILL, 2 * W + SPILL
    from_result = translation(0.25, 0.25) @ scaling((width - 1) / 4, (height - 1) / 4)
    to_doubled = scaling(2 / (W - 1), 2 / (H - 1))
    theta = (to_doubled @ inverse.double() @ from_result)[:, :2].to(x.dtype).to(x.device)
    positions = F.affine_grid(theta, [N, C, height, width], align_corners=True)

    # "reflection" is also what keeps this off cuDNN, whose sampler cannot be differentiated twice.
    sampled = F.grid_sample(doubled, positions, padding_mode="reflection", align_corners=True)
    return _along_both_axes(sampled, _halve, max(H, W))


def _double(x: Tensor) -> Tensor:
    """Upsample rows 2x, (N, C, H, W) -> (N, C, 2H-1, W): zeros in between, then the filter."""
    C = x.shape[1]
    padded = F.pad(x, (0, 0, BEFORE, AFTER), mode="reflect")
    taps = math.sqrt(2) * torch.tensor(SYM6, dtype=x.dtype, device=x.device).view(1, 1, -1, 1).expand(C, 1, -1, 1)
    crop = (2 * BEFORE + CENTRE, 0)
    return F.conv_transpose2d(padded, taps, stride=(2, 1), padding=crop, output_padding=(1, 0), groups=C)


def _halve(x: Tensor) -> Tensor:
    """Downsample rows 2x, (N, C, 2H+10, W) -> (N, C, H, W): the flipped filter, then every other row."""
    C = x.shape[1]
    taps = torch.tensor(SYM6, dtype=x.dtype, device=x.device).view(1, 1, -1, 1).expand(C, 1, -1, 1) / math.sqrt(2)
    return F.conv2d(x, taps, stride=(2, 1), groups=C)


def _along_both_axes(x: Tensor, on_rows: Callable[[Tensor], Tensor], side: int) -> Tensor:
    """Apply an operation on rows to rows and columns, as matrices if the image's longer side is short enough."""
    if side > DENSE_SIDE:
        return on_rows(on_rows(x).mT).mT
    H, W = x.shape[-2:]
    return _matrix_of(on_rows, H, x.dtype, x.device) @ (x @ _matrix_of(on_rows, W, x.dtype, x.device).mT)


@lru_cache(maxsize=16)
@torch.inference_mode(False)  # what is cached must serve training too
def _matrix_of(on_rows: Callable[[Tensor], Tensor], side: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """What a linear operation on rows does to `side` rows, as a matrix: its answer to the identity."""
    return on_rows(torch.eye(side, dtype=torch.float64)[None, None])[0, 0].to(dtype).to(device)


def _mix_channels(x: Tensor, matrix: Tensor) -> Tensor:
    matrix = matrix.to(x.dtype).to(x.device)[:, :3]
    if x.shape[1] == 1:
        gain, offset = matrix.sum(dim=1).div(3).split([3, 1], dim=1)
        return gain.sum(dim=1)[:, None, None, None] * x + offset[:, :, None, None]
    return torch.baddbmm(matrix[:, :, 3:], matrix[:, :, :3], x.flatten(2)).view_as(x)


def _where_needed(x: Tensor, matrices: Tensor, apply: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Apply to the images whose matrix is not the identity: while p is low they are few."""
    work = x if x.dtype == torch.float64 else x.float()
    identity = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    rows = (matrices != identity).flatten(1).any(dim=1).nonzero().flatten()
    if len(rows) == 0:
        return work
    with torch.autocast(x.device.type, enabled=False):
        if len(rows) == len(x):
            return apply(work, matrices)
        there = rows.to(x.device)
        return work.index_copy(0, there, apply(work.index_select(0, there), matrices[rows]))


@lru_cache(maxsize=1)
def _colour_parts() -> tuple[Tensor, Tensor, Tensor]:
    """(4, 4) each: the projectors on luma and on chroma, and the quarter turn of chroma from R through G to B."""
    luma, quarter_turn = torch.zeros(2, 4, 4, dtype=torch.float64)
    luma[:3, :3] = 1 / 3
    quarter_turn[:3, :3] = torch.tensor([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=torch.float64) / math.sqrt(3)
    return luma, _identity(4) - _unit(4, 3, 3) - luma, quarter_turn


def _identity(size: int) -> Tensor:
    return torch.eye(size, dtype=torch.float64)


@lru_cache(maxsize=25)
def _unit(size: int, row: int, column: int) -> Tensor:
    """The (size, size) matrix of one 1 among zeros."""
    matrix = torch.zeros(size, size, dtype=torch.float64)
    matrix[row, column] = 1
    return matrix


def _per_matrix(value: float | Tensor) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float64, device="cpu")[..., None, None]


def _check(x: Tensor, matrices: Tensor, side: int) -> None:
    if x.ndim != 4 or not x.is_floating_point():
        raise ValueError(f"x must be (N, C, H, W) and floating point, got shape {tuple(x.shape)}, {x.dtype}")
    if matrices.shape != (x.shape[0], side, side):
        raise ValueError(
            f"{x.shape[0]} images need matrices of shape {(x.shape[0], side, side)}, got {tuple(matrices.shape)}"
        )
