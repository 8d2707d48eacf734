"""HTML and SVG as values that cannot be mistaken for text: whatever is not `Markup` is escaped where it is put in."""

import html
from collections.abc import Iterable

# HTML elements that have no end tag; all others, SVG's included, are written with one, which makes SVG valid XML too.
_VOID = frozenset({"img", "input", "meta", "link", "br"})


class Markup(str):
    """Text that is markup already, made by `tag` and `join` only."""


def tag(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """An element. Children that are not markup are escaped; attributes that are None are left out.

    Names of attributes are written as Python can write them: `class_` is class, `stroke_width` is stroke-width.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(pieces: Iterable[str]) -> Markup:
    """Pieces one after the other, those that are not markup escaped."""
    return Markup("".join(piece if isinstance(piece, Markup) else html.escape(piece, quote=False) for piece in pieces))


def _plain(value: str | float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
