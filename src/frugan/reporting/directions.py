"""Directions among latents as one self-contained page: a strip of pictures along each."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from frugan.html.document import document
from frugan.html.markup import Markup, tag
from frugan.html.pictures import embed, zoomable

_MOST_BYTES = 400_000  # of a strip: eight of them stay below a page of 4 MB
_SMALL = 400  # pixels: a strip that is narrower is shown enlarged
_HELP = (
    "Each row is one picture. From left to right it moves along the direction, by the amounts below the strip, in "
    "standard deviations of the model's latents; the picture itself is in the middle."
)


@dataclass(frozen=True)
class Strip:
    """Pictures along one direction.

    Attributes:
        name: of the direction.
        amounts: one for each column, in standard deviations.
        pictures: (H, W, 3) uint8, a row for each picture.
    """

    name: str
    amounts: Sequence[float]
    pictures: np.ndarray


def directions_page(title: str, strips: Sequence[Strip], method: str) -> str:
    """A document with a section for each direction."""
    head = tag(
        "header", tag("h1", f"Directions: {title}"), tag("p", f"Found by {method}."), tag("p", _HELP, class_="help")
    )
    return document(f"Directions of {title}", [head, *map(_section, strips)])


def _section(strip: Strip) -> Markup:
    amounts = ", ".join(f"{amount:g}" for amount in strip.amounts)
    move = shlex.quote(f"{strip.name}={strip.amounts[-1]:g}")
    picture = embed(strip.pictures, _MOST_BYTES)
    enlarged = max(1, _SMALL // picture.width)
    caption = f"Amounts: {amounts}. To draw such: frugan sample RUN --direction {move} --out pictures"
    heading = f"Direction {strip.name}" if strip.name.isdigit() else strip.name
    shown = zoomable(picture, f"Pictures along the direction {strip.name}", caption, enlarged=enlarged)
    return tag("section", tag("h2", heading), shown)
