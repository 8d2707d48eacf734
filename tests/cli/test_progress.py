"""What people see while they wait."""

import pytest

from frugan.cli import bars, progress
from frugan.requests.watching import Tick


def test_stages_are_told_now_and_then_where_no_terminal_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 4.0, 11.0, 11.0, 15.0])
    monkeypatch.setattr(progress._show_stage, "printed", 0.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    for done in (1, 2, 3, 4):
        progress._show_stage("images", done, 4)
    captured = capsys.readouterr()
    assert captured.err.split("\n") == ["  images: 3 of 4", ""]
    assert captured.out == ""


def test_a_tick_names_each_loss() -> None:
    tick = Tick("decoder", 500, 1000, 20.0, {"decoder_loss": 0.25})
    assert bars.describe(tick).split() == ["0.5", "kimg", "20", "img/s", "0:25", "left", "loss", "0.250"]
