"""What strangers write is shown as text and does nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from frugan.system.text import markdown, one_line, printable

_TITLE, _CLEAR, _BACKWARDS = "\x1b]0;owned\x07", "\x1b[2J", "\u202e"


@given(st.text())
def test_nothing_printable_moves_the_cursor(text: str) -> None:
    assert all(c in "\n\t" or c.isprintable() or c.isspace() or not c.isascii() for c in printable(text))
    assert len(one_line(text).splitlines()) <= 1
    for hostile in (_TITLE, _CLEAR, _BACKWARDS):
        assert printable(text + hostile).isprintable() or "\n" in text or "\t" in text or not text.isprintable()


def test_escape_sequences_are_spelled_and_words_stay() -> None:
    assert printable(f"blue{_CLEAR}") == "blue\\x1b[2J"
    assert printable(_BACKWARDS) == "\\u202e"
    assert printable("Löwenzahn\n牡丹\t1") == "Löwenzahn\n牡丹\t1"
    assert one_line("a\nb") == "a\\x0ab"


def test_markdown_of_a_name_is_no_markup() -> None:
    assert markdown("<script>alert(1)</script>") == "&lt;script&gt;alert\\(1\\)&lt;/script&gt;"
    assert markdown("[x](javascript:y)\n# title") == "\\[x\\]\\(javascript:y\\)\\x0a\\# title"
    assert markdown("my_photos") == "my\\_photos"
