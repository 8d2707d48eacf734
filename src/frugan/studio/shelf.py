"""What lies in the studio's folders: runs, models, studies and data sets, with how far each has come."""

import fcntl
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from frugan.config.schema import RunConfig
from frugan.judging.evaluation import read_evaluation
from frugan.metrics.table import MAIN
from frugan.runs.facts import PartFacts, part_facts
from frugan.runs.folder import RunFolder, is_model, is_run
from frugan.studies.folder import StudyFolder
from frugan.studies.trial import trial_state
from frugan.studio.places import Places
from frugan.system.errors import UserError

_DEEPEST, _MOST_FOLDERS, _MOST_ENTRIES = 4, 5000, 500


@dataclass(frozen=True)
class Entry:
    """One thing that the page lists.

    Attributes:
        kind: "run", "model" or "study".
        state: in a word: "training", "stopped", "finished", "new"; "damaged" with the reason in `problem`.
        progress: from 0 to 1.
        seconds_left: of a training, at its speed.
        distance: to real images, of an evaluation, or the last preview.
        changed: seconds since 1970, of the newest file that tells of progress.
    """

    place: str
    name: str
    kind: str
    state: str
    progress: float = 0.0
    seconds_left: float | None = None
    distance: float | None = None
    distance_name: str = ""
    recipe: str = ""
    data: str = ""
    size: str = ""
    changed: float = 0.0
    has_sampler: bool = False
    has_decoder: bool = False
    problem: str = ""


def entries(places: Places) -> list[Entry]:
    """All runs, models and studies, the newest first. What is damaged is listed, with its problem."""
    found = [entry(path, places) for path in _folders(places)]
    return sorted(found, key=lambda each: -each.changed)[:_MOST_ENTRIES]


def entry(path: Path, places: Places) -> Entry:
    """One of them."""
    place, kind = places.place(path), kind_of(path)
    try:
        places.path(place)  # a run that leads out of the folders is listed, not read
        return {"run": _run, "study": _study, "model": _model}[kind](path, place)
    except (UserError, OSError, ValueError) as error:
        return Entry(place, path.name, kind, "damaged", problem=str(error))


def kind_of(path: Path) -> str:
    """What a folder holds: "run", "model", "study", or "" for something else."""
    if is_run(path):
        return "run"
    if (path / "study.json").is_file():
        return "study"
    return "model" if (is_model(path) and (path / "generator.safetensors").is_file()) or _is_decoder(path) else ""


def is_training(run: RunFolder) -> bool:
    """Whether a process holds the lock of one of its parts."""
    return any(_is_locked(run.part(name).lock_file) for name in run.config().parts())


def stamp_of(path: Path, snapshot: int | None = None) -> str:
    """Text that changes when the weights of a run or a model do."""
    model = path / "model" if is_run(path) else path
    files = [model / "generator.safetensors", model / "decoder.safetensors"]
    if snapshot is not None:
        files[0] = RunFolder(path).part("sampler").snapshot(snapshot)
    return "-".join(f"{file.stat().st_mtime_ns:x}" if file.exists() else "0" for file in files)


def _is_decoder(path: Path) -> bool:
    return is_model(path) and (path / "decoder.safetensors").is_file()


def _folders(places: Places) -> Iterator[Path]:
    """Not below a run, and not where links lead."""
    seen = 0
    waiting = [(root, 0) for root in places.roots]
    while waiting and seen < _MOST_FOLDERS:
        path, depth = waiting.pop(0)
        seen += 1
        kind = kind_of(path)
        if kind:
            yield path
        if kind in ("", "study") and depth < _DEEPEST:
            waiting += [(child, depth + 1) for child in _children(path)]


def _children(path: Path) -> list[Path]:
    try:
        with os.scandir(path) as listed:
            names = [each.name for each in listed if each.is_dir(follow_symlinks=False) and each.name[0] not in "._"]
    except OSError:
        return []
    return [path / name for name in sorted(names)]


def _is_locked(file: Path) -> bool:
    try:
        with open(file, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def _run(path: Path, place: str) -> Entry:
    run = RunFolder.open(path)
    config = run.config()
    parts = [part_facts(run, name) for name in config.parts()]
    finished = all(part.finished for part in parts)
    evaluation = read_evaluation(run)
    distance, name = _preview(parts)
    if evaluation is not None:
        distance, name = evaluation.values.get(MAIN), evaluation.metric
    training = is_training(run)
    return Entry(
        place=place,
        name=path.name,
        kind="run",
        state="training"
        if training
        else "finished"
        if finished
        else "stopped"
        if any(p.nimg for p in parts)
        else "new",
        progress=_progress(parts),
        seconds_left=_seconds_left(parts) if training else None,
        distance=_known(distance),
        distance_name=name,
        recipe=config.recipe,
        data=_short_data(config),
        size=str(config.data.shape),
        changed=_changed(path, "config.yaml", "sampler/train.jsonl", "decoder/train.jsonl"),
        has_sampler=(path / "model" / "generator.safetensors").exists(),
        has_decoder=(path / "model" / "decoder.safetensors").exists(),
    )


def _short_data(config: RunConfig) -> str:
    return Path(config.data.source).name or config.data.source


def _preview(parts: list[PartFacts]) -> tuple[float | None, str]:
    metrics = parts[0].metrics
    return (float(metrics[-1]["distance"]), "preview distance") if metrics else (None, "")


def _progress(parts: list[PartFacts]) -> float:
    return min(min(part.nimg / max(part.total_nimg, 1), 1.0) for part in parts)


def _seconds_left(parts: list[PartFacts]) -> float | None:
    """Of the part that ends last, at the speed of its newest lines."""
    left = [
        (part.total_nimg - part.nimg) / part.log[-1]["clock"]["images_per_second"]
        for part in parts
        if part.log and part.log[-1]["clock"]["images_per_second"] > 0
    ]
    return _known(max(left, default=None))


def _known(value: float | None) -> float | None:
    """JSON has no NaN."""
    return value if value is not None and math.isfinite(value) else None


def _model(path: Path, place: str) -> Entry:
    has = {name: (path / f"{name}.safetensors").exists() for name in ("generator", "decoder")}
    return Entry(
        place,
        path.name,
        "model",
        "finished",
        1.0,
        changed=_changed(path, "config.json"),
        has_sampler=has["generator"],
        has_decoder=has["decoder"],
    )


def _study(path: Path, place: str) -> Entry:
    folder = StudyFolder.open(path)
    study, states = folder.read_study(), []
    for row in study.rows:
        states += [trial_state(path / "trials" / row.file_name / f"seed-{seed}") for seed in range(study.trials)]
    done = sum(state in ("finished", "failed") for state in states)
    conducted = _is_locked(path / ".lock")
    state = "training" if conducted else "finished" if done == len(states) else "stopped" if done else "new"
    return Entry(
        place,
        path.name,
        "study",
        state,
        done / max(len(states), 1),
        data=f"{len(study.rows)} rows x {study.trials} seeds",
        changed=_changed(path, "study.json", "results.json"),
    )


def _changed(path: Path, *names: str) -> float:
    return max((file.stat().st_mtime for name in names if (file := path / name).exists()), default=0.0)
