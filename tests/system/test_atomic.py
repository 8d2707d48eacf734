"""Folders and files that appear whole or not at all, and what becomes of what was there before."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from frugan.system import atomic
from frugan.system.atomic import write_file, write_folder
from frugan.system.errors import RunError


def fill(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "content").write_text(text)

    return write


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_folder_whose_place_cannot_be_taken_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "x", fill("old"))
    rename, calls = os.rename, []

    def second_fails(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == 2:
            raise OSError("no")
        rename(source, target)

    monkeypatch.setattr(os, "rename", second_fails)
    with pytest.raises(RunError):
        write_folder(tmp_path / "x", fill("new"))
    assert (tmp_path / "x" / "content").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_was_there_comes_back_after_a_kill_between_the_renames(tmp_path: Path) -> None:
    write_folder(tmp_path / "x", fill("old"))
    aside = tmp_path / f".x.{dead_process()}@{atomic._HOST}.earlier.tmp"
    (tmp_path / "x").rename(aside)
    atomic._leftovers.cache_clear()

    def broken(folder: Path) -> None:
        raise OSError("no")

    with pytest.raises(RunError):
        write_folder(tmp_path / "x", broken)
    assert (tmp_path / "x" / "content").read_text() == "old"


def test_temporary_files_of_other_machines_stay(tmp_path: Path) -> None:
    ours = tmp_path / f".x.{dead_process()}@{atomic._HOST}.tmp"
    theirs = tmp_path / f".x.{dead_process()}@elsewhere.tmp"
    alive = tmp_path / f".x.{os.getppid()}@{atomic._HOST}.tmp"
    for path in (ours, theirs, alive):
        path.touch()
    atomic._leftovers.cache_clear()
    write_file(tmp_path / "x", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"x", theirs.name, alive.name}
