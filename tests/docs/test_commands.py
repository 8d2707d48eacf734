"""Every `frugan` command of README and documentation is understood, up to the use case that it asks for."""

import dataclasses
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import frugan
from frugan.cli import VERBS, main
from frugan.config.yaml import dump
from frugan.recipes import find_recipe
from frugan.use_cases.plan import Plan

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
USE_CASES = [name for name in frugan.__all__ if name.islower() and name not in ("load", "allow_package")]
# What stands for something in the pages -> what there is in the test.
PLACEHOLDERS = {"RUN": "runs/mine", "RUN_OF_512": "runs/creps", "RUN_OF_FFHQ_512": "runs/creps"}
IMAGES = (
    "pictures",
    "my_photos",
    "shards",
    "other_photos",
    "held_out",
    "flowers",
    "flowers128.zip",
    "imagenet",
    "ffhq",
    "metfaces",
)
RUNS = ("mine", "creps", "anyres", "classes", "gated", "told", "other", "a", "b", "nsb", "own", "nss")
RUNS += ("level1", "level2", "vq")


def commands() -> Iterator[tuple[str, str]]:
    """(page, command): lines of indented blocks, and what stands in backquotes with at least one argument."""
    for page in PAGES:
        for match in re.finditer(
            r"^ {4}(.*\bfrugan .+)$|`((?:torchrun[^`]* -m )?frugan [^`]+)`", page.read_text(), re.M
        ):
            line = (match[1] or match[2]).split("  #")[0]
            if "..." not in line and "VERB" not in line and "NAME" not in line and line.strip() != "frugan data list":
                yield page.relative_to(ROOT).as_posix(), line


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders that the pages speak of."""
    world = tmp_path_factory.mktemp("world")
    for name in IMAGES:
        (world / name).mkdir()
        Image.fromarray(np.zeros((128, 128, 3), np.uint8)).save(world / name / "1.png")
    for name in RUNS:
        (world / "runs" / name).mkdir(parents=True)
        (world / "runs" / name / "config.yaml").write_text(dump(find_recipe("quickstart")))
    for name in ("biggan-128", "unet-w"):
        (world / "models" / name).mkdir(parents=True)
    for name in ("photo.jpg", "ffhq.pkl"):
        (world / name).touch()
    (world / "my_networks").mkdir()
    (world / "my_networks" / "__init__.py").touch()
    (world / "my_networks" / "own.py").write_text("class Mine:\n    def __init__(self, width: int = 8) -> None: ...\n")
    return world


@pytest.fixture(autouse=True)
def packages_of_this_test_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("frugan.system.packages._ALLOWED", [])
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "my_networks"]:
        del sys.modules[name]


@pytest.mark.parametrize(("page", "command"), sorted(set(commands())))
def test_it_is_understood(page: str, command: str, world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []

    class ReachedError(Exception):
        pass

    def reach(name: str) -> object:
        def use_case(*arguments: object, **options: object) -> None:
            reached.append(name)
            if arguments and isinstance(arguments[0], Plan):
                # Recipe and settings exist, and fit together. The run of --from is another here than in the text.
                dataclasses.replace(arguments[0], start=None).configuration()
            raise ReachedError

        return use_case

    monkeypatch.chdir(world)
    monkeypatch.syspath_prepend(world)
    monkeypatch.setattr("frugan.model.place.fetched", lambda named: world)  # no network
    for name in USE_CASES:
        monkeypatch.setattr(frugan, name, reach(name))
    words = [PLACEHOLDERS.get(word, word) for word in shlex.split(command)]
    verb, *arguments = words[words.index("frugan") + 1 :]
    assert verb in VERBS
    if not arguments and verb not in ("recipes", "study"):
        return  # the name of a verb in running text
    if verb == "recipes" or not arguments:
        assert main([verb, *arguments]) == 0
        return
    with pytest.raises(ReachedError):
        assert main([verb, *arguments]) == 0, "it was refused"
    assert len(reached) == 1
