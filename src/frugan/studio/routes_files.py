"""What the page sends: pictures and zips that were dropped on it, and favourites."""

import asyncio
import json
import os
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frugan.config.records import read_json
from frugan.data.decode import ImageError, decoded
from frugan.model.place import shipped_folder
from frugan.studio.answers import answering, file, told
from frugan.studio.asked import Wish
from frugan.studio.reading import Asked, TooLargeError
from frugan.studio.shelf import kind_of
from frugan.studio.state import Studio, studio_of, wish_of
from frugan.system.atomic import write_file
from frugan.system.bounds import GiB, MiB
from frugan.system.errors import ArgumentError, UserError
from frugan.system.foreign_files import file_names

LARGEST_PICTURE, LARGEST_ZIP = 64 * MiB, 2 * GiB
_MOST_FAVOURITES = 1000
_STILL_SECONDS = 30.0  # between two pieces of a slow sender
_ENDINGS = {"PNG": ".png", "JPEG": ".jpg", "MPO": ".jpg", "WEBP": ".webp", "GIF": ".gif", "BMP": ".bmp", "TIFF": ".tif"}


@dataclass(frozen=True)
class Favourite:
    """A picture that somebody liked, under a name."""

    name: str
    wish: Wish


async def upload(request: Request) -> Response:
    """A picture or a zip. `data` names the data folder that it goes to; without it, it is to be enlarged."""
    studio, asked = studio_of(request), Asked.query(request)
    kind = asked.choice("kind", ("picture", "zip"), "picture")
    data = asked.text("data", "")
    if kind == "zip" and not data:
        raise ArgumentError("data", "name the new data set")
    if data and file_names([data]) != [data]:
        raise UserError(f"data {data[:80]!a}: use letters, digits, '-' and '_' for the name of the data set.")
    stem = file_names([Path(asked.text("name", "picture").replace("\\", "/")).stem])[0]
    most = LARGEST_ZIP if kind == "zip" else LARGEST_PICTURE
    incoming = studio.places.own / "incoming" / secrets.token_hex(8)
    try:
        await _received(request, incoming, most)
        keep = _keep_zip if kind == "zip" else _keep_picture
        path = await run_in_threadpool(keep, studio, incoming, data, stem)
    finally:
        incoming.unlink(missing_ok=True)
    return told({"place": studio.places.place(path), "path": str(path)}, 201)


async def picture_file(request: Request) -> Response:
    """A picture that was uploaded to be enlarged."""
    studio, asked = studio_of(request), Asked.query(request)
    path = studio.places.path(asked.text("place"))
    if path.parent != studio.places.own / "uploads":
        raise UserError("place: not an uploaded picture. Drop it again.")
    return file(path, "application/octet-stream" if path.suffix == ".tif" else f"image/{path.suffix[1:]}")


async def favourites(request: Request) -> Response:
    """Of a run or model; or replace them all."""
    studio = studio_of(request)
    asked = Asked.query(request)
    path = studio.places.path(asked.text("place"))
    if kind_of(path) not in ("run", "model"):
        raise UserError(f"place {asked.text('place')}: favourites are kept beside runs and models.")
    # Models inside the package lie where nothing is written.
    in_package = path.parent == shipped_folder()
    kept = studio.places.own / f"favourites-{path.name}.json" if in_package else path / "favourites.json"
    if request.method == "PUT":
        sent = await Asked.body(request)
        chosen = [_favourite(each) for each in sent.listed("favourites")][:_MOST_FAVOURITES]
        content = json.dumps({"schema": 1, "favourites": [asdict(each) for each in chosen]}, indent=1)
        await run_in_threadpool(write_file, kept, content.encode())
        return told({"favourites": chosen})
    return told({"favourites": await run_in_threadpool(_kept_favourites, kept)})


def _kept_favourites(path: Path) -> list[Favourite]:
    """
    Raises:
        UserError: the file is damaged.
    """
    found = (read_json(path) or {}).get("favourites", [])
    if not isinstance(found, list):
        raise UserError(f"{path.name}: damaged: favourites: expected a list. Delete it, and choose them again.")
    return [_favourite(each) for each in found[:_MOST_FAVOURITES]]


def _favourite(value: Any) -> Favourite:
    if not isinstance(value, Mapping) or not isinstance(value.get("wish"), Mapping):
        raise UserError("favourites: each needs a name and a wish. Choose them again.")
    name = Asked(value).text("name")
    return Favourite(name[:200], wish_of(Asked(value["wish"])))


async def _received(request: Request, target: Path, most: int) -> None:
    """The body into a file of ours.

    Raises:
        TooLargeError: more than that.
        UserError: nothing came for a while.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    pieces, count = request.stream().__aiter__(), 0
    with open(target, "xb") as opened:
        while True:
            try:
                piece = await asyncio.wait_for(pieces.__anext__(), _STILL_SECONDS)
            except StopAsyncIteration:
                return
            except TimeoutError:
                raise UserError(f"upload: nothing came for {_STILL_SECONDS:g} seconds. Send it again.") from None
            count += len(piece)
            if count > most:
                raise TooLargeError(f"upload: larger than {most // MiB} MiB. Give the path of the data instead.")
            opened.write(piece)


def _keep_picture(studio: Studio, incoming: Path, data: str, stem: str) -> Path:
    """Under a name of ours, with the ending of what it is: what it was called is not believed.

    Raises:
        UserError: no picture, a damaged one, or one of too many pixels.
    """
    try:
        with decoded(incoming.read_bytes()) as picture:
            picture.rows(0, picture.height)
            ending = _ENDINGS.get(picture.header.format, "")
    except ImageError as error:
        raise UserError(f"{stem}: {error}. Give a PNG, JPEG, WebP, GIF, BMP or TIFF.") from None
    if not ending:
        raise UserError(f"{stem}: pictures of this kind are not taken. Give a PNG, JPEG, WebP, GIF, BMP or TIFF.")
    folder = studio.places.path(f"0/{data}") if data else studio.places.own / "uploads"
    if data and kind_of(folder):
        raise UserError(f"data {data}: there is a {kind_of(folder)} of that name. Choose another name.")
    folder.mkdir(parents=True, exist_ok=True)
    path, number = folder / f"{stem}{ending}", 1
    while True:
        try:
            os.link(incoming, path)  # never over another file
            return path
        except FileExistsError:
            number += 1
            path = folder / f"{stem}-{number}{ending}"


def _keep_zip(studio: Studio, incoming: Path, data: str, stem: str) -> Path:
    """What is in it is looked at by the data set's check, which reads zips of strangers."""
    if not zipfile.is_zipfile(incoming):
        raise UserError(f"{stem}: not a zip, or one that was cut off. Make it again.")
    path = studio.places.new("0", f"{data}.zip")
    os.link(incoming, path)
    return path


ROUTES = [
    Route("/api/uploads", answering(upload), methods=["POST"]),
    Route("/api/uploads/file", answering(picture_file)),
    Route("/api/favourites", answering(favourites), methods=["GET", "PUT"]),
]
