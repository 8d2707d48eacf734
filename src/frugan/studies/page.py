"""A study as one self-contained HTML page: verdicts, table, every trial, learning curves, and typical pictures."""

import statistics
from collections.abc import Iterable, Sequence

from frugan.config.schema import RunConfig
from frugan.config.yaml import dump
from frugan.html.chart import Chart, Line, draw
from frugan.html.document import document
from frugan.html.markup import Markup, join, tag
from frugan.html.pictures import embed, zoomable
from frugan.html.text import duration, memory, significant
from frugan.metrics import table
from frugan.metrics.table import MAIN
from frugan.model.folder import load
from frugan.runs.folder import RunFolder
from frugan.runs.logs import metric_lines
from frugan.studies.definition import Study
from frugan.studies.folder import StudyFolder, Trial
from frugan.studies.plot import colour_of, strip_chart
from frugan.studies.results import (
    Comparison,
    Outcome,
    Summary,
    compare,
    disagreements,
    nearest_to_mean,
    summarise,
    verdicts,
)
from frugan.system.atomic import write_file
from frugan.writing.pictures import contact_sheet

_PICTURES, _COLUMNS, _PICTURE_BYTES = 24, 8, 250_000
_SEEN_SIDE = 64  # smaller pictures are enlarged to about this


def write_page(folder: StudyFolder, outcomes: Sequence[Outcome], against: str = "") -> None:
    """Write STUDY/report.html from whatever trials have finished by now."""
    study, trials = folder.read_study(), folder.trials()
    sections = [
        _header(study, outcomes),
        _verdict(outcomes, against),
        _table(study, outcomes, against),
        _plots(study, trials, outcomes),
        _pictures(study, trials, outcomes),
        _settings(study),
    ]
    write_file(folder.report_file, document(study.name, sections).encode())


def live_charts(folder: StudyFolder, outcomes: Sequence[Outcome]) -> list[Markup]:
    """Every trial as a dot, and the previews over time, as far as trials have come."""
    study, curves = folder.read_study(), _curves(folder.read_study(), folder.trials())
    finished = any(outcome.values for outcome in outcomes)
    charts = [strip_chart(outcomes, MAIN, _distance_name(study))] if finished else []
    return [*charts, *([] if curves is None else [draw(curves)])]


def _header(study: Study, outcomes: Sequence[Outcome]) -> Markup:
    config, states = study.rows[0].config, [outcome.state for outcome in outcomes]
    badges = [
        f"data {config.data.source}",
        f"{config.data.shape} pixels",
        f"{_lengths(study)} kimg a trial",
        f"{states.count('finished')} of {len(states)} trials finished",
        *([f"{states.count('failed')} failed"] if "failed" in states else []),
    ]
    return tag(
        "header",
        tag("h1", study.name),
        tag("p", study.question),
        tag("p", *(join([tag("span", badge), " "]) for badge in badges), class_="badges"),
    )


def _lengths(study: Study) -> str:
    least, *_, most = sorted([row.config.sampler.schedule.kimg for row in study.rows] * 2)
    return f"{least:g}" if least == most else f"{least:g} to {most:g}"


def _verdict(outcomes: Sequence[Outcome], against: str) -> Markup:
    sentences = [*verdicts(compare(outcomes, MAIN, against)), *disagreements(outcomes, against)]
    note = (
        "Paired t-tests over seeds: a seed fixes the order of the data and the latents. p is corrected by Holm's "
        "method for the number of rows; a difference is claimed only below 0.05. Few seeds find large differences only."
    )
    return tag(
        "section",
        tag("h2", "Verdict"),
        tag("ul", *(tag("li", sentence) for sentence in sentences)),
        tag("p", note, class_="help"),
        id="verdict",
    )


def _table(study: Study, outcomes: Sequence[Outcome], against: str) -> Markup:
    comparisons = {comparison.row: comparison for comparison in compare(outcomes, MAIN, against)}
    groups = table.groups()
    metrics = [metric for members in groups.values() for metric in members]
    others = [{s.row: s for s in summarise(outcomes, metric.name)} for metric in metrics]
    papers = {row.name: {number.metric: number.value for number in row.paper} for row in study.rows}
    quoted = list(dict.fromkeys(metric for numbers in papers.values() for metric in numbers))
    columns = [
        "",
        *(f"paper's {metric}" for metric in quoted),
        _distance_name(study),
        "95 % interval",
        "best",
        "difference",
        "p (corrected)",
        *(metric.title for metric in metrics),
        "time",
        "memory",
        "trials",
    ]
    rows = []
    for summary in summarise(outcomes, MAIN):
        cells = [
            *(papers[summary.row].get(metric, "") for metric in quoted),
            _mean_std(summary),
            f"± {significant(summary.interval, 2)}",
            significant(summary.best),
            *_difference(comparisons.get(summary.row)),
            *(_mean_std(by_row[summary.row]) for by_row in others),
            duration(_mean(o.seconds for o in outcomes if o.row == summary.row and o.values)),
            memory(_mean(o.memory_mb for o in outcomes if o.row == summary.row and o.memory_mb)),
            f"{summary.count}" + (f", {summary.failed} failed" if summary.failed else ""),
        ]
        rows.append(tag("tr", tag("th", summary.row, scope="row"), *(tag("td", cell) for cell in cells)))
    before, after = len(quoted) + 6, 3
    spans = [("", before), *((group, len(members)) for group, members in groups.items()), ("", after)]
    head = join(
        [
            tag("tr", *(tag("th", group, colspan=f"{span}", scope="colgroup") for group, span in spans)),
            tag("tr", *(tag("th", column, scope="col") for column in columns)),
        ]
    )
    note = (
        "Mean ± standard deviation over seeds. The paper's numbers are of other features and sizes: compare the order "
        "only."
    )
    return tag(
        "section",
        tag("h2", "Table"),
        tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll"),
        tag("p", note, class_="help"),
        id="table",
    )


