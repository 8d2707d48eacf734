"""Home, one run while it trains or afterwards, comparisons, studies."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frugan.config.spec import to_plain
from frugan.judging.evaluation import Evaluation, read_evaluation
from frugan.metrics import table
from frugan.recipes import GROUPS
from frugan.reporting.curves import live_curves
from frugan.reporting.facts import read_facts
from frugan.runs.folder import RunFolder, is_run
from frugan.studies.folder import StudyFolder
from frugan.studies.page import live_charts
from frugan.studies.results import read_outcomes, summarise
from frugan.studies.trial import trial_state
from frugan.studio.answers import answering, events, file, told
from frugan.studio.reading import Asked
from frugan.studio.shelf import Entry, entries, entry
from frugan.studio.state import Studio, studio_of
from frugan.system.errors import UserError
from frugan.system.text import printable

_EVENTS_SHOWN = 100
_MOST_COMPARED = 6


@dataclass(frozen=True)
class RunState:
    """A run, as its page shows it.

    Attributes:
        samples: images seen at each sheet of samples.
        log: sentences of events, the newest last.
        verdict: the evaluation in a sentence.
        numbers: of the evaluation, by the group and the title of their metric.
    """

    entry: Entry
    parts: list[dict[str, object]]
    samples: list[int]
    log: list[str]
    verdict: str
    numbers: dict[str, dict[str, str]]
    has_report: bool


async def home(request: Request) -> Response:
    """All runs, models and studies."""
    studio = studio_of(request)
    found = await run_in_threadpool(entries, studio.places)
    roots = [{"place": str(number), "path": str(path)} for number, path in enumerate(studio.places.roots)]
    return told({"folders": roots, "entries": found})


async def recipes(request: Request) -> Response:
    """By group."""
    groups = [
        {"title": title, "recipes": [{"name": name, **_recipe(row)} for name, row in group.items()]}
        for title, group in GROUPS.items()
    ]
    return told({"groups": groups})


def _recipe(row: object) -> dict[str, object]:
    assert isinstance(row, tuple)
    values: dict[str, object] = row._asdict()  # type: ignore[attr-defined]
    return {name: values[name] for name in ("summary", "side", "images", "minutes")}


async def run(request: Request) -> Response:
    """The state of a run."""
    studio, asked = studio_of(request), Asked.query(request)
    return told(await run_in_threadpool(_state, studio, studio.places.path(asked.text("place"))))


async def run_events(request: Request) -> Response:
    """The same, whenever it changes."""
    studio, asked = studio_of(request), Asked.query(request)
    path = studio.places.path(asked.text("place"))
    return await events(request, lambda: _state(studio, path))


async def curves(request: Request) -> Response:
    """Figures as markup that `html` wrote: safe, and without scripts."""
    studio, asked = studio_of(request), Asked.query(request)
    folder = RunFolder.open(studio.places.path(asked.text("place")))
    return told({"figures": await run_in_threadpool(lambda: live_curves(read_facts(folder)))})


async def samples(request: Request) -> Response:
    """A sheet of samples."""
    studio, asked = studio_of(request), Asked.query(request)
    folder = RunFolder.open(studio.places.path(asked.text("place")))
    sheet = folder.part("sampler").sample_grid(asked.integer("nimg", most=10**10))
    return file(_inside(studio, sheet), "image/png")


async def report(request: Request) -> Response:
    """The page that `report` wrote, without any rights."""
    studio, asked = studio_of(request), Asked.query(request)
    path = studio.places.path(asked.text("place"))
    return file(_inside(studio, path / "report.html"), "text/html")


async def compare(request: Request) -> Response:
    """Settings that differ between runs, and their numbers."""
    studio, asked = studio_of(request), Asked(dict(request.query_params))
    places = asked.text("places").split(",")
    if len(places) > _MOST_COMPARED:
        raise UserError(f"places: at most {_MOST_COMPARED} can be compared.")
    return told(await run_in_threadpool(_compared, studio, places))


async def study(request: Request) -> Response:
    """A study's trials and table."""
    studio, asked = studio_of(request), Asked.query(request)
    path = studio.places.path(asked.text("place"))
    return told(await run_in_threadpool(_study, studio, path))


async def study_events(request: Request) -> Response:
    """The same, whenever it changes."""
    studio, asked = studio_of(request), Asked.query(request)
    path = studio.places.path(asked.text("place"))
    return await events(request, lambda: _study(studio, path))


def _inside(studio: Studio, path: Path) -> Path:
    """A file of a checked folder may be a link that leads elsewhere."""
    return studio.places.path(studio.places.place(path))


