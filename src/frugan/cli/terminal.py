"""All text that reaches the terminal: names from strangers' files must not move its cursor or set its title."""

import sys

from frugan.system.text import printable


def show(text: str) -> None:
    """A result, to stdout."""
    print(printable(text), flush=True)


def say(sentence: str) -> None:
    """A line for the person at the terminal, to stderr: everything but results."""
    print(printable(sentence), file=sys.stderr, flush=True)