def _plots(study: Study, trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> Markup:
    name = _distance_name(study)
    finished = any(outcome.values for outcome in outcomes)
    strip = strip_chart(outcomes, MAIN, name) if finished else tag("p", "No trial has finished yet.", class_="missing")
    curves = _curves(study, trials)
    caption = "Each dot is a trial; the bar is the mean, the band its 95 % interval. Lower is better."
    pieces = [tag("figure", tag("h3", name), strip, tag("figcaption", caption), class_="panel")]
    if curves is not None:
        caption = "Mean over seeds of the cheap preview distance at each snapshot: a trend, not a result."
        pieces.append(tag("figure", tag("h3", "Over time"), draw(curves), tag("figcaption", caption), class_="panel"))
    return tag("section", tag("h2", "Every trial"), *pieces, id="plots")


def _curves(study: Study, trials: Sequence[Trial]) -> Chart | None:
    lines: list[tuple[str, str, dict[int, list[float]]]] = []
    x: list[int] = []
    for place, row in enumerate(study.rows):
        logs = [metric_lines(RunFolder(trial.folder).part("sampler")) for trial in trials if trial.row == row.name]
        by_nimg: dict[int, list[float]] = {}
        for line in (line for log in logs for line in log):
            by_nimg.setdefault(int(line["nimg"]), []).append(float(line["distance"]))
        if by_nimg:
            x = sorted({*x, *by_nimg})
            lines.append((row.name, colour_of(place), by_nimg))
    if not lines:
        return None
    drawn = [
        Line(name, colour, [statistics.fmean(values[n]) if n in values else None for n in x])
        for name, colour, values in lines
    ]
    return Chart("Preview distance over time", [n / 1000 for n in x], "images shown", "kimg", "preview distance", drawn)


def _pictures(study: Study, trials: Sequence[Trial], outcomes: Sequence[Outcome]) -> Markup:
    figures = []
    for row in study.rows:
        seed = nearest_to_mean(outcomes, row.name, MAIN)
        if seed is None:
            continue
        folder = next(trial.folder for trial in trials if trial.row == row.name and trial.seed == seed)
        model = load(folder)
        picture = embed(contact_sheet(model.sample(range(_PICTURES)), _COLUMNS), _PICTURE_BYTES)
        caption = f"{row.name}, seed {seed}: the trial nearest its row's mean."
        enlarged = max(1, _SEEN_SIDE // model.shape.longest)
        figures.append(zoomable(picture, f"Pictures drawn by {row.name}", caption, enlarged=enlarged))
    note = f"Latents 0 to {_PICTURES - 1} in order, none picked by hand."
    shown = tag("div", *figures, class_="two") if figures else tag("p", "None yet.", class_="missing")
    return tag("section", tag("h2", "Typical pictures"), tag("p", note, class_="help"), shown, id="pictures")


def _settings(study: Study) -> Markup:
    """The first row in full, the others as what differs from it."""
    first = _settings_lines(study.rows[0].config)
    blocks = [
        tag("details", tag("summary", f"{study.rows[0].name} (complete)"), tag("pre", tag("code", "\n".join(first))))
    ]
    for row in study.rows[1:]:
        lines = _settings_lines(row.config)
        changed = [f"- {line}" for line in first if line not in lines] + [
            f"+ {line}" for line in lines if line not in first
        ]
        blocks.append(
            tag("details", tag("summary", f"{row.name}: what differs"), tag("pre", tag("code", "\n".join(changed))))
        )
    return tag("section", tag("h2", "Settings"), *blocks, id="settings")


def _settings_lines(config: RunConfig) -> list[str]:
    return dump(config).splitlines()


def _difference(comparison: Comparison | None) -> tuple[str, str]:
    if comparison is None:
        return "", ""
    return (
        f"{comparison.difference:+.3g} ± {significant(comparison.interval, 2)}",
        f"{significant(comparison.p_holm, 2)}",
    )


def _mean_std(summary: Summary) -> str:
    return f"{significant(summary.mean)} ± {significant(summary.std, 2)}" if summary.count else "not measured"


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if known else None


def _distance_name(study: Study) -> str:
    names = {"inception": "FID", "random": "FD-random", "efficientnet-lite0": "FD-EffNetLite0"}
    return names[study.rows[0].config.evaluation.features]
