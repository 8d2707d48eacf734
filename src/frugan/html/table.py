"""Tables that several pages share."""

from collections.abc import Mapping

from frugan.html.markup import Markup, tag


def two_columns(entries: Mapping[str, str], *, wraps: bool = False) -> Markup:
    """A table of names and values, which wrap if they are sentences."""
    rows = (tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in entries.items())
    return tag("div", tag("table", tag("tbody", *rows)), class_="scroll wraps" if wraps else "scroll")
