"""What to type next, with the run's own path."""

import shlex
from pathlib import Path

from frugan.html.markup import Markup, tag
from frugan.model.model import Model
from frugan.reporting.facts import RunFacts


def command(verb: str, run: Path, *flags: str) -> str:
    """`frugan VERB RUN FLAGS`, quoted for a shell."""
    return shlex.join(["frugan", verb, str(run), *flags])


def commands_section(facts: RunFacts, model: Model) -> Markup:
    """Commands to copy, each with what it does."""
    run, classes = facts.path, model.class_names
    python = f"import frugan\nimages = frugan.load({str(run)!r}).sample(seeds=range(16))"
    entries = [
        ("Draw 64 pictures, one PNG a seed:", command("sample", run, "--seeds", "0-63", "--out", "pictures")),
        (
            "Draw more typical, less varied ones, as one grid:",
            command("sample", run, "--seeds", "0-63", "--trunc", "0.7", "--grid", "--out", "grid.png"),
        ),
        *([("Draw one class, or a row of each:", "\n".join(_of_classes(run, classes[0])))] if classes else []),
        ("Use the model in Python:", python),
        ("Measure its quality again, with more images:", command("evaluate", run, "--samples", "10000")),
        ("Go on after an interruption, exactly where it stopped:", command("resume", run)),
        ("Write this page anew:", command("report", run)),
        (
            "Train on your own pictures, or as another of frugan recipes says:",
            "frugan train FOLDER --recipe nsb-gan-w-dcgan --out runs/NAME",
        ),
    ]
    items = (tag("div", tag("p", words), tag("pre", tag("code", text))) for words, text in entries)
    return tag("section", tag("h2", "What to do next"), *items, id="next")


def _of_classes(run: Path, name: str) -> list[str]:
    return [
        command("sample", run, "--class", name, "--out", name),
        command("sample", run, "--each-class", "--seeds", "0-7", "--grid", "--out", "classes.png"),
    ]
