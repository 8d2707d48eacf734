"""A run appears whole or not at all, and is never pulled away from under its training."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from frugan.config.schema import RunConfig
from frugan.runs.environment import DataFacts, Environment
from frugan.runs.folder import RunFolder, is_run
from frugan.system.errors import RunError, UserError
from frugan.system.lock import exclusive
from frugan.system.machine import Machine

ENV = Environment(Machine("1", "2", "cpu", "cpu"), DataFacts("photos", 9, "f"), "now", "identity")


def create(path: Path, config: RunConfig, *, replace: bool = False) -> RunFolder:
    return RunFolder.create(path, config, ENV, lambda run: None, replace=replace)


def test_a_run_that_is_still_training_is_not_replaced(tiny_config: RunConfig, tmp_path: Path) -> None:
    run = create(tmp_path / "run", tiny_config)
    with exclusive(run.part("decoder").lock_file, "held"), pytest.raises(RunError, match="is still training"):
        create(tmp_path / "run", tiny_config, replace=True)
    assert is_run(run.path)
    assert run.env().identity == "identity"
    (run.path / "report.html").write_text("old")
    assert not create(tmp_path / "run", tiny_config, replace=True).report_file.exists()
    with pytest.raises(UserError, match="already exists"):
        create(tmp_path / "run", tiny_config)


def killed_after(calls: int, path: Path, config: RunConfig) -> int:
    """Exit code of a process that makes a run, and dies at that call of the operating system; 0 if it has fewer."""
    child = os.fork()
    if child == 0:
        count = 0

        def dying(original: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **options: object) -> object:
                nonlocal count
                count += 1
                if count > calls:
                    os._exit(9)
                return original(*arguments, **options)

            return call

        for name in ("mkdir", "rename", "replace", "fsync", "rmdir", "unlink"):
            setattr(os, name, dying(getattr(os, name)))
        create(path, config, replace=True)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("replaces", [False, True])
def test_a_start_that_is_killed_anywhere_leaves_a_whole_run_or_none(
    tiny_config: RunConfig, tmp_path: Path, replaces: bool
) -> None:
    path = tmp_path / "run"
    for calls in range(100):
        if replaces:
            create(path, tiny_config, replace=True)
        code = killed_after(calls, path, tiny_config)
        assert code in (0, 9)
        assert not path.exists() or (is_run(path) and RunFolder.open(path).env() == ENV)
        create(path, tiny_config, replace=True)  # the next start works, and tidies
        assert os.listdir(tmp_path) == ["run"]
        if code == 0:
            assert calls > 5
            return
    pytest.fail("it never ran to its end")
