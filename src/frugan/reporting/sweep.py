"""A sweep over truncations and thresholds as one self-contained page: the table, and fidelity against variety."""

from typing import Any

from frugan.html.chart import Chart, Line, draw
from frugan.html.document import document
from frugan.html.markup import Markup, tag
from frugan.html.text import significant
from frugan.reporting.tables import two_columns


def sweep_page(title: str, result: dict[str, Any]) -> str:
    """A document from what `pipelines.sweep` found."""
    protocol = {name: str(value) for name, value in result["protocol"].items()}
    sections = [
        tag("header", tag("h1", f"Truncation and rejection: {title}")),
        _table(result),
        _curves(result),
        tag("section", tag("h2", "Protocol"), two_columns(protocol), id="protocol"),
    ]
    return document(f"Sweep of {title}", sections)


def _table(result: dict[str, Any]) -> Markup:
    distance = result["protocol"]["frechet_distance"]
    columns = ("truncation", "rejected below", "kept of drawn", distance, "score", "precision", "recall", "")
    rows = []
    for point in result["points"]:
        marks = [name for name in ("least", "most") if result[name] == point]
        cells = [
            f"{point['truncation']:g}",
            "" if point["threshold"] is None else f"{point['threshold']:g}",
            f"{point['kept']:,} of {point['drawn']:,}",
            *(_cell(point[key]) for key in ("frechet_distance", "score", "precision", "recall")),
            ", ".join({"least": f"lowest {distance}", "most": "highest score"}[mark] for mark in marks),
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


def _curves(result: dict[str, Any]) -> Markup:
    points = sorted((p for p in result["points"] if p["threshold"] is None), key=lambda p: float(p["truncation"]))
    x = [point["truncation"] for point in points]
    figures = []
    names = {"frechet_distance": result["protocol"]["frechet_distance"], "score": "score"}
    for (key, name), colour in zip(names.items(), ("blue", "green"), strict=True):
        line = Line(name, colour, [point[key] for point in points], dots=True)
        chart = Chart(f"{name} over truncation", x, "truncation", "", name, [line])
        figures.append(tag("figure", tag("h3", name), draw(chart), class_="panel"))
    return tag("section", tag("h2", "Over truncation"), *figures)


def _cell(value: float | None) -> str:
    return "too few passed" if value is None else significant(value)
