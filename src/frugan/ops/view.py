"""Which part of a picture is looked at, how it lies, and what it is bent by: from output pixels to coordinates.

Everything is computed in float64 for the whole output and rounded once, so that a tile is a slice to the last bit.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from frugan.ops.grid import Grid, sides_of

Fit = Literal["crop", "stretch", "extend"]
Outside = Literal["extrapolate", "clamp", "mirror", "mask"]
# Places (y, x) in the frame, 0 to 1, to where the colour shown there is taken from.
Warp = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Axes(NamedTuple):
    """A view whose coordinates are one vector along each side of the output.

    Attributes:
        vertical: (H,), what the output's rows are asked for: row coordinates, or column coordinates if `transposed`.
        horizontal: (W,), what its columns are.
        transposed: whether the picture lies on its side.
    """

    vertical: Tensor
    horizontal: Tensor
    transposed: bool


@dataclass(frozen=True)
class View:
    """An output of `height` x `width` pixels that shows `crop` of the picture.

    Args:
        trained: height and width that the generator was trained at: they say how long the picture's sides are, and
            where the centres of its pixels lie.
        crop: left, top, right and bottom of what is seen, in parts of the picture.
        fit: what becomes of a crop of another shape than the output: a part of it is seen, it is stretched, or more
            than it is seen.
        zoom: above 1, less is seen, larger, around the middle of the crop.
        shift: right and down, in parts of the picture: where the view moves to.
        rotate: degrees counter-clockwise by which the picture is turned.
        warp: bends the frame before all this.
        centres: coordinates stand in the middles of the picture's pixels, as those of resized photos do, instead of
            reaching from its first pixel's middle to its last one's at every size, as those of CREPS do. Both agree at
            the trained size.
        outside: what coordinates outside of the picture show: what the generator draws there, the edge, the picture
            mirrored, or nothing.
        supersample: k x k samples a pixel; the view's axes are then k times as long.
    """

    height: int
    width: int
    trained: tuple[int, int]
    crop: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    fit: Fit = "crop"
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    rotate: float = 0.0
    warp: Warp | None = None
    centres: bool = False
    outside: Outside = "extrapolate"
    supersample: int = 1

    def __post_init__(self) -> None:
        left, top, right, bottom = self.crop
        if not (left < right and top < bottom):
            raise ValueError(f"crop: left, top, right and bottom must leave something between them, got {self.crop}")
        if not 0 < self.zoom < math.inf:
            raise ValueError(f"zoom: must be above 0, got {self.zoom:g}")
        if not math.isfinite(self.rotate):
            raise ValueError(f"rotate: must be a number of degrees, got {self.rotate:g}")
        if min(self.height, self.width, self.supersample) < 1:
            raise ValueError(f"a view has at least one pixel and one sample, got {self.height} x {self.width}")

    def axes(self) -> Axes | None:
        """Coordinates as two vectors, in float32; None if the view is turned or bent so that they are not."""
        if self.warp is not None or self.rotate % 90:
            return None
        (centre_y, centre_x), (extent_y, extent_x) = self._box()
        down, right = self._along(self.height) - 0.5, self._along(self.width) - 0.5
        turns = round(self.rotate / 90) % 4
        sign_y, sign_x = ((1, 1), (1, -1), (-1, -1), (-1, 1))[turns]
        if turns % 2:
            cols = centre_x + sign_x * extent_y * self._aspect() * down
            rows = centre_y + sign_y * extent_x / self._aspect() * right
            return Axes(self._placed(cols, 1).float(), self._placed(rows, 0).float(), True)
        rows, cols = centre_y + sign_y * extent_y * down, centre_x + sign_x * extent_x * right
        return Axes(self._placed(rows, 0).float(), self._placed(cols, 1).float(), False)

    def grid(self) -> Grid | None:
        """The coordinates of a view that is neither turned nor bent."""
        axes = self.axes()
        return None if axes is None or axes.transposed else Grid(axes.vertical, axes.horizontal)

    def window(self, rows: range, cols: range) -> tuple[Tensor, Tensor]:
        """Coordinates of some samples' rows and columns, in float64. Beyond the view they go on as inside.

        In float32 they are a slice of `axes`, to the last bit.

        Raises:
            ValueError: a view that is turned or bent.
        """
        if self.warp is not None or self.rotate % 360:
            raise ValueError("window: only of views that are neither turned nor bent")
        (centre_y, centre_x), (extent_y, extent_x) = self._box()
        down = centre_y + extent_y * (self._along(self.height, rows) - 0.5)
        right = centre_x + extent_x * (self._along(self.width, cols) - 0.5)
        return self._placed(down, 0), self._placed(right, 1)

    def points(self, top: int, bottom: int) -> tuple[Tensor, Tensor]:
        """Row and column coordinates of each sample, twice (bottom - top, W) in float32, of rows `top` to `bottom`."""
        y, x = torch.meshgrid(self._along(self.height)[top:bottom], self._along(self.width), indexing="ij")
        if self.warp is not None:
            y, x = self.warp(y, x)
        (centre_y, centre_x), (extent_y, extent_x) = self._box()
        y, x = extent_y * (y - 0.5), extent_x * (x - 0.5)
        cosine, sine = math.cos(math.radians(self.rotate)), math.sin(math.radians(self.rotate))
        rows = centre_y + cosine * y + sine * x / self._aspect()
        cols = centre_x + cosine * x - sine * y * self._aspect()
        return self._placed(rows, 0).float(), self._placed(cols, 1).float()

    def visible(self, t: Tensor, axis: int) -> Tensor:
        """Whether coordinates along an axis show the picture; with `outside="mask"`, some do not."""
        if self.outside != "mask":
            return torch.ones_like(t, dtype=torch.bool)
        margin = 0.5 / (max(self.trained) - 1) if self.centres else 0.0
        if self.supersample > 1 and not self.centres:  # the samples of a pixel lie around the place that it stands for
            margin = 0.5 * max(self._box()[1]) / max(min(self.height, self.width) - 1, 1)
        side = sides_of(*self.trained)[axis]
        return (t >= (1 - side) / 2 - margin - 1e-6) & (t <= (1 + side) / 2 + margin + 1e-6)

    def _along(self, size: int, samples: range | None = None) -> Tensor:
        """Where samples, all of them if left out, lie in the frame, 0 to 1, in float64."""
        k = self.supersample
        chosen = range(size * k) if samples is None else samples
        pixels = (torch.arange(chosen.start, chosen.stop, dtype=torch.float64) + 0.5) / k - 0.5
        # One pixel alone stands for the middle, not for the first of two ends.
        return (pixels + 0.5) / size if self.centres or size == 1 else pixels / (size - 1)

    def _box(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Middle (y, x) and size of what is seen, in parts of the picture."""
        left, top, right, bottom = self.crop
        height, width = bottom - top, right - left
        # How much longer the frame is, for its height, than the crop.
        excess = (self.width / self.height) / (width / height / self._aspect())
        if self.fit != "stretch" and excess > 1 - 1e-9:
            height, width = (height / excess, width) if self.fit == "crop" else (height, width * excess)
        elif self.fit != "stretch":
            height, width = (height, width * excess) if self.fit == "crop" else (height / excess, width)
        middle = (top + bottom) / 2 + self.shift[1], (left + right) / 2 + self.shift[0]
        return middle, (height / self.zoom, width / self.zoom)

    def _aspect(self) -> float:
        """How long a part of the height is, in the same part of the width."""
        return self.trained[0] / self.trained[1]

    def _placed(self, parts: Tensor, axis: int) -> Tensor:
        """Parts of the picture, 0 to 1 from edge to edge, as coordinates of its generator."""
        size, side = self.trained[axis], sides_of(*self.trained)[axis]
        t = (parts * size - 0.5) / (size - 1) if self.centres else parts
        if self.outside == "clamp":
            t = t.clamp(0, 1)
        elif self.outside == "mirror":
            t = 1 - (t.remainder(2) - 1).abs()
        return t if side == 1 else (1 - side) / 2 + side * t  # coordinates of both sides have one unit


def fisheye(y: Tensor, x: Tensor, strength: float = 0.6) -> tuple[Tensor, Tensor]:
    """The middle larger, the edges smaller; the middles of the frame's sides stay where they are."""
    y, x = 2 * y - 1, 2 * x - 1
    scale = 1 - strength + strength * (y.square() + x.square())
    return (1 + y * scale) / 2, (1 + x * scale) / 2


def wave(y: Tensor, x: Tensor, height: float = 0.03, count: float = 3.0) -> tuple[Tensor, Tensor]:
    """`count` waves of that height, in parts of the frame, along both sides."""
    turn = 2 * math.pi * count
    return y + height * (turn * x).sin(), x + height * (turn * y).sin()


def sampled(field: Tensor) -> Warp:
    """A warp that is given by its values (h, w, 2), y before x, over the frame; bilinear between them."""

    def warp(y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        places = torch.stack([2 * x - 1, 2 * y - 1], dim=-1)[None]
        values = field.to(y).permute(2, 0, 1)[None]
        taken = torch.nn.functional.grid_sample(values, places, padding_mode="border", align_corners=True)[0]
        return taken[0], taken[1]

    return warp
