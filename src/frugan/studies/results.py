"""From finished trials to a table: means with their error bars, and paired tests against one row."""

import csv
import io
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from scipy import stats

from frugan.judging.evaluation import read_evaluation
from frugan.metrics import table
from frugan.metrics.table import MAIN, SECOND
from frugan.runs.facts import part_facts
from frugan.runs.folder import RunFolder
from frugan.studies.folder import StudyFolder, Trial
from frugan.studies.trial import read_failure, trial_state
from frugan.system.atomic import write_file
from frugan.system.errors import ArgumentError, UserError
from frugan.system.jsonl import JSON

CONFIDENCE = 0.95
# What must be the same for two evaluations to be comparable.
_COMPARED = ("extractor", "n_real", "n_fake", "resolution", "truncation", "real_fingerprint")


@dataclass(frozen=True)
class Outcome:
    """What came of one trial."""

    row: str
    seed: int
    state: str
    values: Mapping[str, float]  # by metric; empty unless finished, and without those that were not measured
    seconds: float  # of training
    error: str = ""
    memory_mb: float | None = None  # the sampler's peak


@dataclass(frozen=True)
class Summary:
    """One metric of one row over its seeds. `interval`: half the width of the 95 % confidence interval of the mean."""

    row: str
    metric: str
    count: int
    failed: int
    mean: float
    std: float
    interval: float
    best: float  # what papers that train several instances quote


@dataclass(frozen=True)
class Comparison:
    """A row against another, over the seeds that both have finished: paired, since a seed fixes data order and latents.

    `difference` is row minus against; `p` two-sided, from the t-test of the differences; `p_holm` corrected by Holm's
    method for the number of rows that were compared. `failed` and `against_failed` count trials whose training
    diverged: means over the lucky rest say nothing fair about such a row.
    """

    row: str
    against: str
    metric: str
    pairs: int
    difference: float
    interval: float
    p: float
    p_holm: float
    failed: int
    against_failed: int

    def sentence(self) -> str:
        """The comparison in words, claiming no more than the corrected p allows."""
        if self.failed or self.against_failed:
            counts = f"{self.row} diverged {self.failed} times, {self.against} {self.against_failed} times"
            return f"{counts}: no verdict on the rest, whose difference is {self.difference:+.3g} ({self.pairs} pairs)"
        if self.pairs < 2:
            return f"{self.row} against {self.against}: {self.pairs} pair of seeds is too few to tell"
        margin = f"{abs(self.difference):.3g} (95 % interval +- {self.interval:.2g}, {self.pairs} pairs of seeds)"
        p = f"p = {_p(self.p)}, corrected {_p(self.p_holm)}"
        if not self.p_holm < 1 - CONFIDENCE:
            return f"no difference shown between {self.row} and {self.against}: {self.difference:+.3g}, {p}"
        better = (self.difference < 0) == (_better()[self.metric] == "lower")
        return f"{self.row} is {'better' if better else 'worse'} than {self.against} by {margin}, {p}"


def read_outcomes(trials: Sequence[Trial]) -> list[Outcome]:
    """From the trials' folders, whatever their state.

    Raises:
        UserError: an evaluation is damaged, or was made in another way than the first one.
    """
    protocols: dict[str, JSON] = {}
    return [_outcome(trial, protocols) for trial in trials]


def summarise(outcomes: Sequence[Outcome], metric: str) -> list[Summary]:
    """One summary a row, in the order of the rows; NaN where nothing or, for spreads, only one trial has finished."""
    rows = list(dict.fromkeys(outcome.row for outcome in outcomes))
    return [_summary([outcome for outcome in outcomes if outcome.row == row], metric) for row in rows]


def compare(outcomes: Sequence[Outcome], metric: str, against: str = "") -> list[Comparison]:
    """Every other row against one (the first if left out).

    Raises:
        UserError: no such row.
    """
    rows = list(dict.fromkeys(outcome.row for outcome in outcomes))
    against = against or rows[0]
    if against not in rows:
        raise ArgumentError("against", f"no such row; rows: {', '.join(rows)}", against)
    by_row = {row: [outcome for outcome in outcomes if outcome.row == row] for row in rows}
    raw = [_paired(by_row[row], by_row[against], metric) for row in rows if row != against]
    corrected = _holm([comparison.p for comparison in raw])
    return [replace(comparison, p_holm=p) for comparison, p in zip(raw, corrected, strict=True)]


def write_results(folder: StudyFolder, outcomes: Sequence[Outcome], against: str = "") -> None:
    """results.json with all of it, and results.csv with a line a trial."""
    summaries = [asdict(s) for metric in _better() for s in summarise(outcomes, metric)]
    comparisons = [asdict(c) for metric in _better() for c in compare(outcomes, metric, against)]
    content = {"trials": [asdict(o) for o in outcomes], "summaries": summaries, "comparisons": comparisons}
    write_file(folder.results_file, json.dumps(_without_nan(content), indent=1).encode())
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["row", "seed", "state", *_better(), "seconds", "error"])
    for o in outcomes:
        writer.writerow(
            [o.row, o.seed, o.state, *(o.values.get(m, "") for m in _better()), round(o.seconds, 1), o.error]
        )
    write_file(folder.table_file, table.getvalue().encode())


def nearest_to_mean(outcomes: Sequence[Outcome], row: str, metric: str) -> int | None:
    """The seed whose value is nearest its row's mean: whose pictures are typical. None if none has finished."""
    values = {o.seed: o.values[metric] for o in outcomes if o.row == row and metric in o.values}
    if not values:
        return None
    mean = statistics.fmean(values.values())
    return min(values, key=lambda seed: (abs(values[seed] - mean), seed))


