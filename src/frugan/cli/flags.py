"""How verbs take their flags: a frozen dataclass each, whose fields are the names of arguments."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import tyro
from tyro.conf import OmitArgPrefixes, Positional, UseAppendAction, arg

from frugan.requests.drawing import Finishing
from frugan.requests.judging import Features, Judge, RealImages
from frugan.system.errors import ArgumentError, UserError
from frugan.system.packages import allow_package

F = TypeVar("F")

Settings = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        name="set",
        metavar="PATH=VALUE",
        help="Change any setting, for example sampler.schedule.batch=32. May be given several times.",
    ),
]
Packages = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        metavar="NAME",
        help="Let configurations name classes of this package of yours, in this process only. Building them runs its "
        "code.",
    ),
]
JSONOutput = Annotated[bool, arg(name="json", help="Print the result as JSON.")]
Device = Annotated[str, arg(help="Device: auto, cpu, cuda, cuda:1 or mps.")]


@dataclasses.dataclass(frozen=True)
class FinishingFlags:
    """What finishes the pictures.

    Args:
        code_noise: Noise level of the code that a decoder with told_noise assumes. Default: its assumed_noise.
        decoder: Run whose decoder enlarges the pictures, after its codec has halved them --halvings times.
        halvings: Number of halvings. 1 and a decoder of 64 -> 256 px turn pictures of 128 px into 256 px.
    """

    code_noise: float | None = None
    decoder: Path | None = None
    halvings: int = 0

    def request(self) -> Finishing:
        """Checked."""
        return Finishing(self.code_noise, self.decoder, self.halvings)


@dataclasses.dataclass(frozen=True)
class JudgeFlags:
    """Who judges.

    Args:
        features: Features to compare: efficientnet-lite0 works offline; inception gives FID (and IS).
        inception_weights: Weight file of torch-fidelity's Inception. Default: its cache, or the network.
    """

    features: Features = "efficientnet-lite0"
    inception_weights: str = ""

    def request(self) -> Judge:
        """Checked."""
        return Judge(self.features, self.inception_weights)


@dataclasses.dataclass(frozen=True)
class ImagesFlags:
    """Against which images.

    Args:
        data: Images to compare with, such as held-out ones: a folder, zip or named data set. Default: the run's own.
        upsample: With --data, take images smaller than the model's resolution too, enlarged.
    """

    data: str = ""
    upsample: bool = False

    def request(self) -> RealImages:
        """Checked."""
        return RealImages(self.data, self.upsample)


# The flags of these groups stand beside a verb's own, without a prefix.
WithFinishing = Annotated[FinishingFlags, OmitArgPrefixes]
WithJudge = Annotated[JudgeFlags, OmitArgPrefixes]
WithImages = Annotated[ImagesFlags, OmitArgPrefixes]
FINISHING, JUDGE, IMAGES = FinishingFlags(), JudgeFlags(), ImagesFlags()


def run_verb(flags: type[F], verb: str, arguments: Sequence[str], call: Callable[[F], int]) -> int:
    """Parse flags and make one call with them. Wrong flags end the program with exit code 2.

    Raises:
        UserError: a wrong argument, named as the flag that was typed.
    """
    parsed: Any = tyro.cli(
        _without_empty_defaults(flags),
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


def numbers(argument: str, text: str, between: str = ",") -> tuple[float, ...]:
    """ "1,.5" -> (1, .5); none of "".

    Raises:
        ArgumentError: something else stands there.
    """
    try:
        values = tuple(float(piece) for piece in text.split(between) if text.strip())
    except ValueError:
        values = (float("nan"),)
    if not all(abs(value) < 1e9 for value in values):
        raise ArgumentError(argument, f"expected numbers with '{between}' between them", text)
    return values


def pair(argument: str, text: str, between: str = ",") -> tuple[float, float]:
    """ "0,.5" -> (0, .5).

    Raises:
        ArgumentError: not two numbers.
    """
    first, second = _exactly(2, argument, text, between)
    return first, second


def box(argument: str, text: str) -> tuple[float, float, float, float]:
    """ "0,0,1,.5" -> (0, 0, 1, .5).

    Raises:
        ArgumentError: not four numbers.
    """
    left, top, right, bottom = _exactly(4, argument, text, ",")
    return left, top, right, bottom


def refuse_beside(chosen: str, given: Mapping[str, object]) -> None:
    """An argument that would do nothing beside another is a misunderstanding.

    Raises:
        ArgumentError: one of them was given.
    """
    for name, value in given.items():
        if value:
            raise ArgumentError(chosen, f"does not go with `{name}`")


def parse_seeds(text: str) -> Sequence[int]:
    """ "0-3,7" -> 0, 1, 2, 3, 7; one range alone stays a range, however long.

    Raises:
        ArgumentError: not a list of seeds and ranges.
    """
    ranges = [_parse_range(piece.strip(), text) for piece in text.split(",")]
    return ranges[0] if len(ranges) == 1 else [seed for each in ranges for seed in each]


def parse_size(text: str) -> tuple[int, int]:
    """ "6144x4096" -> width and height.

    Raises:
        ArgumentError: not two whole numbers.
    """
    width, _, height = text.partition("x")
    if not (_is_number(width) and _is_number(height)):
        raise ArgumentError("size", "width and height in pixels, such as 6144x4096", text)
    return int(width), int(height)


def _exactly(count: int, argument: str, text: str, between: str) -> tuple[float, ...]:
    values = numbers(argument, text, between)
    if len(values) != count:
        raise ArgumentError(argument, f"expected {count} numbers with '{between}' between them", text)
    return values


def _parse_range(piece: str, text: str) -> range:
    first, dash, last = piece.partition("-")
    if not _is_number(first) or (dash and not _is_number(last)) or (dash and int(last) < int(first)):
        problem = f"expected seeds and ranges such as 0-63 or 1,5,9-12; '{piece}' is neither"
        raise ArgumentError("seeds", problem, text)
    return range(int(first), int(last or first) + 1)


def _is_number(text: str) -> bool:
    """Digits of ASCII alone, and no more of them than any number here needs."""
    return text.isascii() and text.isdigit() and len(text) < 19


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


def _without_empty_defaults(flags: type[F]) -> type[F]:
    """Defaults that mean "not given" say nothing in a help text; what they stand for is in the sentence."""
    for field in dataclasses.fields(flags):  # type: ignore[arg-type]
        hint = get_type_hints(flags, include_extras=True)[field.name]
        if dataclasses.is_dataclass(field.default) and not isinstance(field.default, type):
            _without_empty_defaults(type(field.default))
        elif field.default in ("", None, False, ()) and field.default is not dataclasses.MISSING:
            flags.__annotations__[field.name] = Annotated[hint, arg(help_behavior_hint="")]
    return flags
