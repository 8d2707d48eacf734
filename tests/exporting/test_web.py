"""Exported pages, in a real browser without a network: they draw what Python draws, and say what they cannot."""

import base64
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from frugan import export_web
from frugan.codecs.identity import IdentityCodec
from frugan.model.model import Model
from frugan.networks.creps import CREPSGenerator
from frugan.ops.view import View
from frugan.rendering.tile import Window, draw_tile
from frugan.writing.pictures import to_stored

from .models import CHAINS, LINES, SAMPLERS, model

Page = Any  # Playwright's
SMALL = LINES | {"channel_base": 256, "channel_max": 16, "thickness": 4}


def creps(shape: tuple[int, int, int] = (3, 16, 16), **settings: Any) -> Model:
    torch.manual_seed(0)
    made = model(CREPSGenerator(shape, **SMALL | settings), IdentityCodec())
    made.generator.map.average.normal_()
    return made


CASES: dict[str, Callable[[], Model]] = {
    "plain": creps,
    "classes, styled decoders, phases": lambda: creps(classes=3, modulated_decoders=True, separate_axes=True),
    "grey, bi-line": lambda: creps((1, 16, 16), layerwise=False),
    "RGBA 12 x 20, no decoders": lambda: creps((4, 12, 20), decodes=False, line_channels=5),
}


def exported(made: Model, folder: Path) -> str:
    export_web(made, folder)
    return (folder / "index.html").as_uri()


def opened(page: Page, address: str) -> None:
    page.goto("about:blank")  # else only the fragment would change
    page.goto(address)
    page.locator("#state", has_text="draws").wait_for()


def is_ready(page: Page) -> None:
    page.locator('#viewer[aria-busy="false"]').wait_for()


def downloaded(page: Page, button: str = "Download the picture") -> np.ndarray:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    return np.asarray(Image.open(io.BytesIO(Path(waiting.value.path()).read_bytes())))


def as_rgba(stored: np.ndarray) -> np.ndarray:
    """(h, w, C) as canvases hold it."""
    if stored.shape[2] == 4:
        return stored
    colours = np.repeat(stored, 3, axis=2) if stored.shape[2] == 1 else stored
    return np.concatenate([colours, np.full_like(colours[..., :1], 255)], axis=2)


def off(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Differences in levels; colours count as much as they are opaque, for canvases keep them multiplied."""
    both = [pixels.astype(float) for pixels in (found, as_rgba(expected))]
    colours = [pixels[..., :3] * pixels[..., 3:] / 255 for pixels in both]
    return np.abs(np.concatenate([colours[0] - colours[1], (both[0] - both[1])[..., 3:]], axis=2))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("by", ["JavaScript", "WebGL2"])
def test_a_seed_is_the_picture_that_python_draws(page: Page, tmp_path: Path, name: str, by: str) -> None:
    made = CASES[name]()
    address = exported(made, tmp_path / "page")
    for seed, truncation in ((7, 1.0), (4294967295, 0.6)):
        opened(page, f"{address}#seed={seed}&truncation={truncation}&by={by}")
        assert f"{by} draws, as in Python. First picture after" in page.locator("#state", has_text="First").inner_text()
        expected = to_stored(made.sample([seed], truncation))[0]
        found = off(downloaded(page), expected)
        assert found.shape[:2] == expected.shape[:2]
        assert (found <= 1).mean() >= 0.999, found.max()
        assert expected.std() > 5


def seen(page: Page) -> np.ndarray:
    """The viewer's canvas, (h, w, 4)."""
    is_ready(page)
    width, height, text = page.evaluate(
        """() => {
            const canvas = document.querySelector("#viewer canvas"), { width, height } = canvas;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            let text = "";
            for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
            return [width, height, btoa(text)];
        }"""
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


@pytest.mark.parametrize("by", ["JavaScript", "WebGL2"])
@pytest.mark.parametrize(
    ("whole", "x", "y"),
    [(256, 10_000.5, -9_999.25), (2**20, 0.3125, 0.71875)],
    ids=["10,000 pictures away", "at the limit of zoom"],
)
def test_far_and_deep_it_draws_what_tiles_of_python_show(
    page: Page, tmp_path: Path, by: str, whole: int, x: float, y: float
) -> None:
    made = creps(bandwidth=5.0)
    opened(page, f"{exported(made, tmp_path / 'page')}#seed=3&x={x}&y={y}&scale={whole}&by={by}")
    found = seen(page)
    height, width = found.shape[:2]
    view = View(whole, whole, (16, 16), fit="stretch", centres=True)
    window = Window(round(y * whole) - height // 2, round(x * whole) - width // 2, height, width)
    expected = to_stored(draw_tile(made.generator, made.styles([3]), view, window)[None])[0]
    assert off(found, expected).max() <= 1


RUNTIME = os.environ.get("FRUGAN_ORT", "")
SITE = "http://model.test/"


def hosted(page: Page, folder: Path) -> str:
    """The folder as a host of files has it; nothing else answers."""

    def answer(route: Any) -> None:
        kinds = {".js": "text/javascript", ".mjs": "text/javascript", ".html": "text/html", ".css": "text/css"}
        file = folder / route.request.url.removeprefix(SITE).split("#")[0]
        kind = kinds.get(file.suffix, "application/wasm" if file.suffix == ".wasm" else "application/octet-stream")
        route.fulfill(body=file.read_bytes(), content_type=kind)

    page.route(f"{SITE}**", answer)
    return f"{SITE}index.html"


@pytest.mark.skipif(not RUNTIME, reason="set FRUGAN_ORT to the folder dist of the unpacked npm package onnxruntime-web")
@pytest.mark.parametrize(
    "name", ["dcgan, bior2.2, srresnet", "creps, bior2.2, gated", "stylegan2", "dcgan, haar of RGBA"]
)
def test_other_models_run_in_onnxruntime_web(page: Page, tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    made = (SAMPLERS | CHAINS)[name]()
    export_web(made, tmp_path / "page", RUNTIME)
    opened(page, f"{hosted(page, tmp_path / 'page')}#seed=7&truncation=0.8")
    assert "onnxruntime-web draws, as in Python" in page.locator("#state").inner_text()
    found = off(downloaded(page), to_stored(made.sample([7], 0.8))[0])
    assert (found <= 1).mean() >= 0.999, found.max()
