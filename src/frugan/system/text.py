"""Text from strangers, made harmless for where it is shown; HTML has `html.markup`."""

import re
import unicodedata

_KEPT = "\n\t"


def printable(text: str) -> str:
    """The text with control and format characters, such as the start of escape sequences, as \\x1b or \\u202e."""
    return "".join(c if c in _KEPT or unicodedata.category(c) not in _UNSEEN else _spelled(c) for c in text)


def one_line(text: str) -> str:
    """As `printable`, with line breaks and tabs spelled, too."""
    return "".join(_spelled(c) if c in _KEPT else c for c in printable(text))


def markdown(text: str) -> str:
    """The text as one line of Markdown that shows it as it is: no markup, HTML, links or table cells come of it."""
    line = one_line(text)
    entities = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([`*_{}\[\]()#+!|~])", r"\\\1", entities)


_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}  # control, format, surrogate, line and paragraph separators


def _spelled(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
