"""The page of `frugan data check --html`: what a data set looks like, and what fits it."""

from collections.abc import Sequence

import numpy as np

from frugan.data.check import DataReport, train_flags
from frugan.data.overview import THUMBNAIL, Overview
from frugan.html.chart import Chart, Line, draw
from frugan.html.document import document
from frugan.html.markup import Markup, tag
from frugan.html.pictures import embed, show, zoomable
from frugan.html.table import two_columns
from frugan.recipes import RECIPES
from frugan.system.text import one_line

_SHOWN, _COLUMNS = 96, 12
_SHEET_BYTES, _GROUP_BYTES = 900_000, 60_000
_MOST_ROWS, _MOST_GROUPS, _MOST_OF_GROUP = 50, 12, 8
_ENOUGH = 2048  # images, for a Frechet distance that is not mostly bias (TTUR#4)
_FEW = 500  # images; fewer, and GANs copy or collapse without augmentation (StyleGAN2-ADA)


def data_page(report: DataReport, overview: Overview) -> str:
    """One HTML page."""
    lines = [
        line
        for line in report.text().splitlines()
        if not line.startswith(("unusable", "duplicates", "data ", "resolution"))
    ]
    facts = {line[:12].strip(): one_line(line[12:]) for line in lines}
    sections = [
        tag("header", tag("h1", one_line(report.data)), tag("p", f"{report.images:,} images can be used.")),
        _advice(report),
        _sizes(overview, report),
        _sheet(overview, report),
        tag("section", tag("h2", "In numbers"), two_columns(facts, wraps=True)),
        _classes(report),
        _list("Damaged or unusable", [f"{entry.name}: {entry.reason}" for entry in report.unusable], "None."),
        _list("The same file more than once", [" = ".join(group) for group in report.duplicates], "None."),
        _near(overview),
    ]
    return document(f"{one_line(report.data)}: data check", sections)


def _advice(report: DataReport) -> Markup:
    """In words: shape, recipe, time, and whether there are enough."""
    flags, count, size = train_flags(report), report.images, report.common_size
    if not count:
        return tag("section", tag("h2", "What fits"), tag("p", "No image can be used.", class_="missing"))
    name = flags[flags.index("--recipe") + 1] if "--recipe" in flags else "nsb-gan-w-dcgan"
    recipe, side = RECIPES[name], report.suggested_resolution
    shared = f"All images are {size[0]} x {size[1]} (height x width)" if size else ""
    sentences = [
        tag("p", f"{shared or f'At least 95 % of the images reach {side} x {side}'}:", class_="then"),
        _command(report, *flags),
        tag(
            "p",
            f"That is recipe {name}: {recipe.minutes:.0f} minutes for its {recipe.side} x {recipe.side} on two cores "
            "of a server's CPU. How long it takes here, and how much memory, a short trial tells:",
            class_="then",
        ),
        _command(report, *flags, "--dry-run"),
    ]
    if count < _FEW:
        sentences += [
            tag(
                "p",
                f"{count} images are few: expect copies of them. Begin with a trained model (--from), or augment:",
                class_="then",
            ),
            _command(
                report, *flags, "--set", f"sampler.stabilizer={{class: frugan.stabilizers.ada.ADA{_pipeline(flags)}}}"
            ),
        ]
    if count < _ENOUGH:
        few = f"{count} images are few for an honest distance from generated ones: with fewer than {_ENOUGH:,}, "
        sentences.append(tag("p", few + "it comes out too large. Compare only distances from the same number."))
    if report.square < report.images and not size:
        share = 100 * (1 - report.square / report.images)
        sentences += [
            tag("p", f"{share:.0f} % are not square, and their middle is used. To keep all of them:", class_="then"),
            _command(report, *flags, "--fit", "pad"),
        ]
    return tag("section", tag("h2", "What fits"), *sentences)


def _pipeline(flags: tuple[str, ...]) -> str:
    """ADA's colours are those of 1 or 3 channels."""
    channels = flags[flags.index("--channels") + 1] if "--channels" in flags else "rgb"
    return "" if channels in ("rgb", "grey") else ", pipeline: bg"


def _command(report: DataReport, *flags: str) -> Markup:
    return tag("pre", tag("code", one_line(report.command(*flags))))


