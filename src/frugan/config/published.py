"""`Published`: a number that a paper prints, for the tables that show it beside ours."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One number of a paper, as printed there.

    Attributes:
        metric: its name in the paper: "FID", "IS", "MSE" ...
        value: "86.28 ± 6.57".
        source: "NSS, table 4".
    """

    metric: str
    value: str
    source: str


def fid(value: str, source: str, score: str = "") -> tuple[Published, ...]:
    """A Frechet inception distance and, where it is printed, the inception score."""
    found = (Published("FID", value, source),) if value else ()
    return (*found, Published("IS", score, source)) if score else found


def in_words(numbers: Iterable[Published]) -> str:
    """ "FID 21.82, IS 119.8 (not-so-big-GAN, table 1)"; numbers of several sources with a semicolon between."""
    by_source: dict[str, list[str]] = {}
    for number in numbers:
        by_source.setdefault(number.source, []).append(f"{number.metric} {number.value}")
    return "; ".join(f"{', '.join(values)} ({source})" for source, values in by_source.items())