def format_table(outcomes: Sequence[Outcome], metric: str, against: str = "") -> str:
    """Summaries and comparisons as lines for a terminal."""
    width = max(len(outcome.row) for outcome in outcomes)
    lines = [f"{'':{width}}  {'mean':>8}  {'std':>7}  {'95 %':>8}  trials"]
    for s in summarise(outcomes, metric):
        failed = f" ({s.failed} failed)" if s.failed else ""
        lines.append(f"{s.row:{width}}  {s.mean:8.2f}  {s.std:7.2f}  +-{s.interval:6.2f}  {s.count}{failed}")
    return "\n".join([*lines, "", *verdicts(compare(outcomes, metric, against))])


def verdicts(comparisons: Sequence[Comparison]) -> list[str]:
    """Each comparison in words; one sentence for all where none can be made yet."""
    if comparisons and all(c.pairs < 2 and not (c.failed or c.against_failed) for c in comparisons):
        return ["no comparison yet: each needs at least 2 seeds that both rows have finished"]
    return [comparison.sentence() for comparison in comparisons]


def disagreements(outcomes: Sequence[Outcome], against: str = "") -> list[str]:
    """One sentence, if the second judge ranks rows differently than the main distance; none if it does not.

    Ranks are those of the rows' means over the seeds that both judges have measured. Of two rows that are within each
    other's noise, the order means little: the sentence is a warning, not a finding.
    """
    both = [outcome for outcome in outcomes if MAIN in outcome.values and SECOND in outcome.values]
    main, second = ({s.row: s.mean for s in summarise(both, metric)} for metric in (MAIN, SECOND))
    against = against or (outcomes[0].row if outcomes else "")
    pairs = [(a, b) for i, a in enumerate(main) for b in list(main)[i + 1 :]]
    turned = [(a, b) for a, b in pairs if (main[a] - main[b]) * (second[a] - second[b]) < 0]
    if not turned:
        return []
    named = [f"{a} and {b}" for a, b in turned if against in (a, b)] or [f"{a} and {b}" for a, b in turned]
    more = f", and {len(turned) - 1} more" if len(turned) > 1 else ""
    return [
        f"the judges disagree: features of random convolutions rank {named[0]}{more} the other way round, so that the "
        "order may be a matter of what the main judge knows; look at their pictures"
    ]


def _outcome(trial: Trial, protocols: dict[str, JSON]) -> Outcome:
    state = trial_state(trial.folder)
    if state == "failed":
        return Outcome(trial.row, trial.seed, state, {}, 0.0, read_failure(trial.folder))
    if state != "finished":
        return Outcome(trial.row, trial.seed, state, {}, 0.0)
    run = RunFolder.open(trial.folder)
    file, evaluation = run.evaluation_file, read_evaluation(run)
    assert evaluation is not None
    values = {name: value for name, value in evaluation.values.items() if name in _better()}
    protocol = {name: evaluation.protocol.get(name) for name in _COMPARED}
    first = protocols.setdefault("first", protocol)
    if protocol != first:
        raise UserError(
            f"{file}: evaluated with {protocol}, the first trial with {first}: not comparable. Delete it, and the "
            "study evaluates this trial again"
        )
    facts = part_facts(run, "sampler")
    return Outcome(trial.row, trial.seed, state, values, facts.seconds or 0.0, memory_mb=facts.peak_memory_mb)


def _summary(outcomes: list[Outcome], metric: str) -> Summary:
    values = [outcome.values[metric] for outcome in outcomes if metric in outcome.values]
    failed = sum(outcome.state == "failed" for outcome in outcomes)
    mean = statistics.fmean(values) if values else math.nan
    std = statistics.stdev(values) if len(values) > 1 else math.nan
    best = (min if _better()[metric] == "lower" else max)(values, default=math.nan)
    return Summary(outcomes[0].row, metric, len(values), failed, mean, std, _half_width(std, len(values)), best)


def _paired(row: list[Outcome], against: list[Outcome], metric: str) -> Comparison:
    a, b = ({o.seed: o.values[metric] for o in outcomes if metric in o.values} for outcomes in (row, against))
    differences = [a[seed] - b[seed] for seed in sorted(a.keys() & b.keys())]
    count = len(differences)
    mean = statistics.fmean(differences) if differences else math.nan
    std = statistics.stdev(differences) if count > 1 else math.nan
    if count < 2:
        p = math.nan
    elif std == 0:
        p = 1.0 if mean == 0 else 0.0
    else:
        p = float(stats.ttest_1samp(differences, 0.0).pvalue)
    failed = [sum(outcome.state == "failed" for outcome in outcomes) for outcomes in (row, against)]
    interval = _half_width(std, count)
    return Comparison(row[0].row, against[0].row, metric, count, mean, interval, p, math.nan, *failed)


def _half_width(std: float, count: int) -> float:
    if count < 2:
        return math.nan
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * std / math.sqrt(count)


def _holm(p_values: list[float]) -> list[float]:
    """Holm 1979: the k-th smallest p times the number not yet rejected, made monotone. NaN stays NaN and counts not."""
    known = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    corrected, largest = [math.nan] * len(p_values), 0.0
    for rank, (p, i) in enumerate(known):
        largest = max(largest, min(1.0, p * (len(known) - rank)))
        corrected[i] = largest
    return corrected


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: null where a number is unknown."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    return [_without_nan(item) for item in value] if isinstance(value, list) else value


def _better() -> dict[str, str]:
    """Which values of each metric are better."""
    return {metric.name: metric.better for metric in table.METRICS}
