"""The decoder's process: how it ends decides whether the run is finished, and as what it failed."""

from pathlib import Path

import pytest

from frugan.requests.watching import SILENT, never
from frugan.runs import train
from frugan.runs.folder import RunFolder
from frugan.system.errors import DivergedError, RunError, UserError
from frugan.system.worker import DIVERGED, STOPPED


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (0, True),
        (STOPPED, False),  # by somebody else: what it saved is not the end of its schedule
        (DIVERGED, DivergedError),  # a study must not try it again
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
