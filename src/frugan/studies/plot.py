"""Every trial as a dot, a line a row, with the mean and its 95 % interval: what a table of means hides."""

from collections.abc import Sequence

from frugan.html.axis import Scale, is_number, round_ticks, tick_labels, value_range
from frugan.html.markup import Markup, join, tag
from frugan.html.text import significant
from frugan.studies.results import Outcome, summarise

COLOURS = ("blue", "orange", "green", "purple", "red", "teal", "pink", "brown")
_WIDTH, _ROW, _TOP, _BOTTOM, _RIGHT = 760, 30, 10, 44, 20
_CHARACTER = 6.4


def colour_of(place: int) -> str:
    """The colour of a row, by its place in the table; the same in every chart of the page."""
    return COLOURS[place % len(COLOURS)]


def strip_chart(outcomes: Sequence[Outcome], metric: str, label: str) -> Markup:
    """One metric of all rows on a shared axis, as one <svg>."""
    summaries = summarise(outcomes, metric)
    values = {s.row: [o.values[metric] for o in outcomes if o.row == s.row and metric in o.values] for s in summaries}
    low, high = value_range([value for row in values.values() for value in row])
    left = 16 + max(len(s.row) for s in summaries) * _CHARACTER
    height = _TOP + _ROW * len(summaries) + _BOTTOM
    x = Scale(low, high, left, _WIDTH - _RIGHT)
    pieces = [_axis(x, height, label)]
    for place, summary in enumerate(summaries):
        middle = _TOP + (place + 0.5) * _ROW
        pieces.append(tag("text", summary.row, x=f"{left - 8:.1f}", y=f"{middle + 4:.1f}", text_anchor="end"))
        if is_number(summary.interval):
            ends = (max(summary.mean - summary.interval, low), min(summary.mean + summary.interval, high))
            pieces.append(
                tag(
                    "rect",
                    class_=f"band {colour_of(place)}",
                    x=x(ends[0]),
                    y=middle - 9,
                    width=x(ends[1]) - x(ends[0]),
                    height=18,
                )
            )
        if is_number(summary.mean):
            pieces.append(_rule("line " + colour_of(place), x(summary.mean), middle - 9, x(summary.mean), middle + 9))
        for value in values[summary.row]:
            dot = tag(
                "circle",
                tag("title", f"{summary.row}: {significant(value)}"),
                class_=f"dot {colour_of(place)}",
                cx=x(value),
                cy=middle,
                r=4,
            )
            pieces.append(dot)
    return tag(
        "svg",
        join(pieces),
        class_="chart",
        viewBox=f"0 0 {_WIDTH} {height}",
        role="img",
        aria_label=f"{label} of every trial",
    )


def _axis(x: Scale, height: float, label: str) -> Markup:
    bottom = height - _BOTTOM
    ticks = round_ticks(x.low, x.high, 8)
    pieces = [_rule("axis", x.start, bottom, x.end, bottom)]
    for tick, text in zip(ticks, tick_labels(ticks), strict=True):
        pieces.append(_rule("grid", x(tick), _TOP, x(tick), bottom))
        pieces.append(tag("text", text, x=x(tick), y=bottom + 18, text_anchor="middle"))
    pieces.append(tag("text", label, class_="label", x=(x.start + x.end) / 2, y=height - 6, text_anchor="middle"))
    return join(pieces)


def _rule(style: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return tag("line", class_=style, x1=x1, y1=y1, x2=x2, y2=y2)
