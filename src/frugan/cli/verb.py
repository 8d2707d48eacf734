"""How a verb takes its flags: a frozen dataclass, whose fields are the names of arguments."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import tyro
from tyro.conf import Positional

from frugan.cli.help import readable
from frugan.system.errors import ArgumentError, UserError
from frugan.system.packages import allow_package

F = TypeVar("F")


def run_verb(flags: type[F], verb: str, arguments: Sequence[str], call: Callable[[F], int]) -> int:
    """Parse flags and make one call with them. Wrong flags end the program with exit code 2.

    Raises:
        UserError: a wrong argument, named as the flag that was typed.
    """
    parsed: Any = tyro.cli(
        readable(flags),
        prog=f"frugan {verb}",
        args=list(arguments),
        config=(tyro.conf.FlagCreatePairsOff, tyro.conf.HelptextFromCommentsOff),
    )
    try:
        for package in getattr(parsed, "allow_package", ()):
            allow_package(package)
        return call(parsed)
    except ArgumentError as error:
        raise UserError(in_flags(error, flags)) from error


def in_flags(error: ArgumentError, flags: type) -> str:
    """The message with arguments as a person types them: `--trunc` for truncation, the value alone for RUN."""
    spelled = _spellings(flags)
    sentence = error.sentence(lambda name: spelled.get(name, name))
    first = spelled.get(error.argument, error.argument)
    shown_alone = not first.startswith("--") and error.argument in spelled and error.value is not None
    return sentence.removeprefix(f"{first} ") if shown_alone else sentence


def _spellings(flags: type) -> dict[str, str]:
    """By the argument's name; those of groups too."""
    found: dict[str, str] = {}
    for name, hint in get_type_hints(flags, include_extras=True).items():
        group = get_args(hint)[0] if get_origin(hint) is Annotated else hint
        found |= (
            _spellings(group)
            if isinstance(group, type) and dataclasses.is_dataclass(group)
            else {name: _spelling(name, hint)}
        )
    return found


def _spelling(name: str, hint: Any) -> str:
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    configured = [mark for mark in marks if hasattr(mark, "metavar")]
    if any(mark in _POSITIONAL_MARKS for mark in marks):
        return next((mark.metavar for mark in configured if mark.metavar), name.upper()).removesuffix("...")
    renamed = next((mark.name for mark in configured if mark.name), name)
    return f"--{renamed.replace('_', '-')}"


_POSITIONAL_MARKS = get_args(Positional[int])[1:]
