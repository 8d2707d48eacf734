"""Pictures and tiles, computed when they are asked for."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frugan.data.decode import ImageError, decode_image
from frugan.requests.frame import Outside
from frugan.runs.folder import is_run
from frugan.studio.answers import answering, computed, picture, png_of, told
from frugan.studio.asked import Source, TileWish, Wish
from frugan.studio.reading import Asked
from frugan.studio.state import Studio, source_of, studio_of, wish_of
from frugan.system.bounds import IMAGE
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_bounded

_OUTSIDE: tuple[Outside, ...] = get_args(Outside)
_THUMBNAIL = 480  # pixels


async def model(request: Request) -> Response:
    """What a model can do, and the stamp that addresses of its pictures carry."""
    studio, asked = studio_of(request), Asked.query(request)
    source = source_of(studio, asked)
    facts = await computed(request, studio.line_up, lambda wanted: studio.painter.facts(source))
    return told(
        {"place": studio.places.place(source.path), "name": source.path.name, "stamp": source.stamp, "facts": facts}
    )


async def whole_picture(request: Request) -> Response:
    """A picture at the model's own size."""
    studio, asked = studio_of(request), Asked.query(request)
    source, wish = source_of(studio, asked), wish_of(asked)
    saved = f"seed{wish.seed}.png" if asked.text("save", "") else ""
    final = asked.text("stamp", "") == source.stamp
    png = await _encoded(
        request, studio, (source, wish), lambda wanted: png_of(studio.painter.picture(source, wish, wanted))
    )
    return picture(png, final=final, name=saved)


async def tile(request: Request) -> Response:
    """A part of a picture at any size."""
    studio, asked = studio_of(request), Asked.query(request)
    source, wish = source_of(studio, asked), wish_of(asked)
    part = TileWish(
        whole=asked.pair("whole"),
        corner=asked.pair("corner"),
        size=asked.pair("size", (256, 256)),
        outside=next(each for each in _OUTSIDE if each == asked.choice("outside", _OUTSIDE, "extrapolate")),
        supersample=asked.integer("supersample", 1),
    )
    final = asked.text("stamp", "") == source.stamp
    png = await _encoded(
        request, studio, (source, wish, part), lambda wanted: png_of(studio.painter.tile(source, wish, part, wanted))
    )
    return picture(png, final=final)


async def thumbnail(request: Request) -> Response:
    """A small picture of a run or model: its newest sheet of samples, or its first seeds."""
    studio, asked = studio_of(request), Asked.query(request)
    source = source_of(studio, asked)
    sheet = await run_in_threadpool(_newest_sheet, source.path)
    if sheet is not None:
        name = ("thumbnail", sheet, sheet.stat().st_mtime_ns)
        found = studio.encoded.get(name)
        png = found or studio.encoded.put(name, await run_in_threadpool(_reduced, sheet))
        return picture(png, final=False)
    png = await _encoded(request, studio, (source, "first"), lambda wanted: _first_seeds(studio, source, wanted))
    return picture(png, final=False)


async def _encoded(
    request: Request, studio: Studio, name: tuple[object, ...], work: Callable[[Callable[[], bool]], bytes]
) -> bytes:
    """The PNG, kept or computed."""
    found = studio.encoded.get(name)
    if found is not None:
        return found
    return studio.encoded.put(name, await computed(request, studio.line_up, work))


def _newest_sheet(path: Path) -> Path | None:
    if not is_run(path):
        return None
    sheets = [
        file for file in (path / "sampler" / "samples").glob("*.png") if file.stem.isdigit() and not file.is_symlink()
    ]
    return max(sheets, default=None)


def _reduced(sheet: Path) -> bytes:
    """The upper left of a sheet: some whole pictures."""
    try:
        drawn = decode_image(read_bounded(sheet, IMAGE))
    except ImageError as error:
        raise UserError(f"{sheet.name}: {error}") from error
    width, height = drawn.size
    part = drawn.crop((0, 0, width, min(height, round(width * 0.625))))
    part.thumbnail((2 * _THUMBNAIL, 2 * _THUMBNAIL), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    part.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def _first_seeds(studio: Studio, source: Source, wanted: Callable[[], bool]) -> bytes:
    pieces = [Image.fromarray(studio.painter.picture(source, Wish(seed=seed), wanted)) for seed in range(4)]
    side = pieces[0].size
    sheet = Image.new("RGB", (side[0] * 2, side[1] * 2))
    for place, piece in enumerate(pieces):
        sheet.paste(piece, (place % 2 * side[0], place // 2 * side[1]))
    sheet.thumbnail((_THUMBNAIL, _THUMBNAIL))
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


ROUTES = [
    Route("/api/model", answering(model)),
    Route("/api/picture", answering(whole_picture)),
    Route("/api/tile", answering(tile)),
    Route("/api/thumbnail", answering(thumbnail)),
]
