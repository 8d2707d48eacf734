"""The shell of every page: self-contained HTML with its style inside, no scripts, no network."""

from collections.abc import Sequence
from importlib import resources

from frugan.html.markup import Markup, join, tag


def document(title: str, sections: Sequence[Markup]) -> str:
    """A complete HTML document."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", _style()),
    )
    body = tag("body", tag("main", *(join(["\n", section]) for section in sections)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _style() -> Markup:
    """Ours, so it may stand in the page unescaped."""
    return Markup(resources.files("frugan.html").joinpath("style.css").read_text(encoding="utf-8"))
