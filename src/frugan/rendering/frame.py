"""From a `Frame` that a caller asks for to the `View` of a model's picture."""

from pathlib import Path

import numpy as np
import torch

from frugan.model.model import Model
from frugan.ops.view import View, Warp, fisheye, sampled, wave
from frugan.rendering.render import FARTHEST
from frugan.requests.frame import Frame
from frugan.system.bounds import WARP
from frugan.system.errors import ArgumentError, UserError
from frugan.system.foreign_files import read_bounded
from frugan.system.numpy_files import numbers_of

_WARPS: dict[str, Warp] = {"fisheye": fisheye, "wave": wave}


def view_of(model: Model, frame: Frame) -> View:
    """
    Raises:
        UserError: a model whose codes are not pictures, a warp that cannot be read, or settings that leave nothing to
            see.
    """
    if model.codec.reduces or model.enlargement is not None:
        raise UserError("this model's generator draws codes for a decoder, not pictures; use `frugan sample`")
    width, height = frame.size
    return View(
        height,
        width,
        model.generator.code_shape[1:],
        crop=frame.crop,
        fit=frame.fit,
        zoom=frame.zoom,
        shift=frame.shift,
        rotate=frame.rotate,
        warp=_warp(frame.warp),
        centres=frame.centres,
        outside=frame.outside,
        supersample=frame.supersample,
    )


def _warp(name: str) -> Warp | None:
    if not name:
        return None
    if name in _WARPS:
        return _WARPS[name]
    if not name.endswith(".npy"):
        raise ArgumentError("warp", f"{', '.join(_WARPS)}, or a .npy file", name)
    try:
        field = numbers_of(read_bounded(Path(name), WARP))
    except (OSError, UserError, ValueError) as error:
        raise ArgumentError("warp", str(error), name) from error
    if field.ndim != 3 or field.shape[2] != 2 or min(field.shape) < 2:
        raise ArgumentError("warp", f"expected numbers (h, w, 2), got {field.dtype} {field.shape}", name)
    if not ((field >= -FARTHEST) & (field <= FARTHEST)).all():
        raise ArgumentError("warp", f"expected fractions of the picture, from -{FARTHEST} to {FARTHEST}", name)
    return sampled(torch.from_numpy(field.astype(np.float64)))
