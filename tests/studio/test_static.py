"""What is shipped for the browser: plain modules, small, of our own; and what is said where the extra is missing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import frugan.html
import frugan.studio

STATIC = Path(frugan.studio.__file__).parent / "static"
SHARED = Path(frugan.html.__file__).parent / "browser"
MODULES = sorted([*STATIC.glob("*.js"), *SHARED.glob("*.js")])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_are_small_and_never_make_markup_of_text(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 350
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert not re.search(r"https?://", text)
    for name in re.findall(r'from "(.+?)"', text):
        assert (STATIC / name).is_file() or (SHARED / name).is_file(), name


def test_the_viewer_depends_on_the_dom_alone() -> None:
    text = (SHARED / "viewer.js").read_text()
    assert not re.search(r"^import|import\(|/api/|fetch\(\s*[\"'`/]", text, re.M)


def test_without_the_extra_one_sentence_says_how_to_get_it(tmp_path: Path) -> None:
    program = f"""
import sys
sys.modules["starlette"] = sys.modules["uvicorn"] = None
from frugan.cli import main
sys.exit(main(["studio", {str(tmp_path)!r}]))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.returncode == 2
    assert "pip install 'frugan[studio]'" in result.stderr
    assert "Traceback" not in result.stderr
