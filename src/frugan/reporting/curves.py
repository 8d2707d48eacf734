"""The section of training curves: each with a sentence on what to look for."""

import math
from collections.abc import Callable, Sequence

from frugan.html.chart import Band, Chart, Level, Line, Values, draw
from frugan.html.markup import Markup, tag
from frugan.objectives.losses import non_saturating, relativistic
from frugan.reporting.facts import RunFacts
from frugan.reporting.reconstruction import psnr_of_squared_error
from frugan.runs.facts import PartFacts
from frugan.system.jsonl import JSON, is_number
from frugan.training.loop import PERCENTILES

# More points than this are averaged in groups: a chart is a few hundred pixels wide.
_MOST_POINTS = 160
_PREDICTIONS_HELP = (
    "The bands hold 50 % and 90 % of its predictions (their sigmoid, where the loss makes probabilities of them). Look "
    "for bands that overlap; blue at the top and orange at the bottom, apart for good, leave the generator nothing to "
    "learn from. (With a relativistic loss only the distance between the two means anything.)"
)
_STRENGTHS = {
    "t": "steps of the scale-space, which hides detail from the discriminator. Look for 0 well before the end: detail "
    "is learned only after that.",
    "p": "probability of each augmentation. Look for a curve that settles: below 0.8, augmentation does not leak into "
    "the samples.",
}


def curves_section(facts: RunFacts, base_psnr: float, space: Sequence[Markup | None]) -> Markup:
    """Losses, predictions, metric, stabilizer and decoder over time; `space` is what the scale-space does to images."""
    sampler, decoder = facts.sampler, facts.decoder
    figures = [*_predictions(facts), _losses(sampler), _metric(sampler), *_stabilizer(facts)]
    figures += [figure for figure in space if figure is not None]
    if decoder is not None:
        figures += [_decoder_psnr(decoder, base_psnr), _decoder_loss(decoder)]
    note = "Point at a chart to read its values. The x axis counts training images in thousands (kimg)."
    return tag(
        "section",
        tag("h2", "Training curves"),
        tag("p", note, class_="help"),
        tag("div", *figures, class_="two"),
        id="curves",
    )


def live_curves(facts: RunFacts) -> list[Markup]:
    """Those that can be drawn from the logs alone, while the run trains."""
    sampler, decoder = facts.sampler, facts.decoder
    figures = [_metric(sampler), _losses(sampler), *_predictions(facts), *_stabilizer(facts)]
    return [*figures, *([] if decoder is None else [_decoder_loss(decoder)])]


def _losses(sampler: PartFacts) -> Markup:
    lines = [
        Line("discriminator", "purple", _column(sampler.log, "discriminator_loss")),
        Line("generator", "green", _column(sampler.log, "generator_loss")),
    ]
    chart = _over_time("Losses of discriminator and generator", sampler.log, "loss", lines)
    return _figure(
        "Losses",
        chart,
        "The two pull against each other, so neither falls to zero when all is well: look for both staying level. The "
        "discriminator's sinking towards 0 while the generator's climbs means that the discriminator has won.",
    )


def _predictions(facts: RunFacts) -> list[Markup]:
    """Figure 3 of the NSS paper; apart for filtered codes and for codes as they are, where D saw both in a batch."""
    log = facts.sampler.log
    kinds = {"": "codes"}
    if any("real_logits_clean" in line for line in log):
        kinds = {"_filtered": "codes that the stabilizer filtered", "_clean": "codes as they are"}
    return [
        _figure(f"The discriminator on {what}", _prediction_chart(facts, kind, what), _PREDICTIONS_HELP)
        for kind, what in kinds.items()
    ]


def _prediction_chart(facts: RunFacts, kind: str, what: str) -> Chart | None:
    log = facts.sampler.log
    # Only these losses make a probability of a logit; the scores of the others are drawn as they are.
    probable = facts.config.sampler.loss.target in (non_saturating, relativistic)
    lines, bands = [], []
    for name, colour in (("real", "blue"), ("fake", "orange")):
        convert = _sigmoid if probable else float
        columns = [_column(log, f"{name}_logits{kind}", i, convert) for i in range(len(PERCENTILES))]
        bands += [Band(colour, columns[0], columns[4]), Band(colour, columns[1], columns[3])]
        lines.append(Line(f"{name} (median)", colour, columns[2]))
    return _over_time(
        f"Discriminator's predictions on real and generated {what}",
        log,
        "predicted to be real" if probable else "score",
        lines,
        bands=bands,
        levels=[Level("cannot tell", 0.5)] if probable else [],
        y_range=(0.0, 1.0) if probable else None,
    )


