"""The pixels of CREPS in one CUDA kernel: lines in, colours out, everything between in registers.

What torch does with some thirty passes over memory, of up to 128 channels each, reads and writes each pixel once here:
the product of the lines, all decoders, and the refinement. Forward only. Needs the package triton; its interpreter
(TRITON_INTERPRET=1) runs the same program on a CPU, which is how it is tested.
"""

import math

import torch
import triton
import triton.language as tl
from torch import Tensor

from frugan.nn.equalized import EqualizedLinear
from frugan.nn.pixel_chain import PixelChain
from frugan.nn.style import ModulatedLinear

_GAINS = {"linear": 1.0, "lrelu": math.sqrt(2)}  # multiplied into weights: the kernel's activation has none
_PIXELS = 64  # of one program; its widest activation is 128 x 64
_COLOURS = 16  # rows of the matrices that put out colours, most of them zero: the least that tensor cores take


def fused_shade(chain: PixelChain, rows: Tensor, cols: Tensor, w: Tensor, half: bool = False) -> Tensor:
    """Lines (1, levels, C, D, H) and (1, levels, C, D, W), style (1, style_dim) -> colours (1, 3, H, W).

    `half`: products in bf16, sums in float32.

    Raises:
        ValueError: several pictures, a chain without plain decoders, or lines of other than 16, 32 or 64 channels.
    """
    _, levels, channels, thickness, height = rows.shape
    if len(rows) != 1 or len(chain.decoders) != levels or chain.modulated:
        raise ValueError("the fused kernel draws one picture at a time, by a chain with decoders that know no style")
    if channels not in (16, 32, 64):
        raise ValueError(f"the fused kernel takes lines of 16, 32 or 64 channels, not {channels}")
    width, kind = cols.shape[-1], torch.bfloat16 if half else torch.float32
    weights, biases = _packed(chain, w, kind)
    colours = rows.new_empty(chain.plain.weight.shape[0], height, width, dtype=torch.float32)
    grid = (triton.cdiv(width, _PIXELS), height)
    _shade[grid](
        rows[0].float().contiguous(),
        cols[0].float().contiguous(),
        weights,
        biases,
        colours,
        height,
        width,
        len(colours),
        chain.clamp,
        LEVELS=levels,
        C=channels,
        D=thickness,
        COLOURS=_COLOURS,
        PIXELS=_PIXELS,
        HALF=half,
    )
    return colours[None]


def _packed(chain: PixelChain, w: Tensor, kind: torch.dtype) -> tuple[Tensor, Tensor]:
    """All matrices, one after the other as the kernel needs them, and all biases."""
    layers = [_plain(layer) for decoder in chain.decoders for layer in decoder.layers]  # type: ignore[union-attr]
    layers.append(_padded(*_plain(chain.plain)))
    for block in chain.refinement:
        layers += [_modulated(layer, w) for layer in block.layers]  # type: ignore[union-attr]
        layers.append(_padded(*_modulated(block.leave, w)))  # type: ignore[arg-type]
    weights, biases = zip(*layers, strict=True)
    return torch.cat([m.flatten() for m in weights]).to(kind), torch.cat(biases).float()


def _plain(layer: EqualizedLinear) -> tuple[Tensor, Tensor]:
    gain = _GAINS[layer.activation]
    return gain * layer.gain * layer.weight, gain * layer.rate * layer.bias


def _modulated(layer: ModulatedLinear, w: Tensor) -> tuple[Tensor, Tensor]:
    gain = _GAINS[layer.activation]
    return gain * layer.modulated(w)[0], gain * layer.bias


def _padded(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    missing = _COLOURS - len(bias)
    return torch.nn.functional.pad(weight, (0, 0, 0, missing)), torch.nn.functional.pad(bias, (0, missing))


@triton.jit
def _linear(x, weights, biases, IN: tl.constexpr, OUT: tl.constexpr, HALF: tl.constexpr):  # type: ignore[no-untyped-def]
    """weights (OUT, IN) @ x (IN, PIXELS) + biases (OUT,)."""
    outs, ins = tl.arange(0, OUT), tl.arange(0, IN)
    weight = tl.load(weights + outs[:, None] * IN + ins[None, :])
    bias = tl.load(biases + outs)
    if HALF:
        y = tl.dot(weight, x.to(tl.bfloat16))
    else:
        y = tl.dot(weight, x, input_precision="ieee")
    return y + bias[:, None]


@triton.jit
def _activated(y):  # type: ignore[no-untyped-def]
    return tl.where(y > 0, y, 0.2 * y)


@triton.jit
def _clamped(y, clamp):  # type: ignore[no-untyped-def]
    return tl.minimum(tl.maximum(y, -clamp), clamp)


@triton.jit
def _shade(  # type: ignore[no-untyped-def]
    rows,
    cols,
    weights,
    biases,
    colours,
    height,
    width,
    colour_count,
    clamp,
    LEVELS: tl.constexpr,
    C: tl.constexpr,
    D: tl.constexpr,
    COLOURS: tl.constexpr,
    PIXELS: tl.constexpr,
    HALF: tl.constexpr,
):
    """PIXELS neighbours in one row of the picture."""
    y = tl.program_id(1)
    x = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    inside = x < width
    channels = tl.arange(0, C)
    matrices: tl.constexpr = 20 * C * C  # of one decoder: C -> 2 C -> 4 C -> 2 C -> C
    e = tl.zeros((C, PIXELS), tl.float32)
    for level in tl.static_range(LEVELS):
        for slot in tl.static_range(D):
            line = (level * C + channels) * D + slot
            row = tl.load(rows + line * height + y)
            col = tl.load(cols + line[:, None] * width + x[None, :], mask=inside[None, :], other=0.0)
            e += row[:, None] * col
        m, b = weights + level * matrices, biases + level * 9 * C
        e = _activated(_linear(e, m, b, C, 2 * C, HALF))
        e = _activated(_linear(e, m + 2 * C * C, b + 2 * C, 2 * C, 4 * C, HALF))
        e = _activated(_linear(e, m + 10 * C * C, b + 6 * C, 4 * C, 2 * C, HALF))
        e = _activated(_linear(e, m + 18 * C * C, b + 8 * C, 2 * C, C, HALF))
    m, b = weights + LEVELS * matrices, biases + LEVELS * 9 * C
    drawn = _linear(e, m, b, C, COLOURS, HALF)
    m, b = m + COLOURS * C, b + COLOURS
    h = _clamped(_activated(_linear(e, m, b, C, 4 * C, HALF)), clamp)
    h = _clamped(_activated(_linear(h, m + 4 * C * C, b + 4 * C, 4 * C, 4 * C, HALF)), clamp)
    m, b = m + 20 * C * C, b + 8 * C
    drawn += _clamped(_linear(h, m, b, 4 * C, COLOURS, HALF), clamp)
    m, b = m + COLOURS * 4 * C, b + COLOURS
    h = _clamped(_activated(_linear(h, m, b, 4 * C, 2 * C, HALF)), clamp)
    h = _clamped(_activated(_linear(h, m + 8 * C * C, b + 2 * C, 2 * C, 2 * C, HALF)), clamp)
    m, b = m + 12 * C * C, b + 4 * C
    drawn += _clamped(_linear(h, m, b, 2 * C, COLOURS, HALF), clamp)
    numbers = tl.arange(0, COLOURS)
    places = (numbers[:, None] * height + y) * width + x[None, :]
    tl.store(colours + places, drawn, mask=(numbers[:, None] < colour_count) & inside[None, :])
