"""A row of the table of recipes."""

from importlib import import_module
from typing import NamedTuple

from frugan.config.published import Published
from frugan.config.schema import RunConfig


class Recipe(NamedTuple):
    """Where a configuration is built, and what it is in one line.

    Attributes:
        builder: "module:function" of this room.
        summary: one sentence.
        argument: what the function is given, where it builds several recipes.
        side: of its images, in pixels.
        images: what it was made for.
        minutes: of training on two CPU cores; 0 for those that are made for a GPU, and for days.
        paper: what the paper reports for this configuration.
    """

    builder: str
    summary: str
    argument: str = ""
    side: int = 0
    images: str = "photos"
    minutes: float = 0.0
    paper: tuple[Published, ...] = ()

    def build(self) -> RunConfig:
        """The complete configuration."""
        module, _, function = self.builder.partition(":")
        build = getattr(import_module(f"frugan.recipes.{module}"), function)
        config: RunConfig = build(self.argument) if self.argument else build()
        return config
