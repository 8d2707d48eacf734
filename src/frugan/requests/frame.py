"""What is seen of a picture, and how: the request behind a `View`, which also knows what the model was trained at."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from frugan.system.errors import ArgumentError, check_choice

Fit = Literal["crop", "stretch", "extend"]
Outside = Literal["extrapolate", "clamp", "mirror", "mask"]


LARGEST_SIDE = 2**20  # pixels: the lines of a CREPS of that length take some GiB


@dataclass(frozen=True)
class Frame:
    """A part of a picture, at any size.

    Args:
        size: Width and height of the output, in pixels, of at most 2^20 each.
        crop: Left, top, right and bottom of what is seen, in parts of the picture.
        fit: For a crop of another shape than the output: "crop" shows a part of it, "stretch" all of it, bent to the
            output's shape, "extend" more than it.
        zoom: Above 1, less is seen, larger.
        shift: Right and down, in parts of the picture.
        rotate: Degrees counter-clockwise.
        warp: "fisheye", "wave", or a .npy file (h, w, 2) with the place (y, x) in the frame that is shown at each
            place. "": none.
        outside: Beyond the picture's edges: "extrapolate" shows what the generator draws there, "clamp" the edge,
            "mirror" the picture mirrored, "mask" black.
        supersample: Samples along each side of a pixel.
        centres: Coordinates in the middles of pixels, as those of resized photos, instead of from end to end.

    Raises:
        ArgumentError: a value out of these ranges.
    """

    size: tuple[int, int] = (1024, 1024)
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    fit: Fit = "crop"
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    rotate: float = 0.0
    warp: str = ""
    outside: Outside = "extrapolate"
    supersample: int = 1
    centres: bool = False

    def __post_init__(self) -> None:
        if max(self.size) > LARGEST_SIDE:
            shown = "x".join(map(str, self.size))
            raise ArgumentError("size", f"at most {LARGEST_SIDE} pixels a side; render parts of it with `crop`", shown)
        check_choice("fit", self.fit, get_args(Fit))
        check_choice("outside", self.outside, get_args(Outside))
        if min(self.size) < 1:
            raise ArgumentError("size", "width and height are at least 1 pixel", f"{self.size[0]}x{self.size[1]}")
        left, top, right, bottom = self.crop
        if not (left < right and top < bottom):
            raise ArgumentError("crop", "left, top, right and bottom must leave something between them", self.crop)
        if not 0 < self.zoom < math.inf:
            raise ArgumentError("zoom", "must be above 0", f"{self.zoom:g}")
        if not math.isfinite(self.rotate):
            raise ArgumentError("rotate", "must be a number of degrees", f"{self.rotate:g}")
        if self.supersample < 1:
            raise ArgumentError("supersample", "at least 1", self.supersample)


@dataclass(frozen=True)
class Film:
    """The course of a film through the pictures of a drawing.

    Args:
        seconds: From each picture to the next.
        fps: Frames a second.
        zoom: Of the first and of the last frame.
        truncation: Of the last frame; None for that of the drawing.
        loop: Lead back from the last picture to the first: the film can be shown again and again.

    Raises:
        ArgumentError: a value out of range, or a loop that ends elsewhere than it begins.
    """

    seconds: float = 2.0
    fps: int = 30
    zoom: tuple[float, float] = (1.0, 1.0)
    truncation: float | None = None
    loop: bool = False

    def __post_init__(self) -> None:
        if self.loop and (self.zoom[0] != self.zoom[1] or self.truncation is not None):
            raise ArgumentError("loop", "needs one zoom and one truncation: a loop ends where it begins")
        if self.truncation is not None and not 0 <= self.truncation < math.inf:
            raise ArgumentError("truncation", "must be 0 or more", f"{self.truncation:g}")
        if min(self.zoom) <= 0:
            raise ArgumentError("zoom", "both must be above 0", f"{self.zoom[0]:g}:{self.zoom[1]:g}")
        if not 0 < self.seconds < 1e6:
            raise ArgumentError("seconds", "above 0, and below a million", f"{self.seconds:g}")
        if not 1 <= self.fps <= 1000:
            raise ArgumentError("fps", "from 1 to 1000", self.fps)
