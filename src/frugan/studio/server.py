"""The studio's address, pages and routes put together, and served until somebody ends it."""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import resources
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from frugan.studio import routes_files, routes_jobs, routes_pictures, routes_runs
from frugan.studio.answers import http_error, unexpected
from frugan.studio.jobs import Jobs
from frugan.studio.line_up import LineUp
from frugan.studio.places import Places
from frugan.studio.rendering import Painter
from frugan.studio.security import Guard, Rules
from frugan.studio.state import Studio
from frugan.system.errors import ArgumentError

# Each is a part of one page, which reads its own address.
PAGES = ("/", "/new", "/run", "/explore", "/zoom", "/enlarge", "/compare", "/study", "/jobs")
_END_SECONDS = 2  # for answers that are being sent when the studio ends
_STATIC = resources.files("frugan.studio").joinpath("static")


def application(studio: Studio, rules: Rules) -> Guard:
    """The whole of it, as an ASGI application."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        studio.jobs.end()
        studio.line_up.end()

    shell = _STATIC.joinpath("index.html").read_text(encoding="utf-8")
    style = resources.files("frugan.html").joinpath("style.css").read_text(encoding="utf-8")

    async def page(request: Request) -> Response:
        return Response(shell, media_type="text/html", headers={"cache-control": "no-cache"})

    async def report_style(request: Request) -> Response:
        return Response(style, media_type="text/css", headers={"cache-control": "no-cache"})

    routes: list[BaseRoute] = [Route(path, page) for path in PAGES]
    routes += [Route("/static/report.css", report_style)]
    for module in (routes_pictures, routes_runs, routes_jobs, routes_files):
        routes += module.ROUTES
    routes += [Mount("/static", _Static(directory=str(_STATIC), packages=[("frugan.html", "browser")]))]
    app = Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: http_error, Exception: unexpected}
    )
    app.state.studio = studio
    return Guard(app, rules)


class _Static(StaticFiles):
    """Asked again each time, so that an updated package shows its own page."""

    def file_response(self, *arguments: object, **options: object) -> Response:
        response: Response = super().file_response(*arguments, **options)  # type: ignore[arg-type]
        response.headers["cache-control"] = "no-cache"
        return response


def open_studio_of(folders: Sequence[Path], device: str) -> Studio:
    """What the routes share, for these folders.

    Raises:
        ArgumentError: no such folder.
    """
    places = Places.of(folders)
    return Studio(places, Painter(device), LineUp(), Jobs(places.own / "jobs"))


def serve(folders: Sequence[Path], host: str, port: int, device: str, on_open: Callable[[str], None]) -> None:
    """Answer until Ctrl-C. `on_open` is told the link.

    Raises:
        ArgumentError: no such folder, or an address that cannot be listened at.
    """
    studio, rules = open_studio_of(folders, device), Rules.of(host)
    with _listening(host, port) as listening:
        found_port = listening.getsockname()[1]
        config = uvicorn.Config(
            application(studio, rules),
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="on",
            timeout_graceful_shutdown=_END_SECONDS,
        )
        shown = f"[{host}]" if ":" in host else host
        on_open(f"http://{shown}:{found_port}/" + (f"?token={rules.token}" if rules.token else ""))
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    """
    Raises:
        ArgumentError: it is in use, or no address of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ArgumentError("host", f"not an address: {error.strerror}. Try 127.0.0.1", host) from error
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        listening.close()
        problem = (
            f"cannot be listened at ({error.strerror}). Another studio may run there: open it, or choose another port"
        )
        raise ArgumentError("port", problem, port) from error
    return listening