def _sizes(overview: Overview, report: DataReport) -> Markup:
    """How large images are at least, and how wide for their height."""
    if not len(overview.sizes):
        return tag("section", tag("h2", "Sizes and shapes"), _nothing(report))
    if (overview.sizes == overview.sizes[0]).all():
        height, width = overview.sizes[0].tolist()
        return tag("section", tag("h2", "Sizes and shapes"), tag("p", f"All are {height} x {width} (height x width)."))
    short = np.sort(overview.sizes.min(axis=1))
    aspect = np.sort(overview.sizes[:, 1] / overview.sizes[:, 0])
    share = 100 * (1 - np.arange(len(short)) / len(short))
    rank = 100 * (np.arange(len(aspect)) + 0.5) / len(aspect)
    picked = np.unique(np.linspace(0, len(short) - 1, 120).round().astype(int))
    charts = [
        _curve("Short sides", short[picked], share[picked], "short side", "px", "% of images that reach it"),
        _curve("Shapes", rank[picked], aspect[picked], "images, from tall to wide", "%", "width / height"),
    ]
    return tag("section", tag("h2", "Sizes and shapes"), tag("div", *charts, class_="two"))


def _nothing(report: DataReport) -> Markup:
    return tag("p", "Bands are not drawn here." if report.bands else "None.", class_="missing")


def _curve(name: str, x: np.ndarray, y: np.ndarray, x_label: str, unit: str, y_label: str) -> Markup:
    line = Line(name, "blue", [float(value) for value in y], dots=len(x) < 8)
    chart = Chart(name, [float(value) for value in x], x_label, unit, y_label, [line])
    return tag("figure", tag("h3", name), draw(chart), class_="panel")


def _sheet(overview: Overview, report: DataReport) -> Markup:
    """Evenly spread over the order of the names."""
    count = min(_SHOWN, len(overview.names))
    if not count:
        return tag("section", tag("h2", "Images"), _nothing(report))
    chosen = [overview.names[i * len(overview.names) // count] for i in range(count)]
    picture = embed(_rows([overview.thumbnail(name) for name in chosen], _COLUMNS), _SHEET_BYTES)
    note = f"{count} of {len(overview.names):,}, evenly spread over the order of their names; the middle of each."
    return tag("section", tag("h2", "Images"), zoomable(picture, "contact sheet", note), id="sheet")


def _rows(thumbnails: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """(3, s, s) each -> one picture, row by row; white where none is left."""
    columns = min(columns, len(thumbnails))
    rows = -(-len(thumbnails) // columns)
    sheet = np.full((rows * THUMBNAIL, columns * THUMBNAIL, 3), 255, np.uint8)
    for i, picture in enumerate(thumbnails):
        top, left = THUMBNAIL * (i // columns), THUMBNAIL * (i % columns)
        sheet[top : top + THUMBNAIL, left : left + THUMBNAIL] = picture.transpose(1, 2, 0)
    return sheet


def _classes(report: DataReport) -> Markup:
    if not report.classes:
        advice = "None: put images into a folder for each class to have some."
        return tag("section", tag("h2", "Classes"), tag("p", advice))
    counts = {one_line(name): f"{count:,}" for name, count in report.classes.items()}
    if report.without_class:
        counts["without class"] = f"{report.without_class:,}"
    return tag("section", tag("h2", f"{len(report.classes)} classes"), two_columns(counts))


def _list(title: str, lines: Sequence[str], nothing: str) -> Markup:
    if not lines:
        return tag("section", tag("h2", title), tag("p", nothing))
    rest = len(lines) - _MOST_ROWS
    shown = [tag("li", one_line(line)) for line in lines[:_MOST_ROWS]]
    more = [tag("li", f"and {rest:,} more")] if rest > 0 else []
    return tag("section", tag("h2", f"{title}: {len(lines):,}"), tag("ul", *shown, *more))


def _near(overview: Overview) -> Markup:
    title = "Pictures that look almost the same"
    if not overview.near:
        return tag("section", tag("h2", title), tag("p", "None."))
    figures = []
    for group in overview.near[:_MOST_GROUPS]:
        thumbnails = [overview.thumbnail(name) for name in group[:_MOST_OF_GROUP]]
        names = ", ".join(one_line(name) for name in group[:_MOST_OF_GROUP])
        more = f" and {len(group) - _MOST_OF_GROUP} more" if len(group) > _MOST_OF_GROUP else ""
        picture = show(embed(_rows(thumbnails, _MOST_OF_GROUP), _GROUP_BYTES), names)
        figures.append(tag("figure", picture, tag("figcaption", names + more)))
    note = "By a hash of how brightness changes from place to place. Look at them: series of photos are alike, too."
    count = f"{len(overview.near):,} groups" if len(overview.near) > 1 else "1 group"
    return tag(
        "section",
        tag("h2", f"{title}: {count}"),
        tag("p", note, class_="help"),
        tag("div", *figures, class_="two"),
        id="near",
    )
