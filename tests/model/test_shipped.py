"""The models inside the package: whole, as they were trained, small, and at hand by their names."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import frugan
from frugan.cli import main
from frugan.model.place import SHIPPED, model_place, shipped_folder


def test_weights_are_those_that_were_trained() -> None:
    hashes = json.loads((shipped_folder() / "hashes.json").read_text())
    found = {
        str(file.relative_to(shipped_folder())): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in shipped_folder().glob("*/*.safetensors")
    }
    assert found == hashes
    assert {name.split("/")[0] for name in found} == set(SHIPPED)
    assert sum(file.stat().st_size for file in shipped_folder().rglob("*")) < 8e6


@pytest.mark.parametrize("name", SHIPPED)
def test_cards_say_where_they_come_from(name: str) -> None:
    card = (shipped_folder() / name / "README.md").read_text()
    assert "license: apache-2.0" in card
    assert "to be filled in" not in card
    assert "noto-people" in card


def test_a_picture_by_name_from_anywhere(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "frugan", "sample", "noto-people", "--seeds", "5", "--out", "people"]
    subprocess.run(command, cwd=tmp_path, check=True, env=os.environ, capture_output=True)
    (file,) = (tmp_path / "people").iterdir()
    drawn = np.asarray(Image.open(file)).astype(float)
    expected = frugan.load("noto-people").sample([5])[0].permute(1, 2, 0).numpy() * 127.5 + 127.5
    assert np.abs(drawn - expected).max() <= 0.51  # rounded to whole levels
    assert drawn.std() > 30


def test_the_same_picture_at_two_sizes_by_name(tmp_path: Path) -> None:
    sizes = (64, 128)
    for side in sizes:
        out = tmp_path / f"{side}.png"
        assert main(["render", "noto-people-any", "--seed", "9", "--size", f"{side}x{side}", "--out", str(out)]) == 0
    small, large = (np.asarray(Image.open(tmp_path / f"{side}.png")).astype(float) for side in sizes)
    assert large.std() > 30
    # Coordinates reach from edge to edge: every second of the larger picture's is near the smaller one's.
    error = (large.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3)) - small)[4:-4, 4:-4]
    assert 10 * np.log10(255**2 / (error**2).mean()) > 25


def test_a_folder_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_place("noto-people") == shipped_folder() / "noto-people"
    (tmp_path / "noto-people").mkdir()
    assert model_place("noto-people") == Path("noto-people")
