"""What takes long, begun and followed."""

from pathlib import Path
from typing import get_args

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frugan.data.default import DEFAULT_NAME
from frugan.recipes import check_recipe
from frugan.requests.drawing import Drawing
from frugan.requests.errand import KINDS
from frugan.requests.frame import Frame, Outside
from frugan.runs.folder import RunFolder
from frugan.studio.answers import answering, events, file, told
from frugan.studio.jobs import Job
from frugan.studio.reading import Asked
from frugan.studio.shelf import is_training, kind_of
from frugan.studio.state import Studio, studio_of, wish_of
from frugan.system.errors import ArgumentError, RunError, UserError
from frugan.system.jsonl import JSON

_MOST_MINUTES = 60.0 * 24 * 60
_ENDINGS = ("png", "tif", "dzi")
_KINDS_OF_FILES = {".png": "image/png", ".tif": "image/tiff", ".dzi": "application/xml", ".html": "text/html"}


async def jobs(request: Request) -> Response:
    """All of them; or begin one."""
    studio = studio_of(request)
    if request.method == "GET":
        return told(await run_in_threadpool(_all, studio))
    asked = await Asked.body(request)
    return told((await run_in_threadpool(_begin, studio, asked)).shown(), 201)


async def job_events(request: Request) -> Response:
    """All of them, whenever one changes."""
    studio = studio_of(request)
    return await events(request, lambda: _all(studio))


async def stop(request: Request) -> Response:
    """Ask one to end."""
    studio, asked = studio_of(request), await Asked.body(request)
    job = await run_in_threadpool(studio.jobs.stop, asked.integer("number", least=1, most=10**9))
    return told(job.shown())


async def log(request: Request) -> Response:
    """The end of what one printed."""
    studio, asked = studio_of(request), Asked.query(request)
    return told({"log": await run_in_threadpool(studio.jobs.log, asked.integer("number", least=1, most=10**9))})


async def result(request: Request) -> Response:
    """The file that one made."""
    studio, asked = studio_of(request), Asked.query(request)
    job = await run_in_threadpool(studio.jobs.job, asked.integer("number", least=1, most=10**9))
    if job.status.state != "finished" or job.request.kind not in ("render", "enlarge", "check", "report"):
        raise UserError(f"job {job.request.number}: it has no file to show. Wait until it has finished.")
    path = studio.places.path(studio.places.place(Path(job.status.result)))
    kind = _KINDS_OF_FILES.get(path.suffix.lower(), "application/octet-stream")
    return file(path, kind, name=path.name if asked.text("save", "") else "")


def _all(studio: Studio) -> JSON:
    return {"jobs": [job.shown() for job in studio.jobs.all()]}


def _begin(studio: Studio, asked: Asked) -> Job:
    kind = asked.choice("kind", KINDS)
    title, place, arguments = {
        "train": _training,
        "estimate": _estimate,
        "resume": _of_run,
        "evaluate": _of_run,
        "report": _of_run,
        "check": _check,
        "render": _render,
        "enlarge": _enlarge,
    }[kind](studio, asked)
    return studio.jobs.begin(kind, title, place, arguments)


Begun = tuple[str, str, dict[str, object]]


def _plan(studio: Studio, asked: Asked) -> dict[str, object]:
    """Arguments of a `Plan`, which its process checks in full."""
    plan: dict[str, object] = {"data": _data(studio, asked), "recipe": check_recipe(asked.text("recipe"))}
    if asked.has("minutes"):
        plan["minutes"] = asked.number("minutes", least=0.01, most=_MOST_MINUTES)
    if asked.has("kimg"):
        plan["kimg"] = asked.number("kimg", least=0.001, most=1e6)
    if asked.has("resolution"):
        plan["resolution"] = asked.integer("resolution", least=8, most=4096)
    if asked.has("seed"):
        plan["seed"] = asked.integer("seed", most=2**32 - 1)
    return plan


def _data(studio: Studio, asked: Asked) -> str:
    """Images: the drawings inside frugan, or a path inside the folders."""
    data = asked.text("data")
    return data if data == DEFAULT_NAME else str(studio.places.typed(data))


