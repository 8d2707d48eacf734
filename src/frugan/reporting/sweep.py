"""A sweep over truncations and thresholds as one self-contained page: the table, and fidelity against variety."""

from frugan.html.chart import Chart, Line, draw
from frugan.html.document import document
from frugan.html.markup import Markup, tag
from frugan.html.table import two_columns
from frugan.html.text import significant
from frugan.judging.sweep import Sweep


def sweep_page(title: str, result: Sweep) -> str:
    """A document from what `sweep_model` found."""
    protocol = {name: str(value) for name, value in result.protocol.items()}
    sections = [
        tag("header", tag("h1", f"Truncation and rejection: {title}")),
        _table(result),
        _curves(result),
        tag("section", tag("h2", "Protocol"), two_columns(protocol), id="protocol"),
    ]
    return document(f"Sweep of {title}", sections)


def _table(result: Sweep) -> Markup:
    distance = str(result.protocol["frechet_distance"])
    columns = ("truncation", "rejected below", "kept of drawn", distance, "score", "precision", "recall", "")
    rows = []
    for point in result.points:
        marks = [
            mark
            for mark, marked in ((f"lowest {distance}", result.least), ("highest score", result.most))
            if marked == point
        ]
        cells = [
            f"{point.truncation:g}",
            "" if point.threshold is None else f"{point.threshold:g}",
            f"{point.kept:,} of {point.drawn:,}",
            *map(_cell, (point.frechet_distance, point.score, point.precision, point.recall)),
            ", ".join(marks),
        ]
        rows.append(tag("tr", *(tag("td", cell) for cell in cells)))
    head = tag("tr", *(tag("th", column, scope="col") for column in columns))
    note = (
        "Smaller truncations draw more typical pictures and fewer kinds of them: precision should rise, recall fall. "
        "The score is the inception score of the protocol's classifier; only Inception's can be compared with papers."
    )
    return tag(
        "section",
        tag("h2", "Points"),
        tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll"),
        tag("p", note, class_="help"),
    )


def _curves(result: Sweep) -> Markup:
    points = sorted((p for p in result.points if p.threshold is None), key=lambda point: point.truncation)
    x, name = [point.truncation for point in points], str(result.protocol["frechet_distance"])
    lines = [
        Line(name, "blue", [point.frechet_distance for point in points], dots=True),
        Line("score", "green", [point.score for point in points], dots=True),
    ]
    charts = [Chart(f"{line.name} over truncation", x, "truncation", "", line.name, [line]) for line in lines]
    figures = [tag("figure", tag("h3", chart.y_label), draw(chart), class_="panel") for chart in charts]
    return tag("section", tag("h2", "Over truncation"), *figures)


def _cell(value: float | None) -> str:
    return "too few passed" if value is None else significant(value)
