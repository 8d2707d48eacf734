"""What a study is: rows of a table, each a configuration that is trained with several seeds."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from frugan.config.published import Published
from frugan.config.schema import RunConfig
from frugan.config.spec import to_plain
from frugan.config.yaml import override
from frugan.system.errors import ArgumentError, UserError, did_you_mean

# Short names for settings that stand in several places of a configuration, or that papers call otherwise.
ALIASES = {
    "objective.lr": ("sampler.generator_optimizer.lr", "sampler.discriminator_optimizer.lr"),
    "objective.beta1": ("sampler.generator_optimizer.beta1", "sampler.discriminator_optimizer.beta1"),
    "objective.lambda": ("sampler.penalties.0.weight",),
}
_LONGEST_FILE_NAME = 100

# Values that a study tries, by the path of their setting.
Space = dict[str, list[str]]


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    config: RunConfig
    paper: tuple[Published, ...] = ()  # the paper's results for it

    @property
    def file_name(self) -> str:
        """The name as a part of a path; with a hash where it had to be changed, so that no two rows share one."""
        plain = "".join(c if c.isalnum() or c in "-_.=+ " else "_" for c in self.name).replace(" ", "_")
        if plain == self.name and len(plain) <= _LONGEST_FILE_NAME:
            return plain
        return f"{plain[:_LONGEST_FILE_NAME]}-{hashlib.sha256(self.name.encode()).hexdigest()[:6]}"


@dataclass(frozen=True)
class Study:
    """A question, and the rows that answer it. Differences are tested against the first row.

    Raises:
        UserError: two rows of one name, or of names that differ in case only.
    """

    name: str
    question: str
    rows: tuple[Row, ...]
    trials: int  # seeds for each row: 0, 1, 2 ...

    def __post_init__(self) -> None:
        names = [row.file_name.casefold() for row in self.rows]
        for row in self.rows:
            if names.count(row.file_name.casefold()) > 1:
                raise UserError(f"study {self.name}: the row '{row.name}' appears twice. Name each row once.")

    def with_settings(self, change: Callable[[RunConfig], RunConfig]) -> "Study":
        """The same study with every row's configuration changed."""
        return replace(self, rows=tuple(replace(row, config=change(row.config)) for row in self.rows))

    def only(self, names: Sequence[str]) -> "Study":
        """Some of the rows, in the order in which they are named.

        Raises:
            UserError: no row of that name.
        """
        return replace(self, rows=tuple(self.row(name) for name in names))

    def row(self, name: str) -> Row:
        """
        Raises:
            UserError: no row of that name.
        """
        known = {row.name: row for row in self.rows}
        if name not in known:
            raise UserError(f"study {self.name} has no row '{name}'{did_you_mean(name, known)}")
        return known[name]


def parse_space(texts: Sequence[str]) -> Space:
    """ "objective.lr=1e-4,2e-4" -> {"objective.lr": ["1e-4", "2e-4"]}.

    Raises:
        UserError: not of that form.
    """
    space: Space = {}
    for text in texts:
        path, separator, values = text.partition("=")
        chosen = list(dict.fromkeys(value.strip() for value in values.split(",") if value.strip()))
        if not separator or not chosen:
            raise ArgumentError("space", "expected path=value,value ... such as objective.lr=1e-4,2e-4", text)
        space[path.strip()] = chosen
    return space


def expand(study: Study, space: Space) -> Study:
    """Every row once for each combination of the space's values, where it has such settings.

    Raises:
        UserError: a setting that no row has.
    """
    check_space(study, space)
    rows = []
    for row in study.rows:
        own = space_of(row, space)
        rows += [vary(row, dict(zip(own, values, strict=True))) for values in product(*own.values())]
    return replace(study, rows=tuple(rows))


def check_space(study: Study, space: Space) -> None:
    """
    Raises:
        UserError: a setting that no row has.
    """
    for path in space:
        if not any(has_setting(row.config, path) for row in study.rows):
            raise ArgumentError("space", f"no row of study {study.name} has this setting", path)


def space_of(row: Row, space: Space) -> Space:
    """The part of a space that this row has settings for."""
    return {path: values for path, values in space.items() if has_setting(row.config, path)}


def vary(row: Row, values: dict[str, str]) -> Row:
    """The row with some settings of a space, which its name then tells."""
    if not values:
        return row
    # The last part of a path, or all of it where another ends alike.
    last = [path.rpartition(".")[2] for path in values]
    shown = [end if last.count(end) == 1 else path for path, end in zip(values, last, strict=True)]
    name = " ".join([row.name, *(f"{path}={value}" for path, value in zip(shown, values.values(), strict=True))])
    return Row(name, with_values(row.config, values))


def with_values(config: RunConfig, values: dict[str, str]) -> RunConfig:
    """The configuration with settings, or aliases of several, set."""
    return override(
        config, [f"{full}={value}" for path, value in values.items() for full in ALIASES.get(path, (path,))]
    )


def has_setting(config: RunConfig, path: str) -> bool:
    """Whether there is such a setting: a row without a penalty has no lambda, for one."""
    return all(_leads_somewhere(to_plain(config), full.split(".")) for full in ALIASES.get(path, (path,)))


def _leads_somewhere(data: object, keys: Sequence[str]) -> bool:
    for key in keys:
        if isinstance(data, dict) and key in data:
            data = data[key]
        elif isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return False
    return True
