"""A researcher's own package: let in by its owner for one process, and by nothing that is read."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from frugan.cli import main
from frugan.config.schema import EvaluationConfig, RunConfig
from frugan.config.yaml import dump, override
from frugan.system.errors import UserError

MODULE = '''
"""A generator, a discriminator, a loss, a stabilizer and a codec of somebody else's."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan import Codec, Discriminator, Generator, Stabilizer


class Linear(Generator):
    def __init__(self, code_shape, latent_dim: int = 4) -> None:
        super().__init__()
        self.code_shape, self.latent_dim = tuple(code_shape), latent_dim
        self.layer = nn.Linear(latent_dim, code_shape[0] * code_shape[1] * code_shape[2])

    def mapping(self, z, label=None):
        return z

    def synthesis(self, w, grid=None):
        return self.layer(w).tanh().unflatten(1, self.code_shape)


class Judge(Discriminator):
    def __init__(self, code_shape) -> None:
        super().__init__()
        self.layer = nn.Linear(code_shape[0] * code_shape[1] * code_shape[2], 1)

    def forward(self, code, label=None):
        return self.layer(code.flatten(1))[:, 0]


def hinged(real_logits: Tensor, fake_logits: Tensor) -> tuple[Tensor, Tensor]:
    return F.relu(1 - real_logits) + F.relu(1 + fake_logits), -fake_logits


class Darker(Stabilizer):
    def __init__(self, by: float = 0.5) -> None:
        super().__init__()
        self.by = by

    def forward(self, code):
        return code - self.by

    def strengths(self):
        return {"by": self.by}


class Halves(Codec):
    """Means of 2 x 2 pixels."""

    phase, base_name, description = "middle", "nearest", "means"

    def __init__(self, levels: int = 2, code_min: float = -1.0, code_max: float = 1.0) -> None:
        super().__init__(levels, code_min, code_max)

    def reduce(self, image, levels):
        return F.avg_pool2d(image, 2**levels)

    def enlarge(self, low):
        return F.interpolate(low, scale_factor=self.factor)
'''
SETTINGS = [
    "sampler.generator={class: my_networks.own.Linear}",
    "sampler.discriminator={class: my_networks.own.Judge}",
    "sampler.loss={class: my_networks.own.hinged}",
    "sampler.stabilizer={class: my_networks.own.Darker, by: 0.25}",
    "codec={class: my_networks.own.Halves}",
]


@pytest.fixture
def home(tmp_path: Path, tiny_config: RunConfig) -> Path:
    """A folder with the package and a configuration, as a person has them."""
    package = tmp_path / "my_networks"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "own.py").write_text(MODULE)
    few = EvaluationConfig(samples=8, preview_samples=4, preview_size=16)
    config = override(dataclasses.replace(tiny_config, decoder=None, evaluation=few), ["sampler.schedule.kimg=0.032"])
    (tmp_path / "tiny.yaml").write_text(dump(config))
    return tmp_path


def frugan(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command as it is installed: it does not look for packages in the current folder by itself."""
    command = [sys.executable, "-P", "-m", "frugan", *arguments]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": SOURCE})


SOURCE = str(Path(__file__).parents[2] / "src")


def test_its_classes_train_resume_and_sample_and_are_refused_without_the_flag(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train = ["train", "--config", "tiny.yaml", "--out", "run"] + [word for s in SETTINGS for word in ("--set", s)]
    monkeypatch.chdir(home)
    assert main(train) == 2  # in this process, which was let in nothing either, and must not wait for torch
    said = capsys.readouterr().err
    assert "If the package 'my_networks' is yours and you trust it, pass --allow-package my_networks" in said
    assert not (home / "run").exists()

    let_in = ["--allow-package", "my_networks"]
    trained = frugan(home, *train, *let_in)
    assert trained.returncode == 0, trained.stderr
    assert "class: my_networks.own.Linear" in (home / "run" / "config.yaml").read_text()
    assert frugan(home, "resume", "run", *let_in).returncode == 0
    assert frugan(home, "sample", "run", "--seeds", "0-1", "--out", "pictures", *let_in).returncode == 0
    assert len(list((home / "pictures").iterdir())) == 2

    # What was read let nothing in: each process must be told by its owner.
    refused = frugan(home, "resume", "run")
    assert refused.returncode == 2
    assert "--allow-package my_networks" in refused.stderr
    assert "Traceback" not in refused.stderr
    capsys.readouterr()
    for verb in (["resume", "run"], ["sample", "run", "--out", "more"], ["sample", "run/model", "--out", "more"]):
        assert main(verb) == 2
        assert "--allow-package my_networks" in capsys.readouterr().err


def test_python_lets_it_in_by_a_call(home: Path) -> None:
    program = """
import sys
import frugan
sys.path.insert(0, ".")
frugan.allow_package("my_networks")
from frugan import Spec
from frugan.config.shape import ImageShape
codec = Spec.from_dict({"class": "my_networks.own.Halves", "levels": 1}).build()
assert codec.code_shape(ImageShape.square(64)) == (3, 32, 32) and codec.factor == 2
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=home, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["", "os.path", "my-networks", "no_such_package_anywhere", "class"])
def test_what_is_no_package_cannot_be_let_in(name: str) -> None:
    from frugan import allow_package

    with pytest.raises(UserError, match="allow_package"):
        allow_package(name)


def test_a_configuration_cannot_let_anything_in(tiny_config: RunConfig) -> None:
    with pytest.raises(UserError, match=r"unknown setting|there is no"):
        override(tiny_config, ["allow_package=os"])
