"""Exported pages, in a real browser without a network: they draw what Python draws, and say what they cannot."""

import base64
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from frugan import export_web
from frugan.exporting.scripts import page_file
from frugan.model.model import Model
from frugan.model.seeds import seed_labels, seed_latents
from frugan.ops.view import View
from frugan.rendering.tile import Window, draw_tile
from frugan.writing.pictures import to_stored

from .models import CHAINS, SAMPLERS, small_creps

Page = Any  # Playwright's
QUICK = "scale=60"  # few tiles to wait for


CASES: dict[str, Callable[[], Model]] = {
    "plain": small_creps,
    "classes, styled decoders, phases": lambda: small_creps(classes=3, modulated_decoders=True, separate_axes=True),
    "grey, bi-line": lambda: small_creps((1, 16, 16), layerwise=False),
    "RGBA 12 x 20, no decoders": lambda: small_creps((4, 12, 20), decodes=False, line_channels=5),
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


@pytest.mark.parametrize(
    ("name", "by", "seed", "truncation"),
    [(name, "JavaScript", 4294967295, 0.6) for name in CASES]
    + [("classes, styled decoders, phases", "WebGL2", 7, 1.0), ("RGBA 12 x 20, no decoders", "WebGL2", 8, 0.9)],
)
def test_a_seed_is_the_picture_that_python_draws(
    page: Page, tmp_path: Path, name: str, by: str, seed: int, truncation: float
) -> None:
    made = CASES[name]()
    opened(page, f"{exported(made, tmp_path / 'page')}#seed={seed}&truncation={truncation}&by={by}&{QUICK}")
    assert f"{by} draws, as in Python. First picture after" in page.locator("#state", has_text="First").inner_text()
    expected = to_stored(made.sample([seed], truncation))[0]
    found = off(downloaded(page), expected)
    assert (found <= 1).mean() >= 0.999, found.max()
    assert expected.std() > 5


def test_on_the_way_latents_keep_their_variance(page: Page, tmp_path: Path) -> None:
    made = small_creps()
    opened(page, f"{exported(made, tmp_path / 'page')}#seed=1&other=2&part=0.25&by=JavaScript&{QUICK}")
    first, second = seed_latents([1, 2], 8)
    w = made.generator.mapping((0.75 * first + 0.25 * second)[None] / (0.75**2 + 0.25**2) ** 0.5)
    expected = to_stored(made.decode(made.generator.synthesis(w), noise=0.0))[0]
    assert off(downloaded(page), expected).max() <= 1
    page.get_by_label("Width in pixels").fill("300")
    larger = View(300, 300, (16, 16), fit="stretch", centres=True)
    expected = to_stored(draw_tile(made.generator, w, larger, Window(0, 0, 300, 300))[None])[0]
    assert off(downloaded(page), expected).max() <= 1


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


@pytest.mark.parametrize(
    ("by", "whole", "x", "y"),
    [
        ("JavaScript", 256, 10_000.0, -9_999.0),
        ("WebGL2", 256, 10_000.0, -9_999.0),
        ("JavaScript", 2**20, 0.3125, 0.71875),
    ],
    ids=["10,000 pictures away", "10,000 pictures away, WebGL2", "at the limit of zoom"],
)
def test_far_and_deep_it_draws_what_tiles_of_python_show(
    page: Page, tmp_path: Path, by: str, whole: int, x: float, y: float
) -> None:
    made = small_creps(bandwidth=5.0)
    opened(page, f"{exported(made, tmp_path / 'page')}#seed=3&x={x}&y={y}&scale={whole}&by={by}")
    found = seen(page)
    height, width = found.shape[:2]
    view = View(whole, whole, (16, 16), fit="stretch", centres=True)
    window = Window(round(y * whole) - height // 2, round(x * whole) - width // 2, height, width)
    expected = to_stored(draw_tile(made.generator, made.styles([3]), view, window)[None])[0]
    assert off(found, expected).max() <= 1


def test_smaller_than_its_own_size_pixels_are_means_of_samples(page: Page, tmp_path: Path) -> None:
    made = small_creps((3, 128, 128), levels=1)
    page.set_viewport_size({"width": 200, "height": 500})  # two tiles
    opened(page, f"{exported(made, tmp_path / 'page')}#seed=3&x=2&y=4&scale=64&by=JavaScript")
    found = seen(page)
    height, width = found.shape[:2]
    view = View(64, 64, (128, 128), fit="stretch", centres=True, supersample=2)
    window = Window(256 - height // 2, 128 - width // 2, height, width)
    expected = to_stored(draw_tile(made.generator, made.styles([3]), view, window)[None])[0]
    assert off(found, expected).max() <= 1


def test_zoom_ends_where_nothing_is_left_to_see(page: Page, tmp_path: Path) -> None:
    opened(page, f"{exported(small_creps(), tmp_path / 'page')}#scale={2**19}&by=JavaScript")
    shown, canvas = page.locator(".scale"), page.locator("#viewer canvas")
    page.locator(".scale", has_text="less than two grey levels are left").wait_for()
    before = page.url
    canvas.press("+")
    canvas.press("+")
    assert page.url == before
    page.evaluate("location.hash = 'seed=2&scale=60'")
    page.locator(".scale", has_not_text="grey levels").wait_for()
    is_ready(page)
    canvas.press("+")
    assert "scale=90" in page.url
    assert "seed=2" in page.url
    assert "times its own size" in shown.inner_text()


def test_a_card_that_draws_something_else_is_not_used(page: Page, tmp_path: Path) -> None:
    address, script = exported(small_creps(), tmp_path / "page"), tmp_path / "page" / "model.js"
    opened(page, f"{address}#{QUICK}")
    assert re.search("(JavaScript|WebGL2) draws, as in Python", page.locator("#state").inner_text())
    before, text = script.read_text().split(" = ", 1)
    written = json.loads(text.removesuffix(";\n"))
    description = json.loads(written["description"])
    drawn = description["check"]["pixels"]
    drawn[0] = (drawn[0] + 128) % 256
    written["description"] = json.dumps(description)
    script.write_text(f"{before} = {json.dumps(written)};\n")
    opened(page, f"{address}#{QUICK}")
    page.get_by_text("JavaScript draws, up to 128.0 grey levels off Python's").wait_for()
    page.goto("about:blank")
    page.goto(f"{address}#by=WebGL2")
    page.get_by_text("draws something else than the model: it is 128.0 levels off").wait_for()


def test_pictures_are_kept_opened_and_removed(page: Page, tmp_path: Path) -> None:
    address = exported(small_creps(), tmp_path / "page")
    opened(page, f"{address}#seed=5&by=JavaScript&{QUICK}")
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Open Seed 5").wait_for()
    page.get_by_label("Seed", exact=True).fill("6")
    page.keyboard.press("Tab")
    assert "seed=6" in page.url
    page.reload()
    page.get_by_role("button", name="Open Seed 5").click()
    assert page.get_by_label("Seed", exact=True).input_value() == "5"
    assert "seed=5" in page.url
    page.get_by_role("button", name="Remove Seed 5").click()
    page.get_by_text("Pictures that you keep stand here").wait_for()


def test_it_has_names_and_contrast_fits_a_phone_and_shows_text_of_strangers_as_text(page: Page, tmp_path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
    made = small_creps(classes=2)
    made.class_counts = {"__proto__": 1, "<b>'\u202e</script>": 2}
    made.info = {"recipe": "<script>alert(1)</script>", "licence": "CC0", "data": {"source": "<i>a</i>" * 40, "n": {}}}
    opened(page, f"{exported(made, tmp_path / 'page')}#by=JavaScript&{QUICK}")
    assert page.get_by_role("heading", level=1).inner_text() == "<script>alert(1)</script>"
    page.get_by_label("Class").select_option("__proto__")
    assert "label=0" in page.url
    assert page.get_by_label("Class").inner_text().splitlines()[2] == r"<b>'\u202e</script>"
    page.get_by_text("About this model").click()
    for width, scheme in ((360, "light"), (360, "dark"), (2560, "light")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
        found = axe.Axe().run(page, options={"preload": False}).response["violations"]  # it would ask for styles
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], (width, scheme)


def test_random_numbers_are_those_of_numpy(page: Page) -> None:
    page.goto("about:blank")
    seeds, counts = [0, 1, 7, 123456789, 4294967295], [3, 1, 4, 1, 5]
    program = """async ([text, seeds, counts]) => {
        const { Twister, latents, seedLabel } = await import("data:text/javascript," + encodeURIComponent(text));
        return seeds.map((seed) => {
            const random = Twister.ofSeed(seed), normal = Array.from({ length: 1300 }, () => random.normal());
            return [normal, [...latents(seed, 700)], seedLabel(seed, counts)];
        });
    }"""
    for seed, (normal, latents, label) in zip(
        seeds, page.evaluate(program, [page_file("random.js"), seeds, counts]), strict=True
    ):
        expected = np.random.RandomState(seed).randn(1300)
        assert np.abs(np.array(normal) / expected - 1).max() < 1e-15  # logarithms differ in their last bit
        assert np.array_equal(np.float32(latents), np.float32(expected[:700]))
        assert label == int(seed_labels([seed], counts)[0])


RUNTIME = os.environ.get("FRUGAN_ORT", "")
SITE = "http://model.test/"
CHAINED = ["stylegan2", "dcgan, haar of RGBA", "dcgan, bior2.2, srresnet", "creps, bior2.2, gated"]


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
@pytest.mark.parametrize("name", CHAINED if "FRUGAN_ALL_EXPORTS" in os.environ else CHAINED[:1])
def test_other_models_run_in_onnxruntime_web(page: Page, tmp_path: Path, name: str) -> None:
    torch.manual_seed(0)
    made = (SAMPLERS | CHAINS)[name]()
    assert export_web(made, tmp_path / "page", RUNTIME).difference <= 1
    opened(page, f"{hosted(page, tmp_path / 'page')}#seed=7&truncation=0.8")
    assert "onnxruntime-web draws, as in Python" in page.locator("#state").inner_text()
    found = off(downloaded(page), to_stored(made.sample([7], 0.8))[0])
    assert (found <= 1).mean() >= 0.999, found.max()
