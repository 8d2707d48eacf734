"""What of a model becomes one file for other runtimes."""

from dataclasses import dataclass
from typing import Literal

Part = Literal["all", "sampler", "decoder"]
Pixels = Literal["float", "uint8"]


@dataclass(frozen=True)
class Exporting:
    """A part of a model, and how its pictures are stored.

    Args:
        part: "all", from latents to pictures; "sampler", from latents to codes; "decoder", from codes to pictures.
        pixels: "float", (N, C, H, W) in [-1, 1]; or "uint8", (N, H, W, C) as image files have them.
    """

    part: Part = "all"
    pixels: Pixels = "float"
