"""The facts behind the pictures, for those who look deeper: settings, machine, timings, events."""

import time
from collections.abc import Mapping
from typing import Any

from torch import nn

from frugan.config.schema import RunConfig
from frugan.config.spec import Spec
from frugan.html.markup import Markup, tag
from frugan.html.table import two_columns
from frugan.html.text import duration, kimg, memory, significant
from frugan.model.model import Model
from frugan.objectives.reconstruction import WeightedSum
from frugan.reporting.facts import RunFacts
from frugan.runs.environment import Environment
from frugan.runs.facts import PartFacts
from frugan.system.jsonl import JSON


def details_section(facts: RunFacts, model: Model) -> Markup:
    """Timings and events open, settings and environment folded away."""
    return tag(
        "section",
        tag("h2", "Details of the run"),
        tag("h3", "Time and memory"),
        tag("div", _timings(facts, model), class_="scroll"),
        tag("h3", "What was minimised"),
        two_columns(objectives(facts.config)),
        tag("h3", "Events"),
        _events(facts.parts),
        tag("details", tag("summary", "Settings (config.yaml, complete)"), tag("pre", tag("code", facts.config_text))),
        tag("details", tag("summary", "Environment (env.json)"), _environment(facts.env)),
        id="details",
    )


def objectives(config: RunConfig) -> dict[str, str]:
    """Losses and penalties of every part and phase, in words."""
    sampler = config.sampler
    terms = (*sampler.penalties, *sampler.generator_penalties)
    penalties = [f"{p.weight:g} x {_in_words(p.penalty)} every {p.every} steps" for p in terms]
    found = {"sampler": ", ".join([_in_words(sampler.loss), *penalties])}
    if config.decoder is None:
        return found
    found["decoder"] = _in_words(config.decoder.loss)
    adversary = config.decoder.adversary
    if adversary is not None:
        found[f"decoder, after {adversary.start_kimg:g} kimg"] = (
            f"{_in_words(adversary.image_loss)}, and {adversary.weight:g} x {_in_words(adversary.loss)} against "
            f"{_in_words(adversary.discriminator)}"
        )
    return found


def _in_words(spec: Spec) -> str:
    """The name, and the settings that are not the defaults; a weighted sum as a sum."""
    arguments = spec.arguments
    if spec.target is WeightedSum:
        terms = zip(arguments["weights"], arguments["losses"], strict=True)
        return " + ".join(f"{weight:g} x {_in_words(loss)}" for weight, loss in terms)
    settings = ", ".join(f"{name} {value}" for name, value in arguments.items() if not isinstance(value, Spec))
    return spec.target.__qualname__ + (f" ({settings})" if settings else "")


def _timings(facts: RunFacts, model: Model) -> Markup:
    columns = ("", "network", "parameters", "images shown", "time", "images/s", "peak memory")
    networks = {"sampler": model.generator, "decoder": model.decoder}
    rows = [_timing(part, networks[part.name]) for part in facts.parts]
    if facts.evaluation:
        cells = [tag("td", "")] * 3 + [tag("td", duration(facts.evaluation.seconds))] + [tag("td", "")] * 2
        rows.append(tag("tr", tag("th", "evaluation", scope="row"), *cells))
    head = tag("tr", *(tag("th", name, scope="col") for name in columns))
    return tag("table", tag("thead", head), tag("tbody", *rows))


def _timing(part: PartFacts, network: nn.Module | None) -> Markup:
    parameters = sum(p.numel() for p in network.parameters()) if network else None
    values = (
        part.network,
        "no weights yet" if parameters is None else f"{significant(parameters / 1e6)} M",
        f"{kimg(part.nimg)} of {kimg(part.total_nimg)} kimg",
        duration(part.seconds),
        significant(part.images_per_second),
        memory(part.peak_memory_mb),
    )
    return tag("tr", tag("th", part.name, scope="row"), *(tag("td", value) for value in values))


def _events(parts: list[PartFacts]) -> Markup:
    events = sorted(((event, part.name) for part in parts for event in part.events), key=lambda entry: _when(entry[0]))
    if not events:
        return tag("p", "None yet.", class_="help")
    head = tag("tr", *(tag("th", name, scope="col") for name in ("when", "part", "event", "details")))
    rows = (_event(event, name) for event, name in events)
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll")


def _event(event: JSON, part: str) -> Markup:
    details = []
    for name, value in event.items():
        if name == "nimg":
            details.append(f"at {kimg(value)} kimg")
        elif name not in ("event", "clock"):
            details.append(f"{name}: {value}")
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(_when(event)))
    values = (when, part, str(event.get("event", "")), ", ".join(details))
    return tag("tr", *(tag("td", value) for value in values))


def _when(event: JSON) -> float:
    """Seconds since 1970; 0 where the line, which may be damaged, says none that a calendar knows."""
    clock = event.get("clock")
    found = clock.get("time") if isinstance(clock, dict) else None
    return float(found) if isinstance(found, int | float) and 0 <= found < 1e11 else 0.0


def _environment(env: Environment | None) -> Markup:
    if env is None:
        return tag("p", "Unknown: the run has no env.json.", class_="missing")
    flat: dict[str, str] = {}
    for name, value in env.to_json().items():
        entries = value.items() if isinstance(value, Mapping) else [("", value)]
        flat.update({f"{name} {inner}".strip(): _plain(entry) for inner, entry in entries})
    return two_columns(flat)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
