"""The page of the Hadamard study: figures 4 and 5 of the NSS paper, and the numbers behind them."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from frugan.html.chart import Band, Chart, Level, Line, draw
from frugan.html.document import document
from frugan.html.markup import Markup, tag
from frugan.html.pictures import embed, show
from frugan.studies.hadamard import STEPS_OF_BLUR, Fit, HadamardTrial, Training, walsh_images
from frugan.system.atomic import write_file

TRUE_STD = 3**-0.5
_HIGH = slice(3, 8)  # B_4 to B_8
_NAMES = {"none": "no filter", "ss": "SS: blur", "ns": "NS: noise", "nss": "NSS: blur and noise"}


def write_hadamard_page(folder: Path, results: Sequence[HadamardTrial], training: Training) -> Path:
    """Write FOLDER/report.html and FOLDER/results.json (the table's numbers). Returns the page's path."""
    table = _table(results)
    write_file(folder / "results.json", json.dumps([asdict(row) for row in table], indent=1).encode())
    path = folder / "report.html"
    sections = [
        _header(results, training),
        _bases(),
        _table_section(table),
        *(_figures(results, init) for init in ("large", "small")),
    ]
    write_file(path, document("nss-hadamard", sections).encode())
    return path


@dataclass(frozen=True)
class Row:
    """A method from an initialisation: means over seeds of the standard deviation of B_4 to B_8, at several times.

    Attributes:
        high_std_range: least and largest over seeds at the end of the blurred phase.
        clean_residual: what no stripe explains, after the phase without blur.
    """

    init: str
    method: str
    seeds: int
    start_high_std: float
    high_std: float
    high_std_range: tuple[float, float]
    clean_high_std: float
    clean_residual: float


def _table(results: Sequence[HadamardTrial]) -> list[Row]:
    rows = []
    for init in ("large", "small"):
        for method in _NAMES:
            chosen = [r for r in results if (r.init, r.method) == (init, method)]
            if not chosen:
                continue
            high = [_high(r.blurred) for r in chosen]
            rows.append(
                Row(
                    init=init,
                    method=method,
                    seeds=len(chosen),
                    start_high_std=statistics.fmean(_high(r.start) for r in chosen),
                    high_std=statistics.fmean(high),
                    high_std_range=(min(high), max(high)),
                    clean_high_std=statistics.fmean(_high(r.clean) for r in chosen),
                    clean_residual=statistics.fmean(r.clean.residual for r in chosen),
                )
            )
    return rows


def _high(fit: Fit) -> float:
    return statistics.fmean(fit.std[_HIGH])


def _header(results: Sequence[HadamardTrial], training: Training) -> Markup:
    seeds = len({r.seed for r in results})
    text = (
        "Images are sums of eight vertical Walsh functions with coefficients uniform in [-1, 1]; each coefficient of a "
        f"perfect generator has mean 0 and standard deviation {TRUE_STD:.3f}. The networks train on whole batches at a "
        f"fixed t = {STEPS_OF_BLUR:g} ({training.shown_steps:,} steps of {training.batch} at lr {training.lr:g}), then "
        f"on images as they are ({training.clean_steps:,} steps). "
        f"{seeds} seeds for each method and initialisation."
    )
    return tag("header", tag("h1", "nss-hadamard"), tag("p", text))


def _bases() -> Markup:
    """Figure 4: the eight Walsh functions, and nine sums of them."""
    random = np.random.RandomState(0).uniform(-1, 1, (9, 8))
    basis = walsh_images().numpy()
    sums = np.einsum("ni,ihw->nhw", random, basis)
    return tag(
        "section",
        tag("h2", "The images"),
        tag("p", "B1 to B8, from low to high frequency:"),
        _samples((3 * basis).tolist(), "the bases themselves"),
        tag("p", "Nine real images, sums of them:"),
        _samples(sums.tolist(), "random coefficients"),
    )


def _table_section(table: Sequence[Row]) -> Markup:
    columns = (
        "initialisation",
        "method",
        "seeds",
        "at the start",
        f"at t = {STEPS_OF_BLUR:g}",
        "range over seeds",
        "after t = 0",
        "residual then",
    )
    body = []
    for row in table:
        low, high = row.high_std_range
        cells = [
            _NAMES[row.method],
            str(row.seeds),
            f"{row.start_high_std:.3f}",
            f"{row.high_std:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{row.clean_high_std:.3f}",
            f"{row.clean_residual:.3f}",
        ]
        body.append(tag("tr", tag("th", row.init, scope="row"), *(tag("td", cell) for cell in cells)))
    head = tag("tr", *(tag("th", column, scope="col") for column in columns))
    note = (
        f"Mean standard deviation of the generated coefficients B4 to B8; {TRUE_STD:.3f} is right. Residual: what no "
        "stripe explains, root mean square in the coefficients' units; 0 is right."
    )
    return tag(
        "section",
        tag("h2", "High frequencies"),
        tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="scroll"),
        tag("p", note, class_="help"),
    )


def _figures(results: Sequence[HadamardTrial], init: str) -> Markup:
    panels = []
    for method, name in _NAMES.items():
        chosen = [r for r in results if (r.init, r.method) == (init, method)]
        if not chosen:
            continue
        real = Fit([0.0] * 8, [TRUE_STD] * 8, 0.0)
        seen = _chart(
            f"{name}: what the discriminator sees",
            _average([r.seen_real for r in chosen]),
            _average([r.seen_fake for r in chosen]),
        )
        bare = _chart(f"{name}: images as they are", real, _average([r.blurred for r in chosen]))
        panels.append(_panel(f"{name}: filtered by t = {STEPS_OF_BLUR:g}", seen))
        panels.append(_panel(f"{name}: the images themselves", bare, _samples(chosen[0].samples, name)))
    return tag(
        "section",
        tag("h2", f"Coefficients at the end of the blurred phase, {init} initialisation"),
        tag("p", "Bands are mean ± standard deviation of B1 to B8, from low to high frequency.", class_="help"),
        tag("div", *panels, class_="two"),
    )


def _panel(title: str, chart: Markup, *more: Markup) -> Markup:
    return tag("figure", tag("h3", title), chart, *more, class_="panel")


def _chart(label: str, real: Fit, fake: Fit) -> Markup:
    bands, lines = [], []
    for name, colour, fit in (("real", "blue", real), ("generated", "orange", fake)):
        low = [m - s for m, s in zip(fit.mean, fit.std, strict=True)]
        high = [m + s for m, s in zip(fit.mean, fit.std, strict=True)]
        bands.append(Band(colour, low, high))
        lines.append(Line(name, colour, fit.mean, dots=True))
    numbers = [float(i) for i in range(1, 9)]
    return draw(
        Chart(
            label,
            numbers,
            "Walsh function",
            "sequency + 1",
            "coefficient",
            lines,
            bands,
            [Level("0", 0.0)],
            (-1.0, 1.0),
        )
    )


def _average(fits: Sequence[Fit]) -> Fit:
    """Mean over seeds of means and standard deviations, for each coefficient."""
    mean, std = (
        [statistics.fmean(values) for values in zip(*columns, strict=True)]
        for columns in ([fit.mean for fit in fits], [fit.std for fit in fits])
    )
    return Fit(mean, std, statistics.fmean(fit.residual for fit in fits))


def _samples(images: list[list[list[float]]], name: str) -> Markup:
    """Nine generated images in a row, each pixel enlarged, black = -3 and white = 3."""
    grey = ((np.array(images).clip(-3, 3) + 3) / 6 * 255).astype(np.uint8)
    padded = np.pad(grey.repeat(6, axis=1).repeat(6, axis=2), ((0, 0), (2, 2), (2, 2)), constant_values=255)
    row = np.concatenate(list(padded), axis=1)
    return show(embed(row[..., None].repeat(3, axis=2), 100_000), f"Images of {name}")
