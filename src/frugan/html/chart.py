"""Line charts with percentile bands, as inline SVG without scripts: pointing at the plot shows the values there.

Colours are names of CSS classes (blue, orange, green, purple), so that the page's style can turn them for dark mode.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from frugan.html.axis import Scale, is_number, round_ticks, tick_labels, value_range
from frugan.html.markup import Markup, join, tag
from frugan.html.text import significant, trimmed

T = TypeVar("T")

Values = Sequence[float | None]  # None and NaN leave a gap

WIDTH, HEIGHT = 520, 300
_RIGHT, _TOP, _BOTTOM = 14, 12, 44
_ROW = 18  # of the legend, and of the text that pointing shows
_CHARACTER = 6.4  # mean width of one, in the font size that the style sets


@dataclass(frozen=True)
class Line:
    """A curve through `y` over the chart's x. `dots` marks each value, for few of them."""

    name: str
    colour: str
    y: Values
    dots: bool = False


@dataclass(frozen=True)
class Band:
    """The area between two curves; several of one colour darken where they overlap."""

    colour: str
    low: Values
    high: Values


@dataclass(frozen=True)
class Level:
    """A dashed horizontal line to compare with."""

    name: str
    y: float


@dataclass(frozen=True)
class Chart:
    """What to draw. `x` is shared by all lines and bands; `label` says what is shown to those who cannot see it."""

    label: str
    x: Sequence[float]
    x_label: str
    x_unit: str
    y_label: str
    lines: Sequence[Line]
    bands: Sequence[Band] = ()
    levels: Sequence[Level] = ()
    y_range: tuple[float, float] | None = None  # else round ends around all values
    from_zero: bool = False


def draw(chart: Chart) -> Markup:
    """The chart as one <svg> element, as wide as its surroundings."""
    low, high = chart.y_range or value_range(_all_values(chart), from_zero=chart.from_zero)
    left = 34 + max(map(len, tick_labels(round_ticks(low, high)))) * _CHARACTER
    legend, legend_rows = _legend(chart, left)
    x = Scale(0.0, max(chart.x, default=0.0) or 1.0, left, WIDTH - _RIGHT)
    y = Scale(low, high, HEIGHT - _BOTTOM, _TOP + legend_rows * _ROW)
    return tag(
        "svg",
        _axes(chart, x, y),
        join(_level(number, level, x, y) for number, level in enumerate(chart.levels)),
        join(_band(band, chart.x, x, y) for band in chart.bands),
        join(_line(line, chart.x, x, y) for line in chart.lines),
        legend,
        _readings(chart, x, y),
        class_="chart",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=chart.label,
    )


def _all_values(chart: Chart) -> Iterator[float | None]:
    for line in chart.lines:
        yield from line.y
    for band in chart.bands:
        yield from band.low
        yield from band.high
    yield from (level.y for level in chart.levels)


def _axes(chart: Chart, x: Scale, y: Scale) -> Markup:
    x_ticks, y_ticks = round_ticks(x.low, x.high, 6), round_ticks(y.low, y.high)
    pieces = []
    for tick, label in zip(y_ticks, tick_labels(y_ticks), strict=True):
        pieces.append(_rule("grid", x.start, y(tick), x.end, y(tick)))
        pieces.append(_text(label, x.start - 8, y(tick) + 4, "end"))
    for tick, label in zip(x_ticks, tick_labels(x_ticks), strict=True):
        pieces.append(_rule("axis", x(tick), y.start, x(tick), y.start + 4))
        pieces.append(_text(label, x(tick), y.start + 18, "middle"))
    pieces.append(_rule("axis", x.start, y.start, x.end, y.start))
    pieces.append(
        _text(
            f"{chart.x_label} ({chart.x_unit})" if chart.x_unit else chart.x_label,
            (x.start + x.end) / 2,
            HEIGHT - 6,
            "middle",
            "label",
        )
    )
    middle = (y.start + y.end) / 2
    turned = f"rotate(-90 13 {_px(middle)})"
    pieces.append(
        tag("text", chart.y_label, class_="label", x=13, y=_px(middle), text_anchor="middle", transform=turned)
    )
    return join(pieces)


