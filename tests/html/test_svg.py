"""Charts: values fall on the right pixels, ticks are round, and nothing that a log may hold breaks them."""

import math
import re
import xml.etree.ElementTree as ElementTree

import pytest

from frugan.html.axis import Scale, round_ticks, tick_labels, value_range
from frugan.html.chart import Band, Chart, Level, Line, Values, draw


def chart(x: list[float], y: Values, **options: object) -> ElementTree.Element:
    """A chart of one blue line, parsed as XML."""
    described = Chart("label", x, "images shown", "kimg", "loss", [Line("loss", "blue", y)], **options)  # type: ignore[arg-type]
    return ElementTree.fromstring(draw(described))


def points(svg: ElementTree.Element, element: str) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, pair.split(","))) for pair in found.attrib["points"].split()]  # type: ignore[misc]
        for found in svg.iter(element)
    ]


def test_a_known_line_falls_on_known_pixels() -> None:
    svg = chart([0, 5, 10], [0.0, 1.0, 0.25], y_range=(0.0, 1.0))
    # 53.2 leaves room for "0.0" on the left; 14 pixels are free on the right, 12 above, and 44 below.
    assert points(svg, "polyline") == [[(53.2, 256.0), (279.6, 12.0), (506.0, 195.0)]]


def test_bands_run_forward_below_and_back_above() -> None:
    svg = chart([0, 10], [0.5, 0.5], y_range=(0.0, 1.0), bands=[Band("blue", [0.0, 0.25], [1.0, 0.75])])
    assert points(svg, "polygon") == [[(53.2, 256.0), (506.0, 195.0), (506.0, 73.0), (53.2, 12.0)]]


@pytest.mark.parametrize("missing", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_leaves_a_gap(missing: float | None) -> None:
    svg = chart([0, 1, 2, 3, 4], [1.0, 2.0, missing, 2.0, 1.0], bands=[Band("blue", [0, 0, missing, 0, 0], [3] * 5)])
    assert [len(line) for line in points(svg, "polyline")] == [2, 2]
    assert [len(band) for band in points(svg, "polygon")] == [4, 4]
    assert not re.search(r"\b(nan|inf)\b", ElementTree.tostring(svg, "unicode"))


def test_a_single_point_is_a_dot_in_a_visible_band() -> None:
    svg = chart([2], [0.5], y_range=(0.0, 1.0), bands=[Band("blue", [0.25], [0.75])])
    (dot,) = svg.iter("circle")
    assert (dot.attrib["cx"], dot.attrib["cy"]) == ("506", "134")
    (band,) = points(svg, "polygon")
    assert len({x for x, _ in band}) == 2


@pytest.mark.parametrize(("x", "y"), [([], []), ([0], [0.0]), ([0, 0], [1.0, 1.0]), ([1, 2], [None, None])])
def test_empty_and_degenerate_series_are_drawn_without_error(x: list[float], y: Values) -> None:
    svg = chart(x, y)
    assert len(list(svg.iter("text"))) > 4  # axes and their labels


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e-9, 1e9])
def test_a_constant_series_lies_inside_the_plot(value: float) -> None:
    ((first, second),) = points(chart([0, 1], [value, value]), "polyline")
    assert first[1] == second[1]
    assert 12 < first[1] < 256


def test_pointing_shows_every_value_once() -> None:
    svg = ElementTree.fromstring(
        draw(
            Chart(
                label="two",
                x=[1, 2, 3],
                x_label="images shown",
                x_unit="kimg",
                y_label="loss",
                lines=[Line("D", "purple", [0.5, None, 0.25]), Line("G", "green", [1.0, None, 2.0])],
                levels=[Level("even", 0.7)],
            )
        )
    )
    readings = [g for g in svg.iter("g") if g.attrib.get("class") == "reading"]
    assert [[text.text for text in reading.iter("text")] for reading in readings] == [
        ["1 kimg", "D: 0.500", "G: 1.00"],
        ["3 kimg", "D: 0.250", "G: 2.00"],
    ]
    legend = [text.text for text in svg if text.tag == "text"]
    assert legend[-3:] == ["D", "G", "even"]


def test_everything_stays_within_the_picture() -> None:
    svg = chart([0, 123456], [1234567.0, 7654321.0], levels=[Level("a level with a rather long name " * 2, 2e6)] * 2)
    for name in ("x", "x1", "x2", "cx"):
        assert all(0 <= float(e.attrib[name]) <= 520 for e in svg.iter() if name in e.attrib)
    for name in ("y", "y1", "y2", "cy"):
        assert all(0 <= float(e.attrib[name]) <= 300 for e in svg.iter() if name in e.attrib)


def test_names_are_escaped() -> None:
    described = Chart('<"&>', [0, 1], "<x>", "&", "<y>", [Line("<b>", "blue", [0, 1]), Line("&", "blue", [1, 0])])
    svg = ElementTree.fromstring(draw(described))
    assert svg.attrib["aria-label"] == '<"&>'
    assert "<b>" in [text.text for text in svg.iter("text")]


def test_a_scale_is_linear_and_may_point_upwards() -> None:
    assert [Scale(0, 10, 0, 100)(v) for v in (0, 5, 10)] == [0, 50, 100]
    assert [Scale(0, 1, 256, 12)(v) for v in (0.0, 0.5, 1.0)] == [256, 134, 12]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.0, 130.0, ["0", "50", "100"]),
        (0.07, 0.095, ["0.070", "0.075", "0.080", "0.085", "0.090", "0.095"]),
        (-2.0, 2.0, ["-2", "-1", "0", "1", "2"]),
        (0.0, 4000.0, ["0", "1,000", "2,000", "3,000", "4,000"]),
        (1e-7, 5e-7, ["1e-07", "2e-07", "3e-07", "4e-07", "5e-07"]),
    ],
)
def test_ticks_are_round(low: float, high: float, labels: list[str]) -> None:
    assert tick_labels(round_ticks(low, high)) == labels


@pytest.mark.parametrize(
    "values", [[0.61, 1.39], [-5.2, 17.0], [22.0, 30.4], [1e-6, 3e-6], [99.9, 100.1], [1e9, 1e9 + 10], [0.0, 1e7]]
)
def test_ranges_hold_all_values_between_round_ends(values: list[float]) -> None:
    low, high = value_range(values)
    assert low <= min(values) < max(values) <= high
    ticks = round_ticks(low, high)
    assert ticks[0] == pytest.approx(low)
    assert ticks[-1] == pytest.approx(high)
    assert 3 <= len(ticks) <= 8


def test_ranges_from_zero_of_nothing_and_of_a_constant() -> None:
    assert value_range([3.0, 7.5], from_zero=True) == (0.0, 8.0)
    assert value_range([]) == (0.0, 1.0)
    assert value_range([None, math.nan]) == (0.0, 1.0)
    assert value_range([0.0], from_zero=True) == (0.0, 1.0)
    low, high = value_range([4.0, 4.0 + 1e-15])
    assert low < 4 < high


def test_pixels_are_written_plainly() -> None:
    svg = chart([0, 1e-8], [0.0, 1e-12])
    numbers = [e.attrib[name] for e in svg.iter() for name in ("x", "y", "x1", "y1") if name in e.attrib]
    assert all(re.fullmatch(r"\d+(\.\d)?", number) for number in numbers)
