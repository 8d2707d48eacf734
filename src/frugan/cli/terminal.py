"""All text that reaches the terminal: names from strangers' files must not move its cursor or set its title."""

import io
import sys

from frugan.system.text import printable


def show(text: str) -> None:
    """A result, to stdout."""
    print(printable(text), flush=True)


def say(sentence: str) -> None:
    """A line for the person at the terminal, to stderr: everything but results."""
    print(printable(sentence), file=sys.stderr, flush=True)


def let_any_text_pass() -> None:
    """Characters that a terminal's or pipe's encoding lacks are spelled, instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
