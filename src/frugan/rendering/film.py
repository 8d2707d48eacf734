"""Frames of a film: from picture to picture through the space of styles, while truncation and view change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from frugan.requests.frame import Film
from frugan.writing.pictures import to_uint8


@dataclass(frozen=True)
class Course:
    """Pictures that a film passes in this order at an even pace, slowly where they are.

    Args:
        first, last: their styles (K, ...), at the truncation of the first frame and of the last.
        loop: whether the last picture leads back to the first one.
    """

    first: Tensor
    last: Tensor
    loop: bool = False

    def style(self, part: float) -> Tensor:
        """(1, ...) after a part of the film, from 0 to 1."""
        count = len(self.first)
        position = part * (count if self.loop else count - 1)
        before = int(position) if self.loop else min(int(position), max(count - 2, 0))
        inside = position - before
        gentle = inside * inside * (3 - 2 * inside)
        here, there = ((before + step) % count for step in (0, 1))
        of_first, of_last = (of[here : here + 1].lerp(of[there : there + 1], gentle) for of in (self.first, self.last))
        return of_first.lerp(of_last, part)


def film_frames(course: Course, draw: Callable[[Tensor, float], Tensor], film: Film) -> Iterator[np.ndarray]:
    """Frames (H, W, 3), uint8. `draw` makes a picture (1, C, H, W) of a style (1, ...) and a zoom."""
    total = frame_count(film, len(course.first))
    first, last = film.zoom
    for number in range(total):
        # Of a loop, the first frame follows the last one.
        part = number / (total if film.loop else max(total - 1, 1))
        yield to_uint8(draw(course.style(part), first * (last / first) ** part))[0]


def frame_count(film: Film, pictures: int) -> int:
    """How many frames a film has that gives each way from one picture to the next so many seconds."""
    way = max(1, round(film.seconds * film.fps))
    return way * pictures if film.loop else way * max(pictures - 1, 1) + 1
