"""What a study is: rows of a table, each a configuration that is trained with several seeds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

from frugan.config import RunConfig, did_you_mean
from frugan.errors import UserError
from frugan.settings import override

T = TypeVar("T")

# Short names for settings that stand in several places of a configuration, or that papers call otherwise.
ALIASES = {
    "objective.lr": ("sampler.generator_optimizer.lr", "sampler.discriminator_optimizer.lr"),
    "objective.beta1": ("sampler.generator_optimizer.beta1", "sampler.discriminator_optimizer.beta1"),
    "objective.lambda": ("sampler.penalties.0.weight",),
}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    config: RunConfig
    paper: str = ""  # the paper's result for it, as printed there


@dataclass(frozen=True)
class Study:
    """A question, and the rows that answer it. Differences are tested against the first row."""

    name: str
    question: str
    rows: tuple[Row, ...]
    trials: int  # seeds for each row: 0, 1, 2 ...

    def with_settings(self, change: Callable[[RunConfig], RunConfig]) -> "Study":
        """The same study with every row's configuration changed."""
        return replace(self, rows=tuple(replace(row, config=change(row.config)) for row in self.rows))

    def only(self, names: Sequence[str]) -> "Study":
        """Some of the rows, in the order in which they are named.

        Raises:
            UserError: no row of that name.
        """
        known = {row.name: row for row in self.rows}
        for name in names:
            if name not in known:
                raise UserError(f"--rows {name}: study {self.name} has no such row{did_you_mean(name, known)}")
        return replace(self, rows=tuple(known[name] for name in names))


def parse_grid(texts: Sequence[str]) -> dict[str, list[str]]:
    """ "objective.lr=1e-4,2e-4" -> {"objective.lr": ["1e-4", "2e-4"]}.

    Raises:
        UserError: not of that form.
    """
    grid: dict[str, list[str]] = {}
    for text in texts:
        path, separator, values = text.partition("=")
        chosen = [value.strip() for value in values.split(",") if value.strip()]
        if not separator or not chosen:
            raise UserError(f"--grid {text}: expected path=value,value ... such as objective.lr=1e-4,2e-4")
        grid[path.strip()] = chosen
    return grid


def expand(study: Study, grid: dict[str, list[str]]) -> Study:
    """Every row once for each combination of the grid's values, where it has such settings.

    Raises:
        UserError: a setting that no row has.
    """
    for path in grid:
        if not any(has_setting(row.config, path) for row in study.rows):
            raise UserError(f"--grid {path}: no row of study {study.name} has this setting")
    rows = []
    for row in study.rows:
        paths = [path for path in grid if has_setting(row.config, path)]
        for values in product(*(grid[path] for path in paths)):
            chosen = dict(zip(paths, values, strict=True))
            name = " ".join([row.name, *(f"{path.rpartition('.')[2]}={value}" for path, value in chosen.items())])
            rows.append(
                replace(row, name=name, config=with_values(row.config, chosen), paper="" if grid else row.paper)
            )
    return replace(study, rows=tuple(rows))


def with_values(config: RunConfig, values: dict[str, str]) -> RunConfig:
    """The configuration with settings, or aliases of several, set."""
    return override(
        config, [f"{full}={value}" for path, value in values.items() for full in ALIASES.get(path, (path,))]
    )


def has_setting(config: RunConfig, path: str) -> bool:
    """Whether there is such a setting: a row without a penalty has no lambda, for one."""
    try:
        with_values(config, {path: "null"})
    except UserError as error:
        return "there is no" not in str(error) and "position from" not in str(error)
    return True
