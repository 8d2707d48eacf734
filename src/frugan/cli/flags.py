"""Flags that several verbs share, and how they are parsed."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from frugan.config.schema import RunConfig
from frugan.data.source import NAMES
from frugan.system.errors import UserError

Settings = Annotated[
    tyro.conf.UseAppendAction[tuple[str, ...]],
    tyro.conf.arg(name="set", metavar="PATH=VALUE", help="change any setting, e.g. sampler.schedule.batch=32"),
]
Part = Literal["sampler", "decoder", "all"]


def parse(command: Callable[..., int], verb: str, arguments: Sequence[str]) -> int:
    """Call `command` with flags parsed from its signature; wrong flags end the program with exit code 2."""
    result: Any = tyro.cli(
        _without_empty_defaults(command),
        prog=f"frugan {verb}",
        args=list(arguments),
        config=(tyro.conf.FlagCreatePairsOff, tyro.conf.HelptextFromCommentsOff),
    )
    return int(result)


def _without_empty_defaults(command: Callable[..., int]) -> Callable[..., int]:
    """Defaults that mean "not given" say nothing in a help text; what they stand for is in the sentence."""

    @functools.wraps(command)
    def same(*arguments: Any, **flags: Any) -> int:
        return command(*arguments, **flags)

    parameters = [
        parameter.replace(annotation=Annotated[parameter.annotation, tyro.conf.arg(help_behavior_hint="")])
        if parameter.default in ("", None, False, ()) and parameter.default is not parameter.empty
        else parameter
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
    ]
    del same.__wrapped__  # or the parser would look through to the original
    same.__signature__ = inspect.signature(command).replace(parameters=parameters)  # type: ignore[attr-defined]
    same.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters} | {"return": int}
    return same


def parse_seeds(text: str) -> list[int]:
    """ "0-3,7" -> [0, 1, 2, 3, 7].

    Raises:
        UserError: not a list of seeds and ranges.
    """
    seeds: list[int] = []
    for piece in text.split(","):
        first, dash, last = piece.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()) or (dash and int(last) < int(first)):
            raise UserError(f"--seeds {text}: expected seeds and ranges such as 0-63 or 1,5,9-12; '{piece}' is neither")
        if int(last or first) >= 2**32:
            raise UserError(f"--seeds {text}: seeds end at {2**32 - 1}")
        seeds.extend(range(int(first), int(last or first) + 1))
    return seeds


def parse_size(text: str) -> tuple[int, int]:
    """ "6144x4096" -> width and height.

    Raises:
        UserError: not two whole numbers above 0.
    """
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise UserError(f"--size {text}: width and height in pixels, such as 6144x4096")
    return int(width), int(height)


def numbers(flag: str, text: str, count: int, between: str = ",") -> list[float]:
    """ "0,.5" -> [0, .5].

    Raises:
        UserError: not so many numbers.
    """
    try:
        values = [float(piece) for piece in text.split(between)]
    except ValueError:
        values = []
    if len(values) != count or not all(abs(value) < 1e9 for value in values):
        raise UserError(f"{flag} {text}: expected {count} numbers with '{between}' between them")
    return values


def with_source(config: RunConfig, data: str) -> RunConfig:
    """The configuration with DATA as its images; paths become absolute, so that a run can be resumed from anywhere."""
    source = str(Path(data).resolve()) if Path(data).exists() and data not in NAMES else data
    return dataclasses.replace(config, data=dataclasses.replace(config.data, source=source))


def check_truncation(trunc: float) -> None:
    """
    Raises:
        UserError: negative, or no number at all.
    """
    if not 0 <= trunc < 1e9:
        raise UserError(f"--trunc {trunc}: a number from 0")


def check_decoder(decoder: Path | None, halvings: int) -> None:
    """
    Raises:
        UserError: --decoder or --halvings cannot be meant so.
    """
    if decoder is not None and not decoder.exists():
        raise UserError(f"--decoder {decoder}: no such folder")
    if halvings < 0 or (halvings and decoder is None):
        raise UserError(f"--halvings {halvings}: goes with --decoder, and is 0 or more")