def _metric(sampler: PartFacts) -> Markup:
    name = str(sampler.metrics[-1].get("metric", "distance")) if sampler.metrics else "distance"
    lines = [Line(name, "blue", _column(sampler.metrics, "distance"), dots=True)]
    chart = _over_time(f"{name} at each snapshot", sampler.metrics, name, lines, from_zero=True)
    return _figure(
        "Distance from real images (preview)",
        chart,
        "Lower is better. A cheap preview at a small size without the decoder, so only its trend counts: a fall that "
        "has not flattened yet says that longer training would help. Do not compare it with the evaluation at the top.",
    )


def _stabilizer(facts: RunFacts) -> list[Markup]:
    """One chart for each strength that was logged: steps of the scale-space, probability of augmentation."""
    log, name = facts.sampler.log, facts.config.sampler.stabilizer.target.__qualname__
    symbols = sorted({key.removeprefix("stabilizer_") for line in log for key in line if key.startswith("stabilizer_")})
    figures = []
    for symbol in symbols:
        line = Line(symbol, "purple", _column(log, f"stabilizer_{symbol}"))
        chart = _over_time(f"Strength {symbol} of the stabilizer", log, f"strength {symbol}", [line], from_zero=True)
        meaning = _STRENGTHS.get(symbol, "how strongly it acts; 0 is not at all.")
        figures.append(_figure(f"Stabilizer: {symbol}", chart, f"{name}: {meaning}"))
    return figures


def _decoder_psnr(decoder: PartFacts, base_psnr: float) -> Markup:
    lines = [Line("decoder", "green", _column(decoder.log, "squared_error", convert=psnr_of_squared_error))]
    chart = _over_time(
        "PSNR of the decoder on its training batches",
        decoder.log,
        "PSNR (dB)",
        lines,
        levels=[Level("without decoder", base_psnr)],
    )
    return _figure(
        "Decoder: closeness to the originals",
        chart,
        "Higher is better; of the crops that it learns from, while its weights still move: their average over time, "
        "with which everything else here is measured, does better. Look for a curve above the dashed line (plain "
        "interpolation) that flattens out; one still "
        "rising says that longer training of the decoder would help.",
    )


def _decoder_loss(decoder: PartFacts) -> Markup:
    lines = [Line("loss", "green", _column(decoder.log, "decoder_loss"))]
    chart = _over_time("Loss of the decoder", decoder.log, "loss", lines)
    return _figure(
        "Decoder: loss", chart, "What the decoder minimises. Look for a fall that levels off, without jumps."
    )


def _over_time(
    label: str,
    log: Sequence[JSON],
    y_label: str,
    lines: Sequence[Line],
    *,
    bands: Sequence[Band] = (),
    levels: Sequence[Level] = (),
    y_range: tuple[float, float] | None = None,
    from_zero: bool = False,
) -> Chart | None:
    """A chart over the image count; None if there is nothing in it."""
    if not any(value is not None for line in lines for value in line.y):
        return None
    x = [nimg / 1000 for nimg in _column(log, "nimg") if nimg is not None]
    return Chart(label, x, "images shown", "kimg", y_label, lines, bands, levels, y_range, from_zero)


def _column(
    log: Sequence[JSON], name: str, place: int | None = None, convert: Callable[[float], float] = lambda value: value
) -> Values:
    """One value of every line, averaged in groups if there are many; None where there is none."""
    size = max(1, math.ceil(len(log) / _MOST_POINTS))
    column: list[float | None] = []
    for first in range(0, len(log), size):
        values = [value for line in log[first : first + size] if (value := _value(line.get(name), place)) is not None]
        column.append(convert(sum(values) / len(values)) if values else None)
    return column


def _value(entry: object, place: int | None) -> float | None:
    """None where a stranger's log says something else."""
    if place is not None:
        entry = entry[place] if isinstance(entry, list) and place < len(entry) else None
    return float(entry) if is_number(entry) else None  # type: ignore[arg-type]


def _figure(title: str, chart: Chart | None, help_text: str) -> Markup:
    drawn = tag("p", "Nothing to draw: no such values are logged.", class_="missing") if chart is None else draw(chart)
    return tag("figure", tag("h3", title), drawn, tag("figcaption", help_text), class_="panel")


def _sigmoid(logit: float) -> float:
    return 0.5 * (1 + math.tanh(logit / 2))
