"""A film: from picture to picture, or into one."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from frugan.model.latents import drawn_styles
from frugan.model.model import Model
from frugan.networks.base import draws_any_size
from frugan.rendering.film import Course, film_frames, frame_count
from frugan.rendering.frame import view_of
from frugan.rendering.render import render
from frugan.requests.drawing import Drawing
from frugan.requests.frame import Film, Frame
from frugan.requests.rendering import Rendering
from frugan.requests.watching import SILENT, Watcher
from frugan.system.device import one_thread
from frugan.system.errors import ArgumentError
from frugan.use_cases.opened import opened
from frugan.use_cases.render import on_all_cores
from frugan.writing.video import check_video, write_video

_DRAWING, _FRAME, _FILM = Drawing(range(4)), Frame((256, 256)), Film()

Draw = Callable[[Tensor, float], Tensor]


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
    frame: Frame | None = None,
    film: Film = _FILM,
    *,
    device: str = "auto",
    watcher: Watcher = SILENT,
) -> Filmed:
    """Film the way from one picture to the next; with generators of coordinates also zooms and parts, at any size.

    Args:
        model: A run folder, a model folder, or a loaded model.
        out: An .mp4 file (extra: video), a .gif or .webp file, or a folder for numbered PNG frames.
        drawing: Pictures to pass, in order; one alone stands still.
        frame: What is seen of each, and how large, of generators of coordinates. None: all of it at 256 x 256, or at
            the size that the model draws.
        film: How fast, how far the view zooms, whether it leads back.
        device: For a folder's model: "auto", "cpu", "cuda" or "mps".
        watcher: Hears of frames drawn.

    Raises:
        UserError: a generator that cannot do this, or a file that cannot be written so.
    """
    path = Path(out)
    check_video(path, frame.size if frame else (2, 2))
    loaded = opened(model, device)
    renders = draws_any_size(loaded.generator) and not loaded.codec.reduces and loaded.enlargement is None
    width, height = (frame or _FRAME).size if renders else (loaded.shape.width, loaded.shape.height)
    check_video(path, (width, height))
    total = frame_count(film, drawing.count)
    if drawing.latents and film.truncation is not None:
        raise ArgumentError("truncation", "does not go with `latents`: the files hold what it decides", film.truncation)
    ends = (drawing.truncation, drawing.truncation if film.truncation is None else film.truncation)
    # Tiles are too small for the threads of torch; whole pictures are not.
    with one_thread() if renders else nullcontext():
        draw = _rendered(loaded, frame or _FRAME) if renders else _drawn(loaded, frame, film)
        first, last = (drawn_styles(loaded, drawing, psi) for psi in ends)
        frames = film_frames(Course(first, last, film.loop), draw, film)
        count = write_video(path, _counted(frames, total, watcher), film.fps)
    return Filmed(path, count, width, height)


def _rendered(model: Model, frame: Frame) -> Draw:
    rendering, view = on_all_cores(Rendering(), model), view_of(model, frame)

    def draw(w: Tensor, zoom: float) -> Tensor:
        return render(model.generator, w, replace(view, zoom=view.zoom * zoom), rendering)[None]

    return draw


def _drawn(model: Model, frame: Frame | None, film: Film) -> Draw:
    """Of a generator that has one size.

    Raises:
        ArgumentError: another one, or a part of the picture, is asked for.
    """
    if film.zoom != (1.0, 1.0):
        raise ArgumentError("zoom", "this model draws its own size alone. Leave it out, or use a CREPS or CIPS model")
    own = (model.shape.width, model.shape.height)
    if frame is not None and frame != Frame(own):
        problem = f"this model draws {own[0]} x {own[1]} pixels, and all of the picture. Leave size, crop and turns out"
        raise ArgumentError("size", problem, f"{frame.size[0]}x{frame.size[1]}")
    return lambda w, zoom: model.decode(model.generator.synthesis(w), noise=model.assumed_noise)


def _counted(frames: Iterable[np.ndarray], total: int, watcher: Watcher) -> Iterator[np.ndarray]:
    for done, picture in enumerate(frames, 1):
        yield picture
        watcher.on_stage("frames", done, total)
