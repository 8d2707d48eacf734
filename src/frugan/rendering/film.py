"""Frames of a film: from picture to picture through the space of styles, while the view zooms."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from torch import Tensor

from frugan.networks.base import Generator
from frugan.ops.view import View
from frugan.rendering.render import DEFAULT, Rendering, render
from frugan.writing.pictures import to_uint8


def film_frames(
    generator: Generator,
    styles: Tensor,
    view: View,
    frames: int,
    zoom: tuple[float, float] = (1.0, 1.0),
    rendering: Rendering = DEFAULT,
) -> Iterator[np.ndarray]:
    """Frames (H, W, 3), uint8.

    Args:
        styles: (K, ...), pictures that the film passes in this order at an even pace, slowly where they are.
        zoom: of the first and the last frame, by equal factors between them.
    """
    for number in range(frames):
        part = number / max(frames - 1, 1)
        w = _between(styles, part)
        now = replace(view, zoom=view.zoom * zoom[0] * (zoom[1] / zoom[0]) ** part)
        yield to_uint8(render(generator, w, now, rendering)[None])[0]


def _between(styles: Tensor, part: float) -> Tensor:
    """Linear from one to the next, begun and ended gently."""
    position = part * (len(styles) - 1)
    before = min(int(position), max(len(styles) - 2, 0))
    inside = position - before
    gentle = inside * inside * (3 - 2 * inside)
    after = min(before + 1, len(styles) - 1)
    return styles[before : before + 1].lerp(styles[after : after + 1], gentle)


def frame_count(seconds: float, rate: int, pictures: int) -> int:
    """How many frames a film has that gives each way from one picture to the next so many seconds."""
    return max(1, round(seconds * rate) * max(pictures - 1, 1)) + 1
