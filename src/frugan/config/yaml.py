"""From YAML files and `--set path=value` to a validated `RunConfig`, at the edge of the program.

Unknown names and values of the wrong type are errors that say where they stand and what was probably meant.
"""

import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from frugan.config.schema import DataConfig, RunConfig
from frugan.config.shape import parse_resolution
from frugan.config.spec import Spec, to_plain
from frugan.system.errors import ArgumentError, UserError, did_you_mean

T = TypeVar("T")
# Settings that may be written as a word, as the command line has them.
_WORDS: dict[tuple[type, str], Callable[[str], Any]] = {(DataConfig, "resolution"): parse_resolution}


def dump(config: RunConfig) -> str:
    """The complete configuration as YAML."""
    return yaml.safe_dump(to_plain(config), sort_keys=False, allow_unicode=True, width=120)


def parse(text: str, where: str) -> RunConfig:
    """Inverse of `dump`; `where` names the file in errors.

    Raises:
        UserError: not YAML, or not a configuration of this version.
    """
    try:
        data = _loaded(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{where}: not valid YAML: {error}") from error
    if not isinstance(data, Mapping):
        raise UserError(f"{where}: expected settings by name, got {type(data).__name__}")
    try:
        return from_plain(RunConfig, data)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def override(config: RunConfig, settings: Sequence[str]) -> RunConfig:
    """The configuration with `path.to.field=value` settings applied, values written as in YAML.

    Raises:
        UserError: no '=', an unknown path, or a value of the wrong type.
    """
    data = to_plain(config)
    for setting in settings:
        path, separator, text = setting.partition("=")
        if not separator:
            raise ArgumentError("settings", "expected path.to.field=value", setting)
        try:
            value = _loaded(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise ArgumentError("settings", "the value is not valid YAML", setting) from error
        _set(data, path.strip().split("."), value, path.strip())
    return from_plain(RunConfig, data)


def _loaded(text: str) -> Any:
    """A few lines of aliases of aliases can stand for more than fits in memory; configurations need none."""
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
        raise yaml.YAMLError("aliases (*name) are not supported; write the value in full")
    return yaml.safe_load(text)


def from_plain(cls: type[T], data: Mapping[str, Any], path: str = "") -> T:
    """Build a configuration dataclass from dictionaries, checking every name and value.

    Raises:
        UserError: with the dotted path of what is wrong.
    """
    hints = get_type_hints(cls)
    names = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name in data:
        if not isinstance(name, str):
            raise UserError(f"{path or 'the file'}: the name of a setting must be text, got {name!r}")
        if name not in names:
            raise UserError(f"unknown setting '{_join(path, name)}'{did_you_mean(name, names)}")
    missing = [n for n, f in names.items() if n not in data and _required(f)]
    if missing:
        raise UserError(f"missing setting '{_join(path, missing[0])}'")
    values = {
        name: _value(hints[name], _read(cls, name, value, path), _join(path, name)) for name, value in data.items()
    }
    try:
        return cls(**values)
    except UserError as error:
        raise UserError(_join(path, str(error))) from error


def _read(cls: type, name: str, value: Any, path: str) -> Any:
    read = _WORDS.get((cls, name))
    if read is None or not isinstance(value, str):
        return value
    try:
        return read(value)
    except ValueError as error:
        raise UserError(f"{_join(path, name)}: {error}") from error


def _value(hint: Any, value: Any, path: str) -> Any:
    if hint is Spec:
        return _spec(value, path)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise UserError(f"{path}: expected settings by name, got {value!r}")
        return from_plain(hint, value, path)
    if get_origin(hint) in (Union, types.UnionType):
        inner = [option for option in get_args(hint) if option is not type(None)]
        if len(inner) > 1:
            return _checked(hint, value, path)
        return None if value is None else _value(inner[0], value, path)
    if get_origin(hint) is tuple and dataclasses.is_dataclass(get_args(hint)[0]):
        if not isinstance(value, list | tuple):
            raise UserError(f"{path}: expected a list, got {value!r}")
        return tuple(_value(get_args(hint)[0], item, f"{path}.{i}") for i, item in enumerate(value))
    return _checked(hint, value, path)


def _spec(value: Any, path: str) -> Spec:
    if not isinstance(value, Mapping) or "class" not in value:
        raise UserError(f"{path}: expected 'class' and its settings, got {value!r}")
    try:
        spec = Spec.from_dict(value)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    target = spec.target.__init__ if inspect.isclass(spec.target) else spec.target
    hints = get_type_hints(target)
    return spec.replace(
        **{name: _argument(hints.get(name, Any), value[name], _join(path, name)) for name in spec.arguments}
    )


def _argument(hint: Any, value: Any, path: str) -> Any:
    """A setting of a class or function: another Spec, several, or a plain value of the hinted type."""
    if isinstance(value, Mapping) and "class" in value:
        return _spec(value, path)
    if isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
        return tuple(_spec(item, f"{path}.{i}") for i, item in enumerate(value))
    return _checked(hint, value, path)


def _checked(hint: Any, value: Any, path: str) -> Any:
    """The value as the hinted type, leniently: "1e-4", which YAML reads as text, is a number."""
    try:
        return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True)).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Input should be ")
        raise UserError(f"{path}: {value!r} should be {reason}") from error


def _set(data: Any, keys: list[str], value: Any, path: str) -> None:
    """Put a value into nested dictionaries and lists; the last key may be new where a class takes settings."""
    *parents, last = keys
    for key in parents:
        data = _child(data, key, path)
    if isinstance(data, list):
        _child(data, last, path)
        data[int(last)] = value
    elif isinstance(data, dict) and (last in data or "class" in data):
        data[last] = value
    else:
        known = data if isinstance(data, dict) else ()
        raise ArgumentError("settings", f"there is no '{last}'{did_you_mean(last, known) if known else ' here'}", path)


def _child(data: Any, key: str, path: str) -> Any:
    if isinstance(data, list):
        if key.isdigit() and int(key) < len(data):
            return data[int(key)]
        raise ArgumentError("settings", f"'{key}' should be a position from 0 to {len(data) - 1}", path)
    if isinstance(data, dict) and key in data:
        return data[key]
    nearest = did_you_mean(key, data) if isinstance(data, dict) else " here"
    raise ArgumentError("settings", f"there is no '{key}'{nearest}", path)


def _required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
