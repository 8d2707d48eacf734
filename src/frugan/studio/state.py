"""What the routes of a studio share."""

from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from frugan.studio.asked import Source, Wish
from frugan.studio.jobs import Jobs
from frugan.studio.kept import Kept
from frugan.studio.line_up import LineUp
from frugan.studio.places import Places
from frugan.studio.reading import Asked
from frugan.studio.rendering import Painter
from frugan.studio.shelf import stamp_of
from frugan.system.bounds import MiB
from frugan.system.errors import UserError

_ENCODED = 64 * MiB


@dataclass(frozen=True)
class Studio:
    """
    Attributes:
        encoded: PNGs, ready to be sent.
    """

    places: Places
    painter: Painter
    line_up: LineUp
    jobs: Jobs
    encoded: Kept[bytes] = field(default_factory=lambda: Kept(_ENCODED, len))


def studio_of(request: Request) -> Studio:
    """The one that serves this request."""
    return cast(Studio, request.app.state.studio)


def source_of(studio: Studio, asked: Asked, name: str = "place") -> Source:
    """The model that a request names.

    Raises:
        UserError: outside of the folders; no such snapshot.
    """
    path = studio.places.path(asked.text(name))
    snapshot = asked.integer("snapshot", most=10**10) if asked.has("snapshot") else None
    if snapshot is not None and not (path / "sampler" / "snapshots" / f"{snapshot:010d}.safetensors").is_file():
        raise UserError(f"snapshot {snapshot}: there is none of that number. Choose one of the list.")
    return Source(path, snapshot, stamp_of(path, snapshot))


def wish_of(asked: Asked) -> Wish:
    """Which picture a request asks for.

    Raises:
        ArgumentError: a value out of range.
    """
    plain = Wish()
    return Wish(
        seed=asked.integer("seed", plain.seed),
        truncation=asked.number("truncation", plain.truncation),
        label=asked.text("label", ""),
        variation=asked.integer("variation", plain.variation),
        distance=asked.number("distance", plain.distance),
        others=asked.integers("others", ()),
        parts=asked.numbers("parts", ()),
        style=asked.integer("style", -1, least=-1),
        layers=asked.pair("layers", (0, 0)),
    )
