"""The markup of an exported model's page: its places, which scripts fill, and where the model comes from."""

from collections.abc import Iterator, Mapping

from frugan.exporting.description import licence_of
from frugan.html.markup import Markup, tag
from frugan.model.model import Model
from frugan.system.text import one_line
from frugan.system.version import __version__

_RUNTIME_SCRIPT = "ort/ort.wasm.min.js"
_HELP = (
    "Drag to move, wheel or pinch to zoom; keys: arrows, + and -, [ and ], 0. The address of this page brings picture "
    "and view back."
)
_BEYOND = " Beyond its edges, the generator goes on."
_HOW = (
    "Latents of a seed are numpy.random.RandomState(seed).randn(1, n), so a seed draws what it draws in Python. On the "
    "way to another seed, latents a and b are (1 - t) a + t b, divided by the root of (1 - t)² + t²: each place is as "
    "likely as the ends. Truncation below 1 draws more typical pictures."
)
_LICENCE = "Apache License 2.0"


def page_markup(model: Model, *, is_session: bool, has_card: bool) -> str:
    """A complete HTML document.

    Args:
        is_session: onnxruntime-web draws; else our own viewer, which needs no other file than scripts.
        has_card: `model-card.md` lies beside it.
    """
    name = one_line(str(model.info.get("recipe", type(model.generator).__name__)))
    scripts = [_RUNTIME_SCRIPT] * is_session + ["model.js", "page.js"]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(is_session)),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", f"{name} in your browser"),
        tag("link", rel="icon", href="data:,"),
        tag("link", rel="stylesheet", href="style.css"),
        *(tag("script", src=script, defer="") for script in scripts),
    )
    body = tag(
        "body",
        tag("a", "Skip to the picture", class_="skip", href="#viewer"),
        tag("main", *_sections(model, name, is_session=is_session, has_card=has_card)),
        tag("div", id="notes", role="status", aria_live="polite"),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _policy(is_session: bool) -> str:
    """Nothing is loaded from elsewhere. `file:`, because some browsers do not take 'self' for files."""
    wasm, connect = (" 'wasm-unsafe-eval' blob:", "'self'") if is_session else ("", "'none'")
    return (
        f"default-src 'none'; script-src 'self' file:{wasm}; style-src 'self' file:; img-src 'self' data: blob:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )


def _sections(model: Model, name: str, *, is_session: bool, has_card: bool) -> Iterator[Markup]:
    yield tag("h1", name)
    source = _data_of(model).get("source")
    origin = f" Trained on {one_line(str(source))}." if source else ""
    yield tag("p", f"Pictures of {model.shape}, drawn in this browser.{origin}", class_="help")
    yield tag(
        "div",
        tag(
            "div",
            tag("div", id="viewer", class_="viewer", tabindex="-1"),
            tag("p", _HELP + ("" if is_session else _BEYOND), class_="help"),
        ),
        tag(
            "div",
            tag("div", id="controls", class_="controls"),
            tag(
                "p", "Opening the model ...", tag("noscript", " This page needs JavaScript."), id="state", role="status"
            ),
            tag("div", id="actions", class_="actions"),
            class_="panel",
        ),
        class_="beside",
    )
    yield tag("section", tag("h2", "Kept pictures"), tag("div", id="favourites"))
    rows = [("licence", licence_of(model)), *_flat(model.info, skipped=("licence", "class_counts"))]
    yield tag(
        "details",
        tag("summary", "About this model"),
        tag("div", id="shading", class_="controls"),
        tag("p", _HOW),
        tag("div", tag("table", *(_row(key, value) for key, value in rows)), class_="scroll wraps"),
        tag("p", *_licences(is_session=is_session, has_card=has_card)),
        tag("p", "To publish this page, copy its folder to any web host: it needs no program there.", class_="help"),
    )


def _licences(*, is_session: bool, has_card: bool) -> Iterator[Markup | str]:
    if has_card:
        yield tag("a", "The model's card", href="model-card.md")
        yield ". "
    yield f"The page is made by frugan {__version__}, "
    yield tag("a", _LICENCE, href="LICENSE.txt")
    yield "."
    if is_session:
        yield " onnxruntime-web is under the "
        yield tag("a", "MIT License", href="ort/LICENSE.txt")
        yield ", with "
        yield tag("a", "parts of others", href="ort/ThirdPartyNotices.txt")
        yield "."


def _data_of(model: Model) -> Mapping[str, object]:
    found = model.info.get("data")
    return found if isinstance(found, Mapping) else {}


def _flat(info: Mapping[str, object], skipped: tuple[str, ...], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in info.items():
        if key in skipped:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, skipped, f"{prefix}{key} ")
        else:
            yield f"{prefix}{key}".replace("_", " "), str(value)


def _row(key: str, value: str) -> Markup:
    return tag("tr", tag("th", one_line(key), scope="row"), tag("td", one_line(value)))
