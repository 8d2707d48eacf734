"""Numbers as people read them, and text that can do no harm."""

import math

import pytest

from frugan.html.markup import Markup, join, tag
from frugan.html.text import duration, kimg, memory, significant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1223.4689, "1,223"),
        (69.631, "69.6"),
        (22.3, "22.3"),
        (999.7, "1,000"),
        (0.0, "0"),
        (0.000394, "0.000394"),
        (3.9e-16, "3.90e-16"),
        (-1.5, "-1.50"),
        (None, "unknown"),
        (math.nan, "not a number"),
        (math.inf, "infinite"),
    ],
)
def test_three_significant_digits(value: float | None, text: str) -> None:
    assert significant(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (53, "53 s"), (59.7, "1 min 0 s"), (372, "6 min 12 s"), (7500, "2 h 5 min"), (None, "unknown")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("nimg", "text"), [(0, "0"), (336, "0.336"), (2000, "2"), (130_016, "130"), (25_000_000, "25,000"), (16, "0.016")]
)
def test_thousands_of_images(nimg: int, text: str) -> None:
    assert kimg(nimg) == text


@pytest.mark.parametrize(("megabytes", "text"), [(583.9, "584 MB"), (12345.0, "12.3 GB"), (None, "unknown")])
def test_memory(megabytes: float | None, text: str) -> None:
    assert memory(megabytes) == text


def test_text_is_escaped_and_markup_is_not_escaped_twice() -> None:
    inner = tag("b", "1 < 2 & 3", title='say "hi" <now>')
    assert inner == '<b title="say &quot;hi&quot; &lt;now&gt;">1 &lt; 2 &amp; 3</b>'
    assert tag("p", inner, " > ", Markup("<hr>")) == f"<p>{inner} &gt; <hr></p>"
    assert join(["<", inner]) == f"&lt;{inner}"


def test_attributes_are_named_as_python_can() -> None:
    assert tag("line", class_="a b", stroke_width=1.5, x=None) == '<line class="a b" stroke-width="1.5"></line>'
    assert tag("img", alt="") == '<img alt="">'
