"""Names from strangers stay inside the folder, and reads end and fit."""

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frugan.system.bounds import Bound
from frugan.system.errors import UserError
from frugan.system.foreign_files import file_names, read_bounded, read_text

_HOSTILE = [
    "/somewhere/X",
    "../../../X",
    "..",
    ".",
    "",
    ".hidden",
    "a/b",
    "a\\b",
    "a\x00b",
    "\x1b]0;x\x07",
    "CON",
    "nul.txt",
]


@given(st.lists(st.one_of(st.sampled_from(_HOSTILE), st.text(max_size=300)), unique=True, max_size=8))
def test_any_names_become_different_parts_of_a_path(names: list[str]) -> None:
    made = file_names(names)
    assert len({unicodedata.normalize("NFKC", name).casefold() for name in made}) == len(names)
    for name in made:
        assert name == Path("/folder", name).name  # one part, not "." or ".."
        assert not name.startswith(".")
        assert not set(name) & set('/\\:*?"<>|\0')
        assert len(name.encode()) <= 140
        assert name.isprintable() or not name.isascii()


def test_plain_names_stay_as_they_are() -> None:
    names = ["daisy", "Löwenzahn", "牡丹", "n01440764", "two words", "a-b_c.d"]
    assert file_names(names) == names
    assert file_names(["a", "A"])[0] != "a"  # not every file system tells them apart


def test_reads_are_of_regular_files_within_their_bound(tmp_path: Path) -> None:
    number = Bound("a number", 4)
    (tmp_path / "file").write_bytes(b"1234")
    (tmp_path / "link").symlink_to("file")
    assert read_bounded(tmp_path / "link", number) == b"1234"
    with pytest.raises(UserError, match=r"larger than .* the bound for a number"):
        read_bounded(tmp_path / "file", Bound("a number", 3))
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):  # none of these may be waited for
        with pytest.raises(UserError, match="not a regular file"):
            read_bounded(place, number)
    (tmp_path / "file").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="not UTF-8"):
        read_text(tmp_path / "file", number)
