"""A run appears whole or not at all, and is never pulled away from under its training."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from frugan.config.schema import RunConfig
from frugan.runs.environment import DataFacts, Environment
from frugan.runs.folder import RunFolder, is_run
from frugan.system.errors import RunError, UserError
from frugan.system.lock import exclusive
from frugan.system.machine import Machine

ENV = Environment(Machine("1", "2", "cpu", "cpu"), DataFacts("photos", 9, "f"), "now", "identity")
KILLED = """
import os, sys
from pathlib import Path
from frugan.config.yaml import parse
from frugan.runs.folder import RunFolder
from frugan.system import atomic
sys.path.insert(0, sys.argv[3])
from test_folder import ENV
calls = 0
def dies(name, original):
    def call(*a, **k):
        global calls
        calls += 1
        if calls > int(sys.argv[2]):
            os._exit(9)
        return original(*a, **k)
    return call
for name in ("mkdir", "rename", "replace", "fsync", "rmdir", "unlink"):
    setattr(os, name, dies(name, getattr(os, name)))
path = Path(sys.argv[1])
RunFolder.create(path, parse(Path(sys.argv[4]).read_text(), "c"), ENV, lambda run: None, replace=True)
print(calls)
"""


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


@pytest.mark.parametrize("replaces", [False, True])
def test_a_start_that_is_killed_anywhere_leaves_a_whole_run_or_none(
    tiny_config: RunConfig, tmp_path: Path, replaces: bool
) -> None:
    path, file = tmp_path / "run", tmp_path / "config.yaml"
    create(tmp_path / "other", tiny_config).config_file.rename(file)
    for calls in range(0, 45, 6):
        if replaces:
            create(path, tiny_config, replace=True)
        command = [sys.executable, "-c", KILLED, str(path), str(calls), str(Path(__file__).parent), str(file)]
        code = subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode
        assert code in (0, 9)
        assert not path.exists() or (is_run(path) and RunFolder.open(path).env() == ENV)
        create(path, tiny_config, replace=True)  # the next start works, and tidies
        assert sorted(os.listdir(tmp_path)) == ["config.yaml", "other", "run"]
        if code == 0:
            break
    else:
        pytest.fail("it never ran to its end")
