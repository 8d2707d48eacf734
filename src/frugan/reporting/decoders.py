"""Decoders side by side as one self-contained page: their numbers, and what they make of the same crops."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from frugan.config.shape import size_text
from frugan.data.images import TrainingImages
from frugan.html.chart import Chart, Level, Line, draw
from frugan.html.document import document
from frugan.html.markup import Markup, join, tag
from frugan.html.pictures import embed, show
from frugan.html.table import two_columns
from frugan.html.text import memory, significant
from frugan.judging.compare_decoders import Candidate, Curves, DecoderComparison
from frugan.judging.decoder_curve import CurvePoint
from frugan.judging.reconstruction import Cost
from frugan.metrics.image import psnr
from frugan.reporting.gallery import draw_reals
from frugan.writing.pictures import to_uint8

_IMAGES, _CROP, _SHOWN_WIDTH = 4, 96, 192
_ERROR_GAIN = 4
_MOST_BYTES = 4_000_000
_COLOURS, _CURVE_PLACES = ("blue", "orange", "green", "purple"), 100
_CURVES_HELP = (
    "Mean PSNR of each snapshot, joined by straight lines. Look at which run leads after the same time, and at whether "
    "its curve still climbs. A curve may begin below what the code alone gives: a network that does not start at zero "
    "has to unlearn what it began with."
)
_CROPS_HELP = (
    "The middle of a few images, enlarged without smoothing; below each the absolute error, "
    f"{_ERROR_GAIN} times amplified. Rows trained against a discriminator should look sharper than the others, though "
    "their PSNR is lower: they put in texture that is likely, not texture that was there."
)


def decoders_page(
    title: str, result: DecoderComparison, rows: Sequence[Candidate], dataset: TrainingImages, device: torch.device
) -> str:
    """A document from what `judge_decoders` found, with crops of images of `dataset`."""
    protocol = {name: str(value) for name, value in result.protocol.items()}
    sections = [
        tag("header", tag("h1", title), tag("p", "What survives of real images that go through a code and back.")),
        *(_table(result, name) for name in result.images),
        *(tag("p", warning, class_="help") for warning in result.warnings),
        *([_curves(result, result.curves)] if result.curves else []),
        _crops(rows, draw_reals(dataset, _IMAGES), device),
        tag("section", tag("h2", "Protocol"), two_columns(protocol), id="protocol"),
    ]
    return document(title, sections)


def _table(result: DecoderComparison, images: str) -> Markup:
    protocol = result.protocol
    quality = [
        ("MSE in [0, 1], x 1000", "mse", 1000, 3),
        ("PSNR, dB", "psnr", 1, 4),
        ("SSIM", "ssim", 1, 4),
        (protocol["perceptual"], "perceptual", 1, 3),
        (protocol["frechet_distance"], "frechet_distance", 1, 3),
    ]
    columns = ["", *(title for title, *_ in quality), "ms an image", "GMAC", "parameters", "memory", "code"]
    rows = []
    for row in result.rows:
        cells = [significant(unit * row.quality[images][key], digits) for _, key, unit, digits in quality]
        cells += [*_cost(row.cost), row.code]
        rows.append(tag("tr", tag("th", row.name, scope="row"), *(tag("td", cell) for cell in cells)))
    head = tag("tr", *(tag("th", column, scope="col") for column in columns))
    count = result.images[images]
    return tag(
        "section",
        tag("h2", f"On {images} images"),
        tag("p", f"Means over {count} images of {size_text(protocol['resolution'])} pixels."),
        tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll"),
    )


def _cost(cost: Cost | None) -> list[str]:
    if cost is None:
        return [""] * 4
    return [
        significant(cost.milliseconds),
        significant(cost.multiply_adds / 1e9),
        f"{significant(cost.parameters / 1e6)} M",
        memory(cost.memory_mb),
    ]


def _curves(result: DecoderComparison, curves: Curves) -> Markup:
    """PSNR of the runs' snapshots over training time, a few runs a chart."""
    images, runs = curves.images, list(curves.runs.items())
    levels = [Level(row.name, row.quality[images]["psnr"]) for row in result.rows if not row.path]
    charts = [
        tag("figure", draw(_chart(runs[first : first + len(_COLOURS)], levels)), class_="panel")
        for first in range(0, len(runs), len(_COLOURS))
    ]
    return tag(
        "section",
        tag("h2", f"While training, on {images} images"),
        tag("p", _CURVES_HELP, class_="help"),
        tag("div", *charts, class_="two"),
        id="curves",
    )


def _chart(runs: Sequence[tuple[str, Sequence[CurvePoint]]], levels: Sequence[Level]) -> Chart:
    longest = max(points[-1].seconds for _, points in runs)
    seconds = [longest * i / _CURVE_PLACES for i in range(_CURVE_PLACES + 1)]
    lines = [Line(name, colour, _over(seconds, points)) for (name, points), colour in zip(runs, _COLOURS, strict=False)]
    return Chart(
        "PSNR over training time", [s / 60 for s in seconds], "training", "minutes", "PSNR, dB", lines, (), levels
    )


def _over(seconds: Sequence[float], points: Sequence[CurvePoint]) -> list[float | None]:
    """PSNR at these times, from the snapshots around each; None after the last."""
    times, values = [point.seconds for point in points], [point.psnr for point in points]
    return [float(np.interp(s, times, values)) if s <= times[-1] else None for s in seconds]


def _crops(rows: Sequence[Candidate], originals: Tensor, device: torch.device) -> Markup:
    """A row each: crops and errors of the same images."""
    side = min(_CROP, originals.shape[-1])
    first = (originals.shape[-1] - side) // 2
    window = (..., slice(first, first + side), slice(first, first + side))
    budget = _MOST_BYTES // (2 * len(originals) * (len(rows) + 1))
    drawn = [_row("original", originals[window], None, None, budget)]
    for row in rows:
        decoded = row.reconstruct(originals.to(device)).clamp(-1, 1).float().cpu()
        error = _ERROR_GAIN * (decoded - originals).abs() - 1
        drawn.append(_row(row.name, decoded[window], error[window], psnr(decoded, originals), budget))
    table = tag("table", tag("tbody", *drawn), class_="stages")
    return tag(
        "section",
        tag("h2", "Crops"),
        tag("p", _CROPS_HELP, class_="help"),
        tag("div", table, class_="scroll"),
        id="crops",
    )


def _row(name: str, crops: Tensor, errors: Tensor | None, quality: Tensor | None, budget: int) -> Markup:
    cells = []
    for i in range(len(crops)):
        pictures = [_picture(crops[i], f"{name}, image {i + 1}", budget)]
        if errors is not None:
            pictures.append(_picture(errors[i], f"error of {name}, image {i + 1}", budget))
        caption = "" if quality is None else tag("small", f"{quality[i].item():.1f} dB")
        cells.append(tag("td", join([*pictures, caption])))
    return tag("tr", tag("th", name, scope="row"), *cells)


def _picture(image: Tensor, alt: str, budget: int) -> Markup:
    return show(embed(to_uint8(image[None])[0], budget), alt, width=_SHOWN_WIDTH, class_="pixels")
