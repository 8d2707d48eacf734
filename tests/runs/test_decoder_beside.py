"""The decoder's process: how it ends decides whether the run is finished, and as what it failed."""

from pathlib import Path

import pytest

from frugan.requests.watching import SILENT, never
from frugan.runs import train
from frugan.runs.folder import RunFolder
from frugan.system.errors import DivergedError, RunError, UserError
from frugan.system.worker import STOPPED


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, True),
        (STOPPED, False),  # by somebody else: what it saved is not the end of its schedule
        (train.DIVERGED, DivergedError),  # a study must not try it again
        (RunError.exit_code, RunError),
        (UserError.exit_code, UserError),
        (-9, RunError),
    ],
)
def test_its_exit_code_is_believed(
    trained_run: Path, code: int, outcome: bool | type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ended:
        log = Path("log")

        def __init__(self, *arguments: object) -> None:
            return

        def exit_code(self) -> int:
            return code

        def failed(self) -> bool:
            return code not in (0, STOPPED)

        def last_words(self) -> str:
            return "it said so"

    monkeypatch.setattr(train, "Worker", Ended)
    decoder = train._DecoderBeside(RunFolder.open(trained_run), 160)
    if isinstance(outcome, bool):
        assert decoder.finish(SILENT, never, stop=False) is outcome
        return
    with pytest.raises(outcome, match="it said so") as failed:
        decoder.finish(SILENT, never, stop=False)
    assert type(failed.value) is outcome


def test_a_decoder_that_diverges_says_so_by_its_exit_code(
    trained_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def diverges(*arguments: object, **options: object) -> bool:
        raise DivergedError("the loss became NaN")

    monkeypatch.setattr(train, "train_part", diverges)
    assert train.train_decoder(str(trained_run), should_stop=never) == train.DIVERGED
    assert "the loss became NaN" in capsys.readouterr().err
