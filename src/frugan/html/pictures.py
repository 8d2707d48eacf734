"""Pictures inside the page: pixels to data URIs no larger than what each may take of the page."""

import base64
import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from frugan.html.markup import Markup, tag

# Tried in this order until one is small enough; after the last, the picture is halved and all are tried again.
_JPEG_QUALITIES = (90, 80, 70)


class Picture(NamedTuple):
    """A picture ready to be put into the page."""

    uri: str
    width: int
    height: int
    format: str  # in words, for captions


def embed(pixels: np.ndarray, most_bytes: int) -> Picture:
    """(H, W, 3) uint8 -> the best of PNG, JPEG and reduced JPEG whose data URI takes at most about `most_bytes`."""
    picture = _png(Image.fromarray(pixels))
    if len(picture.uri) <= most_bytes:
        return picture
    for part in (1, 2, 4, 8):
        for quality in _JPEG_QUALITIES:
            picture = _jpeg(Image.fromarray(pixels), part, quality)
            if len(picture.uri) <= most_bytes:
                return picture
    return picture


def show(picture: Picture, alt: str, *, width: int | None = None, class_: str | None = None) -> Markup:
    """An <img>, at its own size or `width` pixels wide, and never wider than its surroundings."""
    shown = width or picture.width
    height = round(picture.height * shown / picture.width)
    return tag("img", src=picture.uri, alt=alt, width=shown, height=height, class_=class_)


def zoomable(picture: Picture, alt: str, caption: str, *, enlarged: int = 1) -> Markup:
    """A figure that shows its picture at full size when it is clicked, without a script.

    `enlarged`: how many times, its pixels kept sharp, for pictures too small to see.
    """
    box = tag("input", type="checkbox", aria_label="Show this picture at full size")
    image = show(picture, alt, width=enlarged * picture.width, class_="pixels" if enlarged > 1 else None)
    return tag("figure", tag("label", box, image), tag("figcaption", caption), class_="zoomable")


def _png(image: Image.Image) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return Picture(_uri("png", buffer), *image.size, "lossless PNG")


def _jpeg(image: Image.Image, part: int, quality: int) -> Picture:
    """The picture at 1/part of its size."""
    reduced, buffer = image.reduce(part), io.BytesIO()
    reduced.save(buffer, format="JPEG", quality=quality, subsampling=0)
    words = f"JPEG, quality {quality}" + (f", reduced to 1/{part}" if part > 1 else "")
    return Picture(_uri("jpeg", buffer), *reduced.size, words)


def _uri(kind: str, buffer: io.BytesIO) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
