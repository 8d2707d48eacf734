"""Help, listings and wrong arguments answer at once: torch takes seconds to load, and is not loaded for them."""

import subprocess
import sys

import pytest

from frugan.cli import VERBS

WRONG = [
    ("train", "--nonsense"),
    ("train", "x", "--recipe", "quikstart"),
    ("train", "x", "--config", "/no/such.yaml"),
    ("train", "x", "--from", "/no/such/run"),
    ("train", "x", "--allow-package", "no_such_package_here"),
    ("resume", "/no/such/run"),
    ("finetune", "/no/such/run", "--out", "x"),
    ("sample", "/no/such/run", "--out", "x"),
    ("sample", ".", "--out", "x", "--seeds", "3-1"),
    ("sample", ".", "--out", "x.png"),
    ("sample", ".", "--out", "x", "--trunc", "-1"),
    ("sample", ".", "--out", "x", "--halvings", "1"),
    ("render", "/no/such/run", "--out", "x.png"),
    ("render", ".", "--out", "x.gif"),
    ("render", ".", "--out", "x.png", "--tile", "10"),
    ("render", ".", "--out", "x.png", "--crop", "0,0,1"),
    ("video", ".", "--out", "x", "--fps", "0"),
    ("evaluate", "/no/such/run"),
    ("evaluate", ".", "--upsample"),
    ("evaluate", ".", "--consistency", "16,32", "--trunc", ".5"),
    ("sweep", ".", "--reject", "2"),
    ("evaluate-decoder", "/no/such/run"),
    ("upscale", "/no/such.png", "--decoder", "."),
    ("import", "/no/such.pkl", "--out", "x"),
    ("report", "/no/such/run"),
    ("studio", "/no/such/folder"),
    ("studio", ".", "--port", "70000"),
    ("study", "no-such-study"),
    ("recipes", "quikstart"),
    ("data", "chekc", "x"),
]


def answers_without_torch(*arguments: str) -> int:
    program = f"""
import sys
from frugan.cli import main
try:
    code = main({list(arguments)!r})
except SystemExit as end:
    code = int(end.code or 0)
assert "torch" not in sys.modules, "torch was loaded"
sys.exit(code)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "torch was loaded" not in result.stderr, arguments
    assert "Traceback" not in result.stderr, result.stderr
    return result.returncode


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb(verb: str) -> None:
    assert answers_without_torch(verb, "--help") == 0


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_arguments(arguments: tuple[str, ...]) -> None:
    assert answers_without_torch(*arguments) == 2


def test_listings() -> None:
    assert answers_without_torch("recipes") == 0
    assert answers_without_torch() == 2
