"""The logs of a part, read: lines of another kind, which only a stranger's log has, are left out."""

from frugan.runs.folder import PartFolder
from frugan.system.jsonl import JSON, is_count, is_number


def train_lines(folder: PartFolder) -> list[JSON]:
    """Each has `nimg`, and a `clock` with seconds, speed and memory."""
    return [line for line in folder.train_log.read() if is_train_line(line)]


def metric_lines(folder: PartFolder) -> list[JSON]:
    """Each has `nimg` and the `distance` of a preview."""
    return [
        line for line in folder.metrics_log.read() if is_count(line.get("nimg")) and is_number(line.get("distance"))
    ]


def event_lines(folder: PartFolder) -> list[JSON]:
    """Each has the name of the `event`, and where it says them `nimg` and `sigma`."""
    return [line for line in folder.events_log.read() if _is_event(line)]


def is_train_line(line: object) -> bool:
    """Whether it is one that training wrote."""
    return isinstance(line, dict) and is_count(line.get("nimg")) and _is_clock(line.get("clock"))


def _is_clock(clock: object) -> bool:
    return isinstance(clock, dict) and all(
        is_number(clock.get(name)) for name in ("seconds", "images_per_second", "peak_memory_mb")
    )


def _is_event(event: JSON) -> bool:
    counted = is_count(event.get("nimg", 0)) and ("nimg" in event or event.get("event") != "resumed")
    return isinstance(event.get("event"), str) and counted and is_number(event.get("sigma", 0))
