"""`Spec`: a class or function to build, with its settings, as config files write it down."""

import dataclasses
import functools
import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from frugan.system.errors import UserError, did_you_mean
from frugan.system.jsonl import JSON
from frugan.system.packages import allowed_packages

PACKAGE = "frugan"
# The only rooms whose classes a config file may name: loading a file must never import what the file chooses.
BUILDABLE_ROOMS = ("networks", "codecs", "stabilizers", "objectives")


class Spec:
    """A class or function with keyword arguments, checked against its signature when written down.

    It is of this package, or of one that `allow_package` let in.

    `Spec(DCGANGenerator, width=32).build(code_shape=(3, 32, 32))` constructs; `Spec(exponential, beta=20).partial()`
    binds. Arguments may be Specs themselves. Two Specs are equal if they name the same target and, defaults included,
    the same arguments.
    """

    def __init__(self, target: Callable[..., Any], /, **arguments: Any) -> None:
        parameters = inspect.signature(target).parameters.values()
        known = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        for name in arguments:
            if name not in known:
                raise UserError(f"{target.__qualname__} has no setting '{name}'{did_you_mean(name, known)}")
        self.target = target
        self.arguments: dict[str, Any] = dict(arguments)

    @property
    def name(self) -> str:
        """Dotted path of the target, as written to config files."""
        return f"{self.target.__module__}.{self.target.__qualname__}"

    def build(self, *args: Any, **runtime: Any) -> Any:
        """Call the target; `runtime` supplies what only the run knows (shapes, measured ranges)."""
        return self.target(*args, **{**self._built_arguments(), **runtime})

    def partial(self) -> Callable[..., Any]:
        """The target with its arguments bound, for functions that are called every step (losses, penalties)."""
        return functools.partial(self.target, **self._built_arguments())

    def replace(self, **arguments: Any) -> "Spec":
        """A copy with some arguments changed."""
        return Spec(self.target, **{**self.arguments, **arguments})

    def to_dict(self) -> JSON:
        """JSON-ready and complete: the dotted path under "class", then all arguments, defaults included."""
        parameters = inspect.signature(self.target).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        settings = {name: self.arguments.get(name, defaults.get(name)) for name in {**defaults, **self.arguments}}
        return {"class": self.name, **{name: to_plain(value) for name, value in settings.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Spec":
        """Inverse of `to_dict`.

        Raises:
            UserError: the class is neither of this package's buildable rooms nor of a package that was let in, does not
                exist, or has no such setting.
        """
        arguments = {name: _spec_or_value(value) for name, value in data.items() if name != "class"}
        return cls(_resolve(str(data["class"])), **arguments)

    def _built_arguments(self) -> Mapping[str, Any]:
        return {
            name: tuple(map(built, value)) if isinstance(value, tuple) else built(value)
            for name, value in self.arguments.items()
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"Spec({self.target.__qualname__}{', ' if arguments else ''}{arguments})"


def to_plain(value: Any) -> Any:
    """Configs, Specs and tuples as JSON-ready dictionaries and lists; other values unchanged."""
    if isinstance(value, Spec):
        return value.to_dict()
    if inspect.isfunction(value):
        return Spec(value).to_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: to_plain(item) for name, item in value.items()}
    return value


def built(value: Any) -> Any:
    """Specs among the arguments of a Spec become what they describe: objects, or functions with arguments bound."""
    if isinstance(value, Spec):
        return value.partial() if inspect.isroutine(value.target) else value.build()
    return value


def _spec_or_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Spec.from_dict(value) if "class" in value else {k: _spec_or_value(v) for k, v in value.items()}
    if isinstance(value, list):
        return tuple(_spec_or_value(item) for item in value)
    return value


def _resolve(dotted: str) -> Callable[..., Any]:
    """The class or function behind a dotted path.

    It must be defined in one of this package's buildable rooms, or in a package that the user let in.
    """
    parts = dotted.split(".")
    own = len(parts) == 4 and parts[0] == PACKAGE and parts[1] in BUILDABLE_ROOMS
    let_in = len(parts) >= 2 and parts[0] in allowed_packages()
    if not (own or let_in) or not all(map(str.isidentifier, parts)):
        raise UserError(f"class: '{dotted}' {_refusal(parts)}")
    module_name, name = ".".join(parts[:-1]), parts[-1]
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there; what it imports is not
        where = "in this version of frugan" if own else "that Python can import"
        raise UserError(f"class: there is no module '{module_name}' {where}") from error
    defined = {key: value for key, value in vars(module).items() if getattr(value, "__module__", None) == module_name}
    if name not in defined:
        raise UserError(f"class: '{module_name}' has no '{name}'{did_you_mean(name, defined)}")
    target: Callable[..., Any] = defined[name]
    return target


def _refusal(parts: list[str]) -> str:
    rooms = f"{PACKAGE}.{{{','.join(BUILDABLE_ROOMS)}}}"
    if parts[0] == PACKAGE or len(parts) < 2 or not parts[0].isidentifier():
        return f"is not a class of {rooms}; files may name only such classes, so nothing was imported"
    return (
        f"is not a class of {rooms}, so nothing was imported. If the package '{parts[0]}' is yours and you trust it, "
        f"pass --allow-package {parts[0]} (in Python: frugan.allow_package('{parts[0]}'))"
    )
