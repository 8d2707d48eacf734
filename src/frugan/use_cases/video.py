"""A film: from picture to picture, or into one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frugan.model.model import Model
from frugan.rendering.film import film_frames, frame_count
from frugan.rendering.frame import view_of
from frugan.requests.drawing import Drawing
from frugan.requests.frame import Film, Frame
from frugan.requests.rendering import Rendering
from frugan.requests.watching import SILENT, Watcher
from frugan.system.device import one_thread
from frugan.use_cases.opened import opened
from frugan.use_cases.render import on_all_cores
from frugan.writing.video import check_video, write_video

_DRAWING, _FRAME, _FILM = Drawing(range(4)), Frame((256, 256)), Film()


@dataclass(frozen=True)
class Filmed:
    """The file or folder that was written, its number of frames and their size in pixels."""

    file: Path
    frames: int
    width: int
    height: int


def video(
    model: Model | Path | str,
    out: Path | str,
    drawing: Drawing = _DRAWING,
    frame: Frame = _FRAME,
    film: Film = _FILM,
    *,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> Filmed:
    """Film the way from one picture to the next, or a zoom, of a CREPS or CIPS model.

    Args:
        model: A run folder, a model folder, or a loaded model.
        out: An .mp4 file (extra: video), or a folder for numbered PNG frames.
        drawing: Pictures to pass, in order; one alone stands still.
        frame: What is seen of each, and how large.
        film: How fast, and how far the view zooms.
        device: For a folder's model: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of frames drawn.

    Raises:
        UserError: a generator that cannot do this, or a file that cannot be written so.
    """
    path = Path(out)
    check_video(path, frame.size)
    loaded = opened(model, device)
    rendering, view = on_all_cores(Rendering(), loaded), view_of(loaded, frame)
    total = frame_count(film.seconds, film.fps, len(drawing.seeds))
    with one_thread():
        styles = loaded.styles(drawing.seeds, drawing.truncation, loaded.label_of(drawing))
        frames = film_frames(loaded.generator, styles, view, total, film.zoom, rendering)
        count = write_video(path, _counted(frames, total, watcher), film.fps)
    return Filmed(path, count, *frame.size)


def _counted(frames: Iterable[np.ndarray], total: int, watcher: Watcher) -> Iterator[np.ndarray]:
    for done, picture in enumerate(frames, 1):
        yield picture
        watcher.on_stage("frames", done, total)