def _line(line: Line, xs: Sequence[float], x: Scale, y: Scale) -> Markup:
    pieces = []
    drawable = [(x(a), y(b)) if is_number(b) else None for a, b in zip(xs, line.y, strict=True)]
    for points in _unbroken(drawable):
        if len(points) > 1:
            pieces.append(tag("polyline", class_=f"line {line.colour}", points=_points(points)))
        if line.dots or len(points) == 1:
            pieces.extend(tag("circle", class_=f"dot {line.colour}", cx=_px(px), cy=_px(py), r=3) for px, py in points)
    return join(pieces)


def _band(band: Band, xs: Sequence[float], x: Scale, y: Scale) -> Markup:
    pieces = []
    drawable = [
        (x(a), y(low), y(high)) if is_number(low) and is_number(high) else None
        for a, low, high in zip(xs, band.low, band.high, strict=True)
    ]
    for edges in _unbroken(drawable):
        if len(edges) == 1:  # an area of no width would not be seen
            px, bottom, above = edges[0]
            edges = [(px - 4, bottom, above), (px + 4, bottom, above)]
        outline = [(px, bottom) for px, bottom, _ in edges] + [(px, above) for px, _, above in reversed(edges)]
        pieces.append(tag("polygon", class_=f"band {band.colour}", points=_points(outline)))
    return join(pieces)


def _level(number: int, level: Level, x: Scale, y: Scale) -> Markup:
    return _rule(_level_style(number), x.start, y(level.y), x.end, y(level.y))


def _level_style(number: int) -> str:
    """Dashes of another length for each of three."""
    return ("level", "level dotted", "level long")[number % 3]


def _legend(chart: Chart, start: float) -> tuple[Markup, int]:
    """Swatches with names in rows above the plot, and how many rows; none where one line needs no name."""
    entries = [(line.name, f"line {line.colour}") for line in chart.lines] + [
        (level.name, _level_style(number)) for number, level in enumerate(chart.levels)
    ]
    if len(entries) < 2:
        return Markup(""), 0
    pieces, left, row = [], start, 0
    for name, style in entries:
        width = 28 + len(name) * _CHARACTER
        if left > start and left + width > WIDTH - _RIGHT:
            left, row = start, row + 1
        middle = _TOP + row * _ROW
        pieces.append(_rule(style, left, middle, left + 16, middle))
        pieces.append(_text(name, left + 22, middle + 4, "start"))
        left += width + 12
    return join(pieces), row + 1


def _readings(chart: Chart, x: Scale, y: Scale) -> Markup:
    """For each x an invisible column that shows the values there when it is pointed at."""
    centres = [x(value) for value in chart.x]
    pieces = []
    for i, centre in enumerate(centres):
        shown = [(line.name, significant(line.y[i])) for line in chart.lines if is_number(line.y[i])]
        if not shown:
            continue
        left = (centres[i - 1] + centre) / 2 if i > 0 else x.start
        right = (centre + centres[i + 1]) / 2 if i + 1 < len(centres) else x.end
        column = tag("rect", x=_px(left), y=_px(y.end), width=_px(right - left), height=_px(y.start - y.end))
        texts = [f"{trimmed(chart.x[i])} {chart.x_unit}", *(f"{name}: {value}" for name, value in shown)]
        pieces.append(tag("g", column, _tip(texts, centre, x, y), class_="reading"))
    return join(pieces)


def _tip(texts: Sequence[str], centre: float, x: Scale, y: Scale) -> Markup:
    width = 12 + max(map(len, texts)) * _CHARACTER
    left = centre + 8 if centre + 8 + width < x.end else max(centre - 8 - width, 0)
    box = tag("rect", x=_px(left), y=_px(y.end + 4), width=_px(width), height=8 + len(texts) * _ROW, rx=4)
    lines = (_text(text, left + 6, y.end + 18 + row * _ROW, "start") for row, text in enumerate(texts))
    return tag("g", _rule("axis", centre, y.end, centre, y.start), box, *lines, class_="tip")


def _unbroken(items: Sequence[T | None]) -> Iterator[list[T]]:
    """The items between the gaps, in runs."""
    run: list[T] = []
    for item in items:
        if item is not None:
            run.append(item)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _rule(style: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return tag("line", class_=style, x1=_px(x1), y1=_px(y1), x2=_px(x2), y2=_px(y2))


def _text(text: str, x: float, y: float, anchor: str, style: str | None = None) -> Markup:
    return tag("text", text, class_=style, x=_px(x), y=_px(y), text_anchor=None if anchor == "start" else anchor)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_px(px)},{_px(py)}" for px, py in points)


def _px(pixels: float) -> str:
    return f"{pixels:.1f}".removesuffix(".0")
