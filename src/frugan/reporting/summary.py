"""The top of the page: what run this is, whether it is finished, its key numbers, and what to be careful with."""

from collections.abc import Mapping

from frugan.config.published import in_words
from frugan.html.markup import Markup, join, tag
from frugan.html.table import two_columns
from frugan.html.text import duration, energy, kimg, memory, significant
from frugan.judging.evaluation import Evaluation
from frugan.metrics import table
from frugan.metrics.table import MAIN
from frugan.model.model import Model
from frugan.recipes import RECIPES
from frugan.reporting.commands import command
from frugan.reporting.facts import RunFacts
from frugan.runs.environment import DataFacts
from frugan.runs.facts import PartFacts

_ENERGY_NOTE = ". Parts that train at the same time are both charged for all of it: do not add them."
_ENERGY_SOURCES = {
    "nvml": "the whole GPU and all that ran on it, by its own counter",
    "rapl": "the processors and all that ran on them, by their own counter",
    "declared": "declared, not measured: watts times time",
}


def header(facts: RunFacts, model: Model) -> Markup:
    """Title, data, size, seed and state."""
    config = facts.config
    channels, height, width = model.generator.code_shape
    pieces = [
        f"data {config.data.source}" + (f" ({_counted(facts.env.data)})" if facts.env else ""),
        f"{model.shape} pixels",
        *(
            [f"codes of {height} x {width}" + ("" if channels == model.shape.channels else f" x {channels}")]
            if model.codec.reduces
            else []
        ),
        f"seed {config.seed}",
    ]
    return tag(
        "header",
        tag("h1", config.recipe),
        tag("p", *(join([tag("span", piece), " "]) for piece in pieces), _state(facts), class_="badges"),
    )


def numbers_section(facts: RunFacts, model: Model) -> Markup:
    """Cards, warnings, and the whole evaluation folded away."""
    quality = _quality_cards(facts.evaluation) if facts.evaluation else []
    warnings = _warnings(facts, model)
    return tag(
        "section",
        tag("h2", "How good, and at what cost"),
        tag("div", *quality, class_="cards") if quality else "",
        tag("div", *_cost_cards(facts), class_="cards"),
        _paper(facts),
        tag("div", *(tag("p", warning) for warning in warnings), class_="warnings", role="note") if warnings else "",
        _evaluation(facts.evaluation) if facts.evaluation else "",
        id="numbers",
    )


def _paper(facts: RunFacts) -> Markup | str:
    """What the recipe's paper reports, which is of its own data, length and features."""
    recipe = RECIPES.get(facts.config.recipe)
    if recipe is None or not recipe.paper:
        return ""
    told = f"The paper of this recipe reports {in_words(recipe.paper)}: of its own images, training length and judges."
    return tag("p", told, class_="help")


def _state(facts: RunFacts) -> Markup:
    if facts.finished:
        return tag("span", "finished", class_="good")
    return tag("span", "not finished: " + ", ".join(map(_part_state, facts.parts)), class_="bad")


def _part_state(part: PartFacts) -> str:
    if part.finished:
        return f"{part.name} finished"
    if part.nimg == 0:
        return f"{part.name} only begun"
    verb = "stopped" if part.events and part.events[-1].get("event") == "stopped" else "still training"
    return f"{part.name} {verb} at {kimg(part.nimg)} of {kimg(part.total_nimg)} kimg"


def _quality_cards(evaluation: Evaluation) -> list[Markup]:
    name, protocol = evaluation.metric, evaluation.protocol
    floor, reconstruction = evaluation.floor, evaluation.reconstruction
    cards = [
        _card(
            name,
            _with_error(evaluation, MAIN),
            f"{protocol['n_fake']:,} generated against {protocol['n_real']:,} real images; lower is better",
        ),
        _card(
            "Real against real",
            _number(floor.values, MAIN),
            f"{name} of {floor.n:,} real images against {floor.n:,} others: the floor that no model can beat",
        ),
    ]
    if evaluation.copying is not None:
        share = f"{evaluation.copying.nearer_to_training:.0%}"
        cards.append(_card("Nearest to a training image", share, evaluation.copying.text()))
    if reconstruction is None:
        return cards
    return [
        *cards,
        _card(
            "Decoder alone",
            significant(reconstruction.frechet_distance),
            f"{name} of {reconstruction.n:,} real images through codec and decoder: what a sampler without faults "
            "would reach",
        ),
        _card(
            "Reconstruction PSNR",
            f"{reconstruction.psnr:.1f} dB",
            f"real images decoded from codes; without the decoder {reconstruction.psnr_without_decoder:.1f} dB"
            + (f"; {reconstruction.held_out.text()}" if reconstruction.held_out else ""),
        ),
    ]


def _counted(data: DataFacts) -> str:
    held_out = f", and {data.held_out} held out" if data.held_out else ""
    return f"{data.images} images{held_out}"


