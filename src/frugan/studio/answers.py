"""What goes back: JSON, pictures, files and events; and errors as sentences."""

import asyncio
import io
import json
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse

from frugan.rendering.tile import CancelledError
from frugan.studio.line_up import BusyError, LineUp
from frugan.studio.places import OutsideError
from frugan.studio.reading import TooLargeError
from frugan.system.errors import RunError, UserError, sentence_of

T = TypeVar("T")
_LOG = logging.getLogger("frugan.studio")
_FOREVER = "private, max-age=31536000, immutable"
# A report is a page of its own, with whatever a run's files say in it: it may show itself, and do nothing.
PAGE_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'"
_EVENT_SECONDS, _SILENCE_SECONDS = 1.0, 15.0


def told(content: object, status: int = 200) -> Response:
    """JSON, without what JSON cannot hold."""
    body = json.dumps(_plain(content), allow_nan=False).encode()
    return Response(body, status, media_type="application/json", headers={"cache-control": "no-store"})


def picture(png: bytes, *, final: bool, name: str = "") -> Response:
    """A PNG. `final`: its address says all that it depends on. `name`: of the file that it is saved as."""
    headers = {"cache-control": _FOREVER if final else "no-cache"}
    if name:
        headers["content-disposition"] = f'attachment; filename="{name}"'
    return Response(png, media_type="image/png", headers=headers)


def file(path: Path, kind: str, *, name: str = "") -> Response:
    """A file of the studio's folders, which the caller has checked. `name`: to save it as."""
    if not path.is_file():
        raise UserError(f"{path.name}: there is no such file yet.")
    headers = {"cache-control": "no-cache"}
    if kind == "text/html":
        headers["content-security-policy"] = PAGE_POLICY
    return FileResponse(path, media_type=kind, headers=headers, filename=name or None)


def png_of(pixels: np.ndarray) -> bytes:
    """(H, W, 3) uint8; level 1: 5 ms for 256 x 256, and hardly larger than with four times that."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


async def computed(request: Request, line_up: LineUp, work: Callable[[Callable[[], bool]], T]) -> T:
    """What the one thread computes, unless the client goes away before.

    Raises:
        ClientDisconnect: it did.
    """
    ticket = line_up.ask(work)
    result: asyncio.Future[T] = asyncio.wrap_future(ticket.result)
    gone = asyncio.ensure_future(_until_gone(request))
    try:
        both: set[asyncio.Future[Any]] = {result, gone}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if result.done() and not result.cancelled():
            return result.result()
        raise ClientDisconnect
    except CancelledError as error:
        raise ClientDisconnect from error
    finally:
        ticket.drop()
        gone.cancel()
        result.cancel()


async def events(request: Request, state: Callable[[], object]) -> Response:
    """Server-sent events: the state at once, and whenever it changes. A comment now and then shows who is gone."""
    first = await run_in_threadpool(lambda: json.dumps(_plain(state()), allow_nan=False))

    async def lines() -> AsyncIterator[str]:
        yield f"data: {first}\n\n"
        sent, silence = first, 0.0
        while True:
            await asyncio.sleep(_EVENT_SECONDS)
            try:
                now = await run_in_threadpool(lambda: json.dumps(_plain(state()), allow_nan=False))
            except (UserError, RunError, OSError) as error:
                now = json.dumps({"error": _sentence(error)})
            silence += _EVENT_SECONDS
            if now != sent:
                sent, silence = now, 0.0
                yield f"data: {now}\n\n"
            elif silence >= _SILENCE_SECONDS:
                silence = 0.0
                yield ": still here\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"cache-control": "no-store"})


def answering(route: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The route, its errors told as sentences."""

    async def answer(request: Request) -> Response:
        try:
            return await route(request)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it
        except (UserError, RunError, OSError) as error:
            return told({"error": _sentence(error)}, _status(error))

    return answer


async def http_error(request: Request, error: Exception) -> Response:
    """An address or a method that there is not."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentence = {404: "address: there is nothing here. See the list of addresses in the documentation of the studio."}
    return told({"error": sentence.get(status, "method: not for this address.")}, status)


async def unexpected(request: Request, error: Exception) -> Response:
    """A mistake of ours: the log has it, and the page says so."""
    _LOG.error("unexpected", exc_info=error)
    return told({"error": "the studio: something unexpected went wrong. Its log says what. Please report it."}, 500)


def _status(error: Exception) -> int:
    for kind, status in (
        (OutsideError, 403),
        (TooLargeError, 413),
        (BusyError, 429),
        (UserError, 400),
        (RunError, 409),
    ):
        if isinstance(error, kind):
            return status
    return 404 if isinstance(error, FileNotFoundError) else 409


def _sentence(error: Exception) -> str:
    return sentence_of(error) if isinstance(error, OSError) else str(error)


async def _until_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