def _state(studio: Studio, path: Path) -> RunState:
    folder = RunFolder.open(path)
    facts = read_facts(folder)
    parts: list[dict[str, object]] = [
        {
            "name": part.name,
            "network": part.network,
            "nimg": part.nimg,
            "total": part.total_nimg,
            "speed": part.images_per_second,
            "seconds": part.seconds,
            "finished": part.finished,
            "snapshots": part.snapshots,
        }
        for part in facts.parts
    ]
    told_events = [(part.name, event) for part in facts.parts for event in part.events[-_EVENTS_SHOWN:]]
    return RunState(
        entry(path, studio.places),
        parts,
        list(facts.sampler.sample_grids),
        [_event(name, event) for name, event in told_events],
        facts.evaluation.verdict() if facts.evaluation else "",
        _grouped(facts.evaluation),
        folder.report_file.is_file(),
    )


def _event(part: str, event: dict[str, object]) -> str:
    """One line of a log, as text."""
    at = f" at {int(str(event['nimg'])) / 1000:g} kimg" if "nimg" in event else ""
    rest = ", ".join(f"{key} {value}" for key, value in event.items() if key not in ("event", "nimg", "time"))
    return printable(f"{part}{at}: {event['event']}" + (f" ({rest[:300]})" if rest else ""))


def _numbers(evaluation: Evaluation | None) -> dict[str, str]:
    if evaluation is None:
        return {}
    return {metric.title: table.shown(metric, evaluation.values) for metric in table.METRICS}


def _grouped(evaluation: Evaluation | None) -> dict[str, dict[str, str]]:
    if evaluation is None:
        return {}
    groups: dict[str, dict[str, str]] = {}
    for metric in table.METRICS:
        text = table.shown(metric, evaluation.values, evaluation.standard_errors)
        groups.setdefault(metric.group, {})[metric.title] = text
    return groups


def _place_and_snapshot(studio: Studio, item: str) -> tuple[str, str]:
    """Of "0/mine@16000", unless a folder has that name."""
    place, _, snapshot = item.rpartition("@")
    is_snapshot = place and snapshot.isascii() and snapshot.isdigit() and len(snapshot) <= 10
    return (place, snapshot) if is_snapshot and not studio.places.path(item).exists() else (item, "")


def _compared(studio: Studio, places: list[str]) -> dict[str, object]:
    found = []
    for item in places:
        place, snapshot = _place_and_snapshot(studio, item)
        path = studio.places.path(place)
        listed = entry(path, studio.places)
        settings, numbers = {}, {}
        if is_run(path):
            folder = RunFolder.open(path)
            settings = dict(_flat(to_plain(folder.config())))
            numbers = {} if snapshot else _numbers(read_evaluation(folder))
        if snapshot:
            listed = dataclasses.replace(listed, name=f"{listed.name} at {int(snapshot) / 1000:g} kimg")
        found.append((listed, settings, numbers))
    names = sorted({name for _, settings, _ in found for name in settings})
    differing = [
        {"name": name, "values": values}
        for name in names
        if len(set(values := [settings.get(name, "") for _, settings, _ in found])) > 1
    ]
    titles = list(dict.fromkeys(title for *_, numbers in found for title in numbers))
    measured = [
        {"name": title, "values": [numbers.get(title, "not measured") for *_, numbers in found]} for title in titles
    ]
    return {"entries": [dataclasses.asdict(each[0]) for each in found], "settings": differing, "numbers": measured}


def _flat(value: object, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, each in value.items() for pair in _flat(each, f"{name}.{key}".strip("."))]
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return [pair for place, each in enumerate(value) for pair in _flat(each, f"{name}.{place}")]
    return [(name, str(value))]


def _study(studio: Studio, path: Path) -> dict[str, object]:
    folder = StudyFolder.open(path)
    definition, trials = folder.read_study(), folder.trials()
    outcomes = read_outcomes(trials)
    rows = []
    for summary in summarise(outcomes, table.MAIN):
        spread = f" ± {summary.std:.2g}" if summary.count > 1 else ""
        mean = f"{summary.mean:.4g}{spread}" if summary.count else "not measured yet"
        rows.append({"row": summary.row, "finished": summary.count, "failed": summary.failed, "mean": mean})
    states = [
        {
            "row": trial.row,
            "seed": trial.seed,
            "state": trial_state(trial.folder),
            "progress": entry(trial.folder, studio.places).progress if is_run(trial.folder) else 0.0,
        }
        for trial in trials
    ]
    listed = entry(path, studio.places)
    charts = live_charts(folder, outcomes)
    return {
        "entry": listed,
        "question": definition.question,
        "rows": rows,
        "trials": states,
        "charts": charts,
        "has_report": folder.report_file.is_file(),
    }


ROUTES = [
    Route("/api/home", answering(home)),
    Route("/api/recipes", answering(recipes)),
    Route("/api/run", answering(run)),
    Route("/api/run/events", answering(run_events)),
    Route("/api/run/curves", answering(curves)),
    Route("/api/run/samples", answering(samples)),
    Route("/api/report", answering(report)),
    Route("/api/compare", answering(compare)),
    Route("/api/study", answering(study)),
    Route("/api/study/events", answering(study_events)),
]