def _cost_cards(facts: RunFacts) -> list[Markup]:
    parts = [part for part in facts.parts if part.log]
    if not parts:
        return [_card("Cost", "unknown", "nothing is logged yet")]
    return [
        _cost_card("Training time", parts, [duration(part.seconds) for part in parts]),
        _cost_card("Speed", parts, [f"{significant(part.images_per_second)} images/s" for part in parts]),
        _cost_card("Peak memory", parts, [memory(part.peak_memory_mb) for part in parts]),
        *(
            [_cost_card("Energy", parts, list(map(_energy, parts)), _ENERGY_NOTE, _energy_source(parts))]
            if any(p.energy for p in parts)
            else []
        ),
    ]


def _energy(part: PartFacts) -> str:
    if part.energy is None:
        return "unknown"
    _, joules = part.energy
    return energy(joules)


def _energy_source(parts: list[PartFacts]) -> str:
    sources = dict.fromkeys(_ENERGY_SOURCES[part.energy[0]] for part in parts if part.energy is not None)
    return f": {'; '.join(sources)}"


def _cost_card(title: str, parts: list[PartFacts], values: list[str], note: str = "", always: str = "") -> Markup:
    """The first part's value large, any other's below: no sum would be right, for they may train at the same time.

    `note`: said where there are others; `always`: said in any case.
    """
    others = [f"; {part.name} {value}" for part, value in zip(parts[1:], values[1:], strict=True)]
    return _card(title, values[0], parts[0].name + "".join(others) + always + (note if others else ""))


def _card(title: str, value: str, explanation: str) -> Markup:
    return tag(
        "div", tag("h3", title), tag("p", value, class_="value"), tag("p", explanation, class_="help"), class_="card"
    )


def _warnings(facts: RunFacts, model: Model) -> list[str]:
    warnings: list[str] = []
    evaluation = facts.evaluation
    if evaluation is None:
        evaluate, report = (tag("code", command(verb, facts.path)) for verb in ("evaluate", "report"))
        warnings.append(join(["Not evaluated yet: run ", evaluate, " and then ", report, "."]))
    else:
        warnings += [f"{warning}." for warning in evaluation.warnings]
        if evaluation.protocol.get("truncation", 1) != 1:
            used = f"{evaluation.protocol['truncation']:g}"
            warnings.append(f"Evaluated with truncation {used}: not to be compared with results at truncation 1.")
        if not facts.finished:
            warnings.append("Evaluated before the run was finished: evaluate again at the end.")
    if facts.decoder is not None and model.decoder is None:
        warnings.append(
            "The decoder has no weights yet: all pictures here are enlarged from their codes by interpolation."
        )
    skipped = facts.env.data.skipped if facts.env else ()
    if skipped:
        images = "1 image of the data set was" if len(skipped) == 1 else f"{len(skipped):,} images of the data set were"
        warnings.append(f"{images} left out: see env.json below; `frugan data check` says why.")
    return warnings


def _evaluation(evaluation: Evaluation) -> Markup:
    """All distances beside their floor, and the protocol."""
    sources: dict[str, Mapping[str, float]] = {
        "generated": evaluation.values,
        "real against real": evaluation.floor.values,
    }
    if evaluation.reconstruction is not None:
        sources["decoder alone"] = {MAIN: evaluation.reconstruction.frechet_distance}
    head = tag("tr", *(tag("th", name, scope="col") for name in ("", *sources, "better")))
    body, group = [], ""
    for metric in table.METRICS:
        if metric.group != group:
            group = metric.group
            body.append(tag("tr", tag("th", group, scope="rowgroup", colspan=str(len(sources) + 2))))
        title = evaluation.metric if metric.name == MAIN else metric.title
        title += f": {metric.meaning}" if metric.meaning else ""
        values = [_number(source, metric.name) for source in sources.values()]
        values[2:] = [value if metric.name == MAIN else "" for value in values[2:]]
        values[0] = _with_error(evaluation, metric.name, metric.spread)
        body.append(tag("tr", tag("th", title, scope="row"), *(tag("td", value) for value in [*values, metric.better])))
    note = (
        "± is the standard error for other generated images against the same real ones, or, where there is none, the "
        "spread over parts of them. Pixels and single pictures are measured on at most "
        f"{table.MOST_DESCRIBED:,} images of a side, and on fewer of large ones."
    )
    return tag(
        "details",
        tag("summary", "The whole evaluation and its protocol"),
        tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="scroll"),
        tag("p", note, class_="help"),
        two_columns({name: str(value) for name, value in evaluation.protocol.items()}),
    )


def _number(values: Mapping[str, float], name: str) -> str:
    return significant(values[name]) if name in values else "not measured"


def _with_error(evaluation: Evaluation, name: str, spread: str = "") -> str:
    error = evaluation.standard_errors.get(name, evaluation.values.get(spread))
    return _number(evaluation.values, name) + ("" if error is None else f" ± {significant(error, 2)}")
