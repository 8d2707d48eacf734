"""The files of a page that runs a model in its reader's browser, without a server: markup, style, scripts, weights."""

import json
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution

import numpy as np
import torch

from frugan.config.records import plain
from frugan.exporting.description import SEED_RULE
from frugan.exporting.page_markup import page_markup
from frugan.exporting.scripts import linked, page_file
from frugan.exporting.weights_as_text import CrepsSettings, as_text, creps_settings, effective_weights
from frugan.model.model import Model
from frugan.networks.creps import CREPSGenerator
from frugan.ops.grid import Grid, full_grid
from frugan.system.errors import ArgumentError, RunError
from frugan.system.text import one_line
from frugan.system.version import __version__
from frugan.writing.pictures import to_stored

_CHECKED = 8  # places along each side that the page draws to see that its browser draws what Python does


@dataclass(frozen=True)
class Check:
    """What Python draws of one seed at a few places: the page draws them first, and tells the difference.

    Attributes:
        label: class.
        rows, cols: coordinates, where the page takes these.
        at: otherwise, numbers of pixels in the model's own picture, row by row.
        pixels: RGBA of each place, straight alpha, from 0 to 255.
    """

    seed: int
    label: int
    rows: list[float]
    cols: list[float]
    at: list[int]
    pixels: list[int]


@dataclass(frozen=True)
class PageModel:
    """What the page knows of its model.

    Attributes:
        kind: "coordinates" for our own viewer, "session" for onnxruntime-web.
        size: width and height of the model's own pictures.
        colours: 1, 3 or 4.
        latents: how many numbers a picture is drawn from.
        classes: names, in the order of the labels.
        counts: how many training images each has, or 1 each; a seed draws its class by them.
        fingerprint: pictures that are kept are kept for this model.
        creps: settings of the network, for our own viewer.
        tensors: where its weights are, see `as_text`.
    """

    kind: str
    size: tuple[int, int]
    colours: int
    latents: int
    classes: list[str]
    counts: list[int]
    fingerprint: str
    seeds: str
    check: Check
    creps: CrepsSettings | None = None
    tensors: dict[str, list[int]] | None = None


def has_own_viewer(model: Model) -> bool:
    """Whether its pictures are drawn by coordinates, by a network that our viewer knows, and need no decoding."""
    return isinstance(model.generator, CREPSGenerator) and not model.codec.reduces


def page_files(model: Model, card: str) -> dict[str, str]:
    """All but onnxruntime-web and the graph, by name.

    Args:
        card: the model's card, as it lies in its folder; "" for none.

    Raises:
        ArgumentError: its pictures have more than 8 bits or other channels than grey, RGB and RGBA, or are enlarged by
            another model's decoder.
        RunError: this package's licence is not installed with it.
    """
    check_shown(model)
    described, pieces = _described(model)
    # A string that is parsed: names of classes cannot be anything but text.
    content = {"description": json.dumps(plain(described)), "pieces": pieces}
    files = {
        "index.html": page_markup(model, is_session=described.kind == "session", has_card=bool(card)),
        "style.css": "\n".join(page_file(name) for name in ("style.css", "controls.css", "page.css")),
        "page.js": f"// frugan {__version__}, Apache License 2.0: see LICENSE.txt\n{linked('main.js')}",
        "model.js": f"globalThis.fruganModel = {json.dumps(content)};\n",
        "LICENSE.txt": _own_licence(),
    }
    return files | ({"model-card.md": card} if card else {})


def check_shown(model: Model) -> None:
    """
    Raises:
        ArgumentError: see `page_files`.
    """
    instead = "Use `out` with a file that ends in .onnx"
    if not model.pixels.is_plain or model.shape.channels not in (1, 3, 4):
        has = f"{model.shape.channels} channels of {model.pixels.bits} bits"
        raise ArgumentError("web", f"a page shows 8 bits of 1, 3 or 4 channels; this model has {has}. {instead}")
    if model.enlargement is not None:
        raise ArgumentError("web", "this model's pictures are enlarged by another's decoder. Load it without")


def _described(model: Model) -> tuple[PageModel, list[str]]:
    generator = model.generator
    described = PageModel(
        kind="session",
        size=(model.shape.width, model.shape.height),
        colours=model.shape.channels,
        latents=generator.latent_dim,
        classes=[one_line(name) for name in model.class_names],
        counts=list(model.class_counts.values()) or [1] * generator.classes,
        fingerprint=model.fingerprint(),
        seeds=SEED_RULE,
        check=_check(model),
    )
    if not (has_own_viewer(model) and isinstance(generator, CREPSGenerator)):
        return described, []
    table, pieces = as_text(effective_weights(generator))
    return replace(described, kind="coordinates", creps=creps_settings(generator), tensors=table), pieces


@torch.no_grad()
def _check(model: Model, seed: int = 1) -> Check:
    label = 0 if model.generator.classes else None
    w, sides = model.styles([seed], label=label), model.shape.size
    down, right = (np.linspace(0, side - 1, min(side, _CHECKED)).round().astype(int) for side in sides)
    rows, cols, at = torch.zeros(0), torch.zeros(0), np.zeros(0, int)
    if has_own_viewer(model):
        rows, cols = (axis[where] for axis, where in zip(full_grid(*sides), (down, right), strict=True))
        pixels = to_stored(model.decode(model.generator.synthesis(w, Grid(rows, cols)), noise=0.0))[0]
    else:
        whole = to_stored(model.decode(model.generator.synthesis(w), noise=model.assumed_noise))[0]
        pixels, at = whole[down][:, right], down[:, None] * model.shape.width + right
    return Check(seed, label or 0, rows.tolist(), cols.tolist(), at.ravel().tolist(), _rgba(pixels).ravel().tolist())


def _rgba(pixels: np.ndarray) -> np.ndarray:
    """(h, w, C) -> (h, w, 4), grey repeated."""
    if pixels.shape[2] == 4:
        return pixels
    colours = pixels if pixels.shape[2] == 3 else pixels.repeat(3, axis=2)
    return np.concatenate([colours, np.full_like(pixels[..., :1], 255)], axis=2)


def _own_licence() -> str:
    try:
        found = distribution("frugan").read_text("licenses/LICENSE")
    except PackageNotFoundError:
        found = None
    if found is None:
        raise RunError("frugan's licence, which goes into the folder, is not installed. Install it: pip install .")
    return found
