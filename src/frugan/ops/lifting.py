"""Wavelet transforms by lifting: bior2.2 (LeGall 5/3, CDF 2/2) and haar, without a filter in sight.

Along one axis (Sweldens 1996; Daubechies and Sweldens 1998), with e and o the even and the odd samples:

    predict   d[k] = o[k] - (e[k] + e[k+1]) / 2           high = -d / sqrt(2)
    update    s[k] = e[k] + (d[k-1] + d[k]) / 4           low = s * sqrt(2)

Each step adds a multiple of one half to the other, so the inverse is the same steps backwards with opposite signs, and
the adjoint is the same steps backwards with source and target exchanged. Both cost what the transform costs, and since
the derivatives of a linear map are that map and its adjoint, autograd never needs to look inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

LOW, HIGH = 0, 1
ROWS, COLUMNS = -2, -1


class Scheme(NamedTuple):
    """One wavelet: the weights of its two steps, and how many further samples each step looks at."""

    predict: float
    update: float
    reach: int
    lowpass: tuple[float, ...]  # the low-pass filter that the steps amount to, divided by sqrt(2)


SCHEMES = {
    "bior2.2": Scheme(predict=-1 / 2, update=1 / 4, reach=1, lowpass=(-1 / 8, 1 / 4, 3 / 4, 1 / 4, -1 / 8)),
    "haar": Scheme(predict=-1, update=1 / 2, reach=0, lowpass=(1 / 2, 1 / 2)),
}


def split(image: Tensor, wavelet: str, boundary: str, *, low_only: bool = False) -> tuple[Tensor, ...]:
    """(N,C,H,W) -> (TL, TR, BL, BR), each (N,C,H/2,W/2) and contiguous; only (TL,) if `low_only`."""
    program = _analysis(SCHEMES[wavelet], boundary)
    if torch.compiler.is_exporting():
        return _split_in_graph(image, program, low_only)
    bands: tuple[Tensor, ...] = _Split.apply(image, program, low_only)
    return bands


def merge(TL: Tensor, details: tuple[Tensor, Tensor, Tensor] | None, wavelet: str, boundary: str) -> Tensor:
    """TL and (TR, BL, BR) -> (N,C,H,W), the inverse of `split`. None stands for zero details, and costs nothing."""
    TR, BL, BR = details or (None, None, None)
    program = _synthesis(SCHEMES[wavelet], boundary)
    if torch.compiler.is_exporting():
        return _merge_in_graph((TL, TR, BL, BR), program)
    image: Tensor = _Merge.apply(TL, TR, BL, BR, program)
    return image


class _Step(NamedTuple):
    """target[k] += weight * sum(source[k + shift] for shift in shifts); at one edge, target[i] += weight * source[j].

    The sum skips what lies outside; `edge` = (i, j) is what the boundary puts there, None if it puts nothing.
    """

    target: int
    source: int
    weight: float
    shifts: tuple[int, ...]  # () or 0 first
    edge: tuple[int, int] | None


class _Program(NamedTuple):
    """The steps along one axis, in order, and the gains of TL, TR, BL, BR: a split applies them last, a merge first."""

    steps: tuple[_Step, ...]
    gains: tuple[float, float, float, float]


def _analysis(scheme: Scheme, boundary: str) -> _Program:
    # Products of sqrt(2) for low and -1/sqrt(2) for high: powers of two, so that scaling never rounds.
    gains = (2.0, -1.0, -1.0, 0.5)
    predict, update = _predict_and_update(scheme, boundary)
    if boundary != "zero":
        return _Program((predict, update), gains)
    # Zeros outside the image still predict d[-1] = -e[0]/2, and a quarter of that belongs to s[0].
    correct = _Step(LOW, LOW, scheme.predict * scheme.update, (), (0, 0))
    return _Program((predict, correct, update), gains)


def _synthesis(scheme: Scheme, boundary: str) -> _Program:
    gains = (0.5, -1.0, -1.0, 2.0)
    redo = _predict_and_update(scheme, boundary)
    predict, update = (step._replace(weight=-step.weight) for step in redo)
    if boundary != "zero":
        return _Program((update, predict), gains)
    # Zeros beyond the coefficients still leave e[n] = -d[n-1]/4, and half of that belongs to o[n-1].
    correct = _Step(HIGH, HIGH, scheme.predict * scheme.update, (), (-1, -1))
    return _Program((update, correct, predict), gains)


def _adjoint(program: _Program) -> _Program:
    steps = []
    for target, source, weight, shifts, edge in reversed(program.steps):
        mirrored = None if edge is None else (edge[1], edge[0])
        steps.append(_Step(source, target, weight, tuple(-shift for shift in shifts), mirrored))
    return _Program(tuple(steps), program.gains)


def _predict_and_update(scheme: Scheme, boundary: str) -> tuple[_Step, _Step]:
    # In a mirror, the last even sample follows itself and the first odd one precedes itself; in a circle, each meets
    # the other end.
    after, before = {"reflect": ((-1, -1), (0, 0)), "periodization": ((-1, 0), (0, -1)), "zero": (None, None)}[boundary]
    if scheme.reach == 0:
        return _Step(HIGH, LOW, scheme.predict, (0,), None), _Step(LOW, HIGH, scheme.update, (0,), None)
    return _Step(HIGH, LOW, scheme.predict, (0, 1), after), _Step(LOW, HIGH, scheme.update, (0, -1), before)


class _Split(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, program: _Program, low_only: bool) -> tuple[Tensor, ...]:
        ctx.set_materialize_grads(False)
        ctx.program = program
        return _split(image, program, low_only)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, None, None]:
        if all(grad is None for grad in grads):
            return None, None, None
        TL, TR, BL, BR = (*grads, None, None, None)[:4]
        return _Merge.apply(TL, TR, BL, BR, _adjoint(ctx.program)), None, None


class _Merge(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, TL: Tensor | None, TR: Tensor | None, BL: Tensor | None, BR: Tensor | None, program: _Program
    ) -> Tensor:
        ctx.program = program
        return _merge((TL, TR, BL, BR), program)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[:4]
        low_only = not any(needed[1:])
        bands = (*_Split.apply(grad, _adjoint(ctx.program), low_only), None, None, None)[:4]
        return (*(band if need else None for band, need in zip(bands, needed, strict=True)), None)


def _split(image: Tensor, program: _Program, low_only: bool) -> tuple[Tensor, ...]:
    N, C, H, W = image.shape
    bands = tuple(image.new_empty(N, C, H // 2, W // 2) for _ in range(1 if low_only else 4))
    planes, band_planes = _planes(image), [_planes(band) for band in bands]
    for part in _parts(planes):
        low, high = _lift(planes[part, 0::2], planes[part, 1::2], program.steps, ROWS)
        TL, BL = _lift(low[..., 0::2], low[..., 1::2], program.steps, COLUMNS)
        TR, BR = (None, None) if low_only else _lift(high[..., 0::2], high[..., 1::2], program.steps, COLUMNS)
        for band, lifted, gain in zip(band_planes, (TL, TR, BL, BR), program.gains, strict=False):
            torch.mul(lifted, gain, out=band[part])
    return bands


def _merge(bands: Sequence[Tensor | None], program: _Program) -> Tensor:
    present = next(band for band in bands if band is not None)
    N, C, h, w = present.shape
    image = present.new_empty(N, C, 2 * h, 2 * w)
    planes, band_planes = _planes(image), [None if band is None else _planes(band) for band in bands]
    for part in _parts(planes):
        pairs = zip(band_planes, program.gains, strict=True)
        TL, TR, BL, BR = (None if band is None else band[part] * gain for band, gain in pairs)
        low = _lift(TL, BL, program.steps, COLUMNS)
        high = _lift(TR, BR, program.steps, COLUMNS)
        for column in (0, 1):
            even, odd = _lift(low[column], high[column], program.steps, ROWS)
            planes[part, 0::2, column::2] = even
            planes[part, 1::2, column::2] = odd
    return image


def _lift(
    low: Tensor | None, high: Tensor | None, steps: Sequence[_Step], axis: int, *, in_graph: bool = False
) -> tuple[Any, Any]:
    """Run the steps along `axis` without writing to the arguments. Two tensors come back, unless both are None."""
    add = _added_in_graph if in_graph else _added
    bands = [low, high]
    for step in steps:
        source = bands[step.source]
        if source is not None:
            bands[step.target] = add(bands[step.target], source, step, axis)
    return bands[LOW], bands[HIGH]


def _added(target: Tensor | None, source: Tensor, step: _Step, axis: int) -> Tensor:
    weight = step.weight
    if target is None:
        result = source * weight
    elif step.shifts:
        result = torch.add(target, source, alpha=weight)
    else:
        result = target.clone()
    length = source.shape[axis] - 1
    for shift in step.shifts[1:]:
        inside = result.narrow(axis, max(0, -shift), length)
        inside.add_(source.narrow(axis, max(0, shift), length), alpha=weight)
    if step.edge is not None:
        i, j = step.edge
        result.select(axis, i).add_(source.select(axis, j), alpha=weight)
    return result


def _split_in_graph(image: Tensor, program: _Program, low_only: bool) -> tuple[Tensor, ...]:
    """`_split` without writing into parts of tensors, which other runtimes do slowly: the same numbers."""
    lift = partial(_lift, steps=program.steps, in_graph=True)
    low, high = lift(image[..., 0::2, :], image[..., 1::2, :], axis=ROWS)
    TL, BL = lift(low[..., 0::2], low[..., 1::2], axis=COLUMNS)
    if low_only:
        return (TL * program.gains[0],)
    TR, BR = lift(high[..., 0::2], high[..., 1::2], axis=COLUMNS)
    return tuple(band * gain for band, gain in zip((TL, TR, BL, BR), program.gains, strict=True))


def _merge_in_graph(bands: Sequence[Tensor | None], program: _Program) -> Tensor:
    """`_merge` likewise."""
    TL, TR, BL, BR = (None if band is None else band * gain for band, gain in zip(bands, program.gains, strict=True))
    lift = partial(_lift, steps=program.steps, in_graph=True)

    def interleaved(left: Tensor | None, right: Tensor | None) -> Tensor | None:
        if left is None and right is None:
            return None
        return torch.stack(lift(left, right, axis=COLUMNS), dim=-1).flatten(-2)

    return torch.stack(lift(interleaved(TL, BL), interleaved(TR, BR), axis=ROWS), dim=-2).flatten(-3, -2)


def _added_in_graph(target: Tensor | None, source: Tensor, step: _Step, axis: int) -> Tensor:
    last = source.shape[axis] - 1
    if not step.shifts:
        assert target is not None
        assert step.edge is not None
        at_start, (i, j) = step.edge[0] == 0, (_place(end, last) for end in step.edge)
        edge = target.narrow(axis, i, 1) + step.weight * source.narrow(axis, j, 1)
        rest = target.narrow(axis, int(at_start), last)
        return torch.cat([edge, rest] if at_start else [rest, edge], dim=axis)
    result = source * step.weight if target is None else target + source * step.weight
    for shift in step.shifts[1:]:
        inside, outside = source.narrow(axis, max(0, shift), last), torch.zeros_like(source.narrow(axis, 0, 1))
        if step.edge is not None:
            outside = source.narrow(axis, _place(step.edge[1], last), 1)
        shifted = torch.cat([inside, outside] if shift > 0 else [outside, inside], dim=axis)
        result = result + step.weight * shifted
    return result


def _place(end: int, last: int) -> int:
    """Of an edge, 0 or -1, without a remainder, which would bind the size of a graph."""
    return last if end < 0 else end


def _planes(image: Tensor) -> Tensor:
    N, C, H, W = image.shape
    return image.reshape(N * C, H, W)


def _parts(planes: Tensor) -> Iterator[slice]:
    """Runs of planes that stay in a CPU's cache through all steps; an accelerator takes everything at once."""
    count, H, W = planes.shape
    size = count
    if planes.device.type == "cpu":
        # From 1 to 4 MiB the speed is the same; all planes at once take 1.4 to 2 times as long.
        size = 2 * 2**20 // (H * W * planes.element_size())
    size = max(1, size)
    return (slice(start, start + size) for start in range(0, count, size))
