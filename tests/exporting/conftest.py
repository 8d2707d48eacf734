"""A browser without a network, and pages that were exported for it.

Needs Chromium: /usr/bin/chromium, or the path in $FRUGAN_CHROMIUM. Without it these tests are skipped, and say so.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

CHROMIUM = Path(os.environ.get("FRUGAN_CHROMIUM", "/usr/bin/chromium"))
SECONDS = 60_000


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="pages are opened with Playwright: pip install playwright"
    )
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}: install chromium, or set FRUGAN_CHROMIUM to its path")
    with sync_api.sync_playwright() as playwright:
        # WebGL2 is computed by SwiftShader where there is no graphics card.
        arguments = ["--no-sandbox", "--enable-unsafe-swiftshader"]
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield opened
        opened.close()


def is_wrong(message: object) -> bool:
    """Chromium notes that reading pixels waits for the graphics card, which is what they are read for."""
    return message.type in ("error", "warning") and "GPU stall due to ReadPixels" not in message.text  # type: ignore[attr-defined]


@pytest.fixture
def page(chromium: object) -> Iterator[object]:
    """A page that may ask for files alone, and says nothing in its console."""
    context = chromium.new_context(viewport={"width": 360, "height": 500}, offline=True)  # type: ignore[attr-defined]
    context.set_default_timeout(SECONDS)
    opened, said = context.new_page(), []
    opened.on("console", lambda message: said.append(message.text) if is_wrong(message) else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on(
        "request",
        lambda asked: (
            said.append(asked.url)
            if not asked.url.startswith(("file:", "blob:", "data:", "http://model.test/"))
            else None
        ),
    )
    yield opened
    context.close()
    assert said == []
