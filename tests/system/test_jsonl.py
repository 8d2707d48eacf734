"""Logs: what is no line of theirs is left out, and a full disk is a sentence."""

from pathlib import Path

import pytest

from frugan.system.errors import RunError
from frugan.system.jsonl import JSONLines


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which is always a full disk")
def test_a_full_disk_is_a_sentence() -> None:
    with pytest.raises(RunError, match="No space left on device"):
        JSONLines(Path("/dev/full")).append({"nimg": 8})


def test_lines_of_another_kind_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b'{"nimg": 8}\n[1]\n\xff\xfe\n' + b"[" * 100_000 + b'\n{"nimg": 16}\n{"nim')
    assert JSONLines(tmp_path / "log").read() == [{"nimg": 8}, {"nimg": 16}]
