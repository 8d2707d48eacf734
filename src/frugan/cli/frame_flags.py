"""Flags of what is seen of a picture, and how large."""

import dataclasses
from typing import Annotated, Literal

from tyro.conf import OmitArgPrefixes

from frugan.cli.number_lists import box, pair
from frugan.cli.parsing import parse_size
from frugan.requests.frame import Fit, Frame, Outside


@dataclasses.dataclass(frozen=True)
class FrameFlags:
    """The view.

    Args:
        size: Width and height in pixels, for example 6144x4096.
        crop: Visible part: left, top, right and bottom, as fractions of the picture.
        fit: If --crop and --size differ in shape: show less (crop), distort (stretch) or show more (extend).
        zoom: Magnification. 2 shows half of the width and height, twice as large.
        shift: Shift of the view to the right and down, as fractions of the picture.
        rotate: Rotation in degrees, counter-clockwise.
        warp: Distortion: fisheye, wave, or a .npy file (h, w, 2) with the source (y, x) of each point, as fractions.
        outside: Content beyond the edges: extrapolate (the generator draws it), clamp, mirror or mask (black).
        supersample: Samples along each side of a pixel. Above 1 for sizes below the trained one, and for strong warps.
        grid: Sample points: from edge to edge (ends, as in training) or at the pixel centres (centres).
    """

    size: str = "1024x1024"
    crop: str = "0,0,1,1"
    fit: Fit = "crop"
    zoom: float = 1.0
    shift: str = "0,0"
    rotate: float = 0.0
    warp: str = ""
    outside: Outside = "extrapolate"
    supersample: int = 1
    grid: Literal["ends", "centres"] = "ends"

    def request(self) -> Frame:
        """Checked."""
        same = {name: getattr(self, name) for name in ("fit", "zoom", "rotate", "warp", "outside", "supersample")}
        size, crop, shift = parse_size(self.size), box("crop", self.crop), pair("shift", self.shift)
        return Frame(size, crop, shift=shift, centres=self.grid == "centres", **same)


# These flags stand beside a verb's own, without a prefix.
WithFrame = Annotated[FrameFlags, OmitArgPrefixes]
FRAME = FrameFlags()
