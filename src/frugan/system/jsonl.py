"""Append-only logs, one JSON object a line: greppable, and still readable after a crash in the middle of a line."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from frugan.system.atomic import write_file
from frugan.system.bounds import LOG
from frugan.system.errors import RunError, sentence_of
from frugan.system.foreign_files import read_bounded

JSON = dict[str, Any]  # an object of a file, before anything is known of it


def is_number(value: object) -> bool:
    """Whether it is one that floats can hold, or NaN or infinity: JSON's may be of any length."""
    return isinstance(value, float) or (type(value) is int and abs(value) < 2**1000)


def is_count(value: object) -> bool:
    """Whether it can be a number of images."""
    return type(value) is int and 0 <= value < 2**63


class JSONLines:
    """The log at `path`; its folder is made when the first line is written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, line: JSON) -> None:
        """Add a line and hand it to the operating system at once.

        Raises:
            RunError: the disk is full, or the log cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a+b") as file:
                torn = file.tell() > 0 and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n"
                file.write((b"\n" if torn else b"") + json.dumps(line).encode() + b"\n")
        except OSError as error:
            raise RunError(sentence_of(error)) from error

    def read(self) -> list[JSON]:
        """All whole lines; a half-written last one is left out."""
        return read_jsonl(self.path)

    def keep(self, wanted: Callable[[JSON], bool]) -> None:
        """Drop the lines that are not wanted, and any half-written one."""
        lines = [json.dumps(line) + "\n" for line in self.read() if wanted(line)]
        write_file(self.path, "".join(lines).encode())

    def clear(self) -> None:
        """Begin anew."""
        if self.path.exists():
            os.unlink(self.path)


def read_jsonl(path: Path) -> list[JSON]:
    """All whole lines of a log that hold an object, without those that a crash tore; empty if there is no such file."""
    if not path.exists():
        return []
    lines = []
    for text in read_bounded(path, LOG).decode(errors="replace").splitlines():
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict):
            lines.append(line)
    return lines
