"""The errors that a user is meant to read: the command line prints the message and exits with the exit code."""

import difflib
import errno
import re
from collections.abc import Callable, Iterable

_MOST_LISTED = 20  # names in an error: about three lines of a terminal


class UserError(ValueError):
    """Wrong use or bad input: the message says what, where and what to do."""

    exit_code = 2


class ArgumentError(UserError):
    """A wrong argument of a public function, by its name: the command line shows it as the flag that a user typed.

    Further arguments may be named in the problem, in backquotes.
    """

    def __init__(self, argument: str, problem: str, value: object = None) -> None:
        self.argument, self.problem, self.value = argument, problem, value
        super().__init__(self.sentence(lambda name: name))

    def __reduce__(self) -> tuple[type["ArgumentError"], tuple[str, str, object]]:
        """An error of a worker process reaches the process that started it as what it is."""
        return type(self), (self.argument, self.problem, self.value)

    def sentence(self, spelled: Callable[[str], str]) -> str:
        """The message, with every argument as `spelled` writes it."""
        value = "" if self.value is None else f" {self.value}"
        problem = re.sub(r"`(\w+)`", lambda match: spelled(match[1]), self.problem)
        return f"{spelled(self.argument)}{value}: {problem}"


class RunError(RuntimeError):
    """A run that was asked for rightly and failed: the message says what failed, where and what to do."""

    exit_code = 1


class DivergedError(RunError):
    """Training itself failed: a loss or a weight became NaN or infinite. Starting again would end in the same way."""


_ADVICE = {
    errno.EACCES: "Check its permissions, or choose another place.",
    errno.EPERM: "Check its permissions, or choose another place.",
    errno.EROFS: "Choose a place that can be written.",
    errno.ENOSPC: "Free some space, and try again.",
    errno.EDQUOT: "Free some space, and try again.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ENOTDIR: "A part of this path is a file. Choose a folder.",
    errno.ELOOP: "Remove the circle of links.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n).",
}


def sentence_of(error: OSError) -> str:
    """What the operating system refused, as `path: problem. What to do.`"""
    place = error.filename if error.filename is not None else "the operating system"
    return f"{place}: {error.strerror or error}. {_ADVICE.get(error.errno or 0, 'Check the path, and try again.')}"


def check_choice(argument: str, value: object, options: Iterable[object]) -> None:
    """
    Raises:
        ArgumentError: a value that is not among the options.
    """
    if value not in (known := tuple(options)):
        raise ArgumentError(argument, f"must be one of {', '.join(map(str, known))}", value)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A closing phrase for an error about an unknown name: the nearest known one, else the first of them."""
    names = sorted(known, key=_by_number)
    if not names:
        return "; it has none"
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    left_out = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"; known: {', '.join(names[:_MOST_LISTED])}{left_out}"


def _by_number(name: str) -> list[str | int]:
    """For sorting: class-2 comes before class-10. Text and numbers alternate, so that like is compared with like."""
    return [int(part) if index % 2 else part for index, part in enumerate(re.split(r"(\d+)", name))]