def _training(studio: Studio, asked: Asked) -> Begun:
    plan = _plan(studio, asked)
    out = studio.places.new(asked.text("folder", "0"), asked.text("name"))
    return f"Train {out.name}", studio.places.place(out), {"plan": plan, "out": str(out)}


def _estimate(studio: Studio, asked: Asked) -> Begun:
    plan = _plan(studio, asked)
    return f"Estimate {plan['recipe']}", "", {"plan": plan}


def _of_run(studio: Studio, asked: Asked) -> Begun:
    kind, path = asked.text("kind"), studio.places.path(asked.text("place"))
    folder = RunFolder.open(path)
    if kind == "resume" and is_training(folder):
        raise RunError(f"{path.name}: is training already, here or in another program. Stop that first.")
    verb = {"resume": "Go on with", "evaluate": "Evaluate", "report": "Report on"}[kind]
    arguments: dict[str, object] = {"run": str(path)}
    if kind == "resume" and asked.has("kimg"):
        arguments["kimg"] = asked.number("kimg", least=0.001, most=1e6)
    return f"{verb} {path.name}", studio.places.place(path), arguments


def _check(studio: Studio, asked: Asked) -> Begun:
    data = _data(studio, asked)
    page = _free(studio.places.own / "checks", Path(data).name or data, ".html")
    return f"Check {Path(data).name}", "", {"data": data, "page": str(page)}


def _render(studio: Studio, asked: Asked) -> Begun:
    """A view into a file; the same picture as on the page."""
    path, wish = _trained(studio, asked, "place"), wish_of(asked)
    if not wish.plain:
        raise ArgumentError("seed", "only pictures of one seed can be saved at any size")
    drawing = Drawing([wish.seed], wish.truncation, wish.label or None)
    crop = asked.numbers("crop", (0.0, 0.0, 1.0, 1.0))
    if len(crop) != 4:
        raise ArgumentError("crop", "expected left, top, right and bottom")
    outside = asked.choice("outside", get_args(Outside), "extrapolate")
    frame = {
        "size": asked.pair("size"),
        "crop": crop,
        "fit": "extend",
        "rotate": asked.number("rotate", 0.0),
        "outside": outside,
        "supersample": asked.integer("supersample", 1, least=1, most=8),
        "centres": True,
    }
    Frame(**frame)  # type: ignore[arg-type]  # raises what is wrong with it
    ending = asked.choice("ending", _ENDINGS, "png")
    out = _free(studio.places.roots[0] / "saved", f"{path.name}-seed{wish.seed}", f".{ending}")
    chosen = {"seeds": list(drawing.seeds), "truncation": drawing.truncation, "label": drawing.label}
    arguments: dict[str, object] = {"model": str(path), "out": str(out), "drawing": chosen, "frame": frame}
    return f"Save {out.name}", studio.places.place(out), arguments


def _enlarge(studio: Studio, asked: Asked) -> Begun:
    image, decoder = studio.places.path(asked.text("image")), _trained(studio, asked, "decoder")
    if not image.is_file():
        raise UserError(f"image {asked.text('image')}: there is no such file. Drop the photo again.")
    out = _free(studio.places.roots[0] / "enlarged", image.stem, ".png")
    arguments: dict[str, object] = {"image": str(image), "decoder": str(decoder), "out": str(out)}
    return f"Enlarge {image.name}", studio.places.place(out), arguments


def _trained(studio: Studio, asked: Asked, name: str) -> Path:
    """
    Raises:
        UserError: no run or model there.
    """
    path = studio.places.path(asked.text(name))
    if kind_of(path) not in ("run", "model"):
        raise UserError(f"{name} {asked.text(name)}: there is no run or model. Choose one of the first page.")
    return path


def _free(folder: Path, name: str, ending: str) -> Path:
    """A file name that nothing has."""
    path, number = folder / f"{name}{ending}", 1
    while path.exists() or path.is_symlink():
        number += 1
        path = folder / f"{name}-{number}{ending}"
    return path


ROUTES = [
    Route("/api/jobs", answering(jobs), methods=["GET", "POST"]),
    Route("/api/jobs/events", answering(job_events)),
    Route("/api/jobs/stop", answering(stop), methods=["POST"]),
    Route("/api/jobs/log", answering(log)),
    Route("/api/jobs/result", answering(result)),
]
