"""Real images through codec and decoder: what is lost before the sampler has any part in it."""

import math

import torch
from torch import Tensor

from frugan.html.markup import Markup, join, tag
from frugan.html.pictures import embed, show
from frugan.metrics.image import psnr
from frugan.model.model import Model
from frugan.ops.projection import as_rgb
from frugan.writing.pictures import to_uint8

_MOST_BYTES = 450_000
_ROWS, _LARGE_ROWS = 8, 4  # fewer of large images, so that each keeps its detail
_ERROR_GAIN = 4


def reconstruction_section(model: Model, reals: Tensor, unseen: Tensor | None = None) -> Markup:
    """Code, base, decoded, original and error of the first of `reals` (N, C, H, W), one row an image; of `unseen`, if
    there are images that were held out."""
    reals = (reals if unseen is None else unseen)[: _ROWS if model.shape.longest <= 128 else _LARGE_ROWS]
    with torch.no_grad():
        codes = model.codec.encode(reals.to(model.device))
        base = model.codec.decode(codes, size=reals.shape[2:]).clamp(-1, 1).float().cpu()
        low = model.codec.decoder_input(codes).clamp(-1, 1).float().cpu()
    decoded = model.decode(codes, noise=0.0) if model.decoder else None
    best = base if decoded is None else decoded
    height, width = low.shape[-2:]
    columns = {
        f"code, {height} x {width}": low,
        model.codec.base_name: base,
        "decoded": decoded,
        "original": reals,
        f"error x {_ERROR_GAIN}": _ERROR_GAIN * (as_rgb(best) - as_rgb(reals)).abs() - 1,
    }
    shown = {name: images for name, images in columns.items() if images is not None}
    quality = _quality(psnr(base, reals), None if decoded is None else psnr(decoded, reals))
    header = tag("tr", *(tag("th", name, scope="col") for name in [*shown, "PSNR"]))
    rows = [_row(shown, i, len(reals), quality[i], model.shape.width) for i in range(len(reals))]
    help_text = (
        f"The sampler draws only the small code; the {model.codec.base_name} is made of it without learning anything; "
        "the decoder adds the rest. Look for edges and texture that the decoder restores. What is bright in the error "
        f"(absolute difference, {_ERROR_GAIN} times amplified) no sampler can get right. Higher PSNR is closer."
    )
    if unseen is not None:
        help_text += " These images were held out: the decoder has not seen them."
    return tag(
        "section",
        tag("h2", "From code to picture"),
        tag("p", help_text, class_="help"),
        ""
        if decoded is not None
        else tag("p", "No decoder yet: the error is what is left without one.", class_="missing"),
        tag("div", tag("table", tag("thead", header), tag("tbody", *rows), class_="stages"), class_="scroll"),
        id="reconstruction",
    )


def base_mean_psnr(model: Model, reals: Tensor) -> float:
    """PSNR of the mean squared error without a decoder: where the decoder's training curve, computed alike, begins."""
    with torch.no_grad():
        base = model.codec.decode(model.codec.encode(reals.to(model.device)), size=reals.shape[2:]).float().cpu()
    return psnr_of_squared_error((base - reals).square().mean().item())


def psnr_of_squared_error(squared_error: float) -> float:
    """In dB, for images in [-1, 1]."""
    return 10 * math.log10(4 / max(squared_error, 4e-10))


def _row(columns: dict[str, Tensor], i: int, count: int, quality: Markup, shown_width: int) -> Markup:
    width = min(max(shown_width, 96), 192)
    cells = []
    for name, images in columns.items():
        picture = embed(to_uint8(images[i : i + 1])[0], _MOST_BYTES // (len(columns) * count))
        sharp = "pixels" if images.shape[-1] < shown_width else None
        cells.append(tag("td", show(picture, f"image {i + 1}: {name}", width=width, class_=sharp)))
    return tag("tr", *cells, tag("td", quality))


def _quality(base: Tensor, decoded: Tensor | None) -> list[Markup]:
    if decoded is None:
        return [tag("span", f"{b:.1f} dB", class_="quality") for b in base.tolist()]
    return [
        join([tag("span", f"{d:.1f} dB", class_="quality"), tag("small", f"base {b:.1f} dB ({d - b:+.1f})")])
        for b, d in zip(base.tolist(), decoded.tolist(), strict=True)
    ]
