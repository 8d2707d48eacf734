"""The worked examples of CONTRIBUTING.md do what they promise: one file and one setting, nothing else."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from frugan.config.schema import RunConfig
from frugan.config.yaml import dump, override, parse
from frugan.runs.prepare import create_run, prepare
from frugan.runs.train import train_part

GUIDE = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text()
EXAMPLES = dict(re.findall(r"```python\n# src/(frugan/\w+/\w+)\.py\n(.*?)```", GUIDE, re.DOTALL))
SETTINGS = re.findall(r"--set '(sampler\.(?:loss|stabilizer)=.*?)'", GUIDE)


@pytest.fixture(autouse=True)
def written_files(tmp_path: Path) -> Iterator[None]:
    """Each example as the module that its first line names."""
    for place, text in EXAMPLES.items():
        name, file = place.replace("/", "."), tmp_path / f"{Path(place).name}.py"
        file.write_text(text)
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    yield
    for place in EXAMPLES:
        del sys.modules[place.replace("/", ".")]


def test_there_are_examples_with_a_setting_each() -> None:
    assert len(EXAMPLES) == len(SETTINGS) == 2


@pytest.mark.parametrize("setting", SETTINGS)
def test_an_example_trains_from_its_setting(setting: str, tiny_config: RunConfig, tmp_path: Path) -> None:
    config = override(tiny_config, [setting, "decoder=null", "sampler.schedule.kimg=0.032"])
    assert parse(dump(config), "config.yaml") == config
    run = create_run(prepare(config, lambda sentence: None), tmp_path / "run", replace=False)
    assert train_part(run, "sampler")
    line = run.part("sampler").train_log.read()[-1]
    assert line["discriminator_loss"] > 0
    if "reach" in setting:
        assert 0 < line["stabilizer_reach"] < 0.3
