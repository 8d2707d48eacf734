"""Each page as a person walks it, in a real browser: by mouse and keyboard, without one error in its console.

Needs Chromium: /usr/bin/chromium, or the path in $FRUGAN_CHROMIUM. Without it these tests are skipped, and say so.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="the page is walked with Playwright: pip install playwright"
)
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
CHROMIUM = Path(os.environ.get("FRUGAN_CHROMIUM", "/usr/bin/chromium"))
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}: install chromium, or set FRUGAN_CHROMIUM to its path"
)
SECONDS = 60_000
TOLERABLE = ("minor", "moderate")


@pytest.fixture(scope="module")
def link(world: Path) -> Iterator[str]:
    command = [sys.executable, "-u", "-m", "frugan", "studio", str(world), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    yield re.search(r"http://\S+", process.stdout.readline())[0]  # type: ignore[union-attr, index]
    process.terminate()
    said, _ = process.communicate(timeout=60)
    assert "Traceback" not in said, said


@pytest.fixture(scope="module")
def browser() -> "Iterator[sync_api.Browser]":
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


def is_wrong(message: "sync_api.ConsoleMessage") -> bool:
    """Browsers note refused requests by themselves; the page tells the person."""
    return message.type in ("error", "warning") and "status of 400" not in message.text


@pytest.fixture
def page(browser: "sync_api.Browser", link: str) -> "Iterator[sync_api.Page]":
    context = browser.new_context(base_url=link, viewport={"width": 800, "height": 600})
    context.set_default_timeout(SECONDS)
    opened, said = context.new_page(), []
    opened.on("console", lambda message: said.append(message.text) if is_wrong(message) else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on(
        "request", lambda request: said.append(request.url) if not request.url.startswith((link, "blob:")) else None
    )
    yield opened
    context.close()
    assert said == []


PAGES = {
    "/": "Runs, models and studies",
    "/new": "New run",
    "/run?place=0/tiny": "tiny",
    "/explore?place=0/tiny": "Explore: tiny",
    "/zoom?place=0/creps": "Zoom: creps",
    "/enlarge": "Enlarge a photo",
    "/compare?places=0/tiny,0/creps": "Compare",
    "/study?place=0/study": "study",
    "/jobs": "Jobs",
}


@pytest.mark.parametrize("path", PAGES)
def test_it_has_names_contrast_and_fits_a_phone(page: "sync_api.Page", path: str) -> None:
    page.goto(path)
    page.get_by_role("heading", level=1, name=PAGES[path]).wait_for()
    page.wait_for_timeout(300)
    for width, scheme in ((360, "light"), (360, "dark"), (2560, "light")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
        found = axe.Axe().run(page).response["violations"]
        serious = [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] not in TOLERABLE]
        assert serious == [], (width, scheme)


def test_home_is_searched_and_leads_on(page: "sync_api.Page") -> None:
    page.goto("/")
    page.get_by_role("link", name="creps", exact=True).wait_for()
    page.get_by_role("searchbox").fill("tiny")
    page.get_by_role("link", name="creps", exact=True).wait_for(state="detached")
    page.reload()
    page.get_by_role("link", name="tiny", exact=True).click()
    page.get_by_role("heading", name="Samples over time").wait_for()
    page.locator("figure svg.chart").first.wait_for()


def test_explore_opens_pictures_varies_and_keeps_them(page: "sync_api.Page", world: Path) -> None:
    page.goto("/explore?place=0/creps")
    page.get_by_role("button", name="Seed 3 3").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="Seed 3", exact=True).wait_for()
    dialog.get_by_role("button", name=re.compile("varied by 0.35")).first.click()
    dialog.get_by_role("heading", name=re.compile("varied by")).wait_for()
    dialog.get_by_label("Seeds of one to three others").fill("5, 9")
    page.keyboard.press("Tab")
    dialog.get_by_role("button", name=re.compile("100 % of 5")).click()
    dialog.get_by_label("Its seed").fill("8")
    page.keyboard.press("Tab")
    dialog.get_by_role("heading", name=re.compile("with layers")).wait_for()
    dialog.get_by_label("Name").fill("<b>Ann</b>")
    dialog.get_by_role("button", name="Keep as favourite").click()
    page.get_by_text("Kept as <b>Ann</b>.").wait_for()
    assert "seed=3" in page.url
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "seed=3" not in url)
    page.reload()
    page.get_by_role("button", name="Remove <b>Ann</b>").wait_for()
    page.get_by_role("button", name="Remove <b>Ann</b>").click()
    page.get_by_role("heading", name="Favourites").wait_for(state="hidden")


def test_zoom_by_wheel_drag_and_keys_comes_back_by_its_address(page: "sync_api.Page", link: str) -> None:
    page.goto("/zoom?place=0/creps&seed=4")
    canvas = page.get_by_role("img", name=re.compile("Picture of seed 4"))
    page.wait_for_selector('.viewer[aria-busy="false"]')
    canvas.hover()
    page.mouse.wheel(0, -400)
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 340, box["y"] + 250, steps=3)
    page.mouse.up()
    canvas.focus()
    for key in ("ArrowLeft", "+", "[", "["):
        page.keyboard.press(key)
    page.wait_for_url(re.compile("angle=10"))
    page.wait_for_selector('.viewer[aria-busy="false"]')
    shown, address = page.locator(".scale").inner_text(), page.url
    assert "turned by 10 degrees" in shown
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector('.viewer[aria-busy="false"]')
    assert page.locator(".scale").inner_text() == shown
    page.get_by_label("Width in pixels").fill("64")
    page.get_by_role("button", name="Save this view").click()
    page.get_by_text("Saving as 0/saved/creps-seed4.png").wait_for()
    page.get_by_role("link", name="Jobs").last.click()
    page.get_by_role("link", name="Download").first.wait_for()


def test_zoom_ends_where_there_is_nothing_more_to_see(page: "sync_api.Page") -> None:
    page.goto("/zoom?place=0/creps&outside=mask#x=9&y=9&scale=2000&angle=0")  # there is nothing
    page.get_by_text("less than two grey levels are left").wait_for()
    before = page.url
    page.get_by_role("img", name=re.compile("Picture of")).focus()
    page.keyboard.press("+")
    assert page.url == before


def test_a_photo_is_enlarged_and_survives_a_reload(page: "sync_api.Page", world: Path) -> None:
    page.goto("/enlarge")
    page.get_by_label("Drop a photo here").set_input_files(world / "photos" / "00.png")
    page.get_by_text("The photo is there").wait_for()
    page.get_by_role("button", name="Enlarge").click()
    page.get_by_role("img", name="After: enlarged").wait_for()
    page.reload()
    page.get_by_role("img", name="After: enlarged").wait_for()
    page.get_by_label("Before, on the left").fill("20")
    assert page.locator(".both").evaluate("e => e.style.getPropertyValue('--at')") == "20%"
    size = page.get_by_role("img", name="After: enlarged").evaluate("e => [e.naturalWidth, e.naturalHeight]")
    assert size == [256, 256]


def test_compared_pictures_zoom_together(page: "sync_api.Page") -> None:
    page.goto("/compare?places=0/tiny,0/creps")
    scales = page.locator(".viewer .scale")
    sync_api.expect(page.locator('.viewer[aria-busy="false"]')).to_have_count(2, timeout=SECONDS)
    before = scales.all_inner_texts()
    page.get_by_role("img", name=re.compile("tiny, seed 0.")).first.focus()
    page.keyboard.press("-")
    for i, text in enumerate(before):
        sync_api.expect(scales.nth(i)).not_to_have_text(text, timeout=SECONDS)
    page.get_by_role("rowheader", name="codec.levels").wait_for()
    choice = page.get_by_label("Compare with a snapshot of tiny")
    choice.select_option(index=1)
    sync_api.expect(page.locator('.viewer[aria-busy="false"]')).to_have_count(3, timeout=SECONDS)
    page.get_by_role("columnheader", name=re.compile("tiny at .* kimg")).first.wait_for()
    assert "%40" in page.url or "@" in page.url  # the address brings it back
    page.get_by_role("button", name=re.compile("Leave out tiny at")).click()
    sync_api.expect(page.locator(".viewer")).to_have_count(2, timeout=SECONDS)


def test_a_new_run_is_checked_started_watched_and_stopped(page: "sync_api.Page", world: Path) -> None:
    page.goto("/new")
    page.get_by_text("Or drop pictures or a zip here").click()
    page.get_by_label("Name of the new data set").fill("dropped")
    page.get_by_label("Drop pictures, or one zip").set_input_files(sorted((world / "photos").glob("0*.png")))
    page.get_by_text("10 files are there.").wait_for()
    assert page.get_by_label("Path of a folder or a zip").input_value() == str(world / "dropped")
    page.get_by_role("button", name="Check these images").click()
    page.get_by_role("link", name="Open the page").wait_for()
    page.get_by_label("Path of a folder or a zip").fill("photos")
    page.get_by_label("Resolution in pixels").fill("64")
    page.get_by_label("Minutes of training").fill("30")
    page.get_by_label("Name of the run").fill("begun")
    page.reload()  # nothing is lost
    assert page.get_by_label("Name of the run").input_value() == "begun"
    page.get_by_role("button", name="Start the training").click()
    page.wait_for_url(re.compile("/run"))
    page.get_by_role("button", name=re.compile("Stop: Train begun")).first.click()
    page.get_by_text("stopped").first.wait_for()


def test_wrong_input_is_told_in_a_sentence(page: "sync_api.Page") -> None:
    page.goto("/new")
    page.get_by_label("Path of a folder or a zip").fill("photos")
    page.get_by_label("Name of the run").fill("tiny")
    page.get_by_role("button", name="Start the training").click()
    page.get_by_role("status").get_by_text("name tiny: there is such a file or folder already").wait_for()
