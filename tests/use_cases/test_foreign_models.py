"""A model folder from a stranger: nothing that it holds leaves the output folder, hangs, or moves the cursor."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import frugan
from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.model.folder import ModelDescription
from frugan.model.weights import write_weights
from frugan.networks.stylegan2 import StyleGAN2Generator

ESCAPES = "\x1b]0;owned\x07\x1b[2J"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Whose classes are called as paths, and as escape sequences."""
    names = [str(tmp_path / "absolute" / "X"), "../../../../X", "..", "", ESCAPES, "daisy"]
    spec = Spec(StyleGAN2Generator, latent_dim=8, style_dim=8, channel_max=8, classes=len(names))
    folder = tmp_path / "model"
    info = {"data": {"class_counts": dict.fromkeys(names, 5)}}
    ModelDescription(spec, Spec(IdentityCodec), None, (3, 16, 16), ImageShape.square(16), info=info).write(folder)
    torch.manual_seed(0)
    write_weights(folder / "generator.safetensors", spec.build(code_shape=(3, 16, 16)))
    return folder


def everything(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_names_of_classes_never_become_paths(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "a" / "b" / "c" / "out"
    before = everything(tmp_path)
    assert main(["sample", str(model), "--each-class", "--seeds", "0", "--out", str(out)]) == 0
    made = everything(tmp_path) - before
    assert len(made) == 6
    assert all(path.parent.parent == out for path in made)
    assert (out / "daisy" / "seed0000.png") in made
    capsys.readouterr()
    assert main(["sample", str(model), "--class", "diasy", "--seeds", "0", "--out", str(out)]) == 2
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize("file", ["config.json", "generator.safetensors"])
def test_a_pipe_in_place_of_a_file_is_refused_at_once(
    model: Path, file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (model / file).unlink()
    os.mkfifo(model / file)
    assert main(["sample", str(model), "--seeds", "0", "--out", str(tmp_path / "out")]) == 2
    assert "is not a regular file" in capsys.readouterr().err


def test_weights_that_are_no_numbers_are_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = load_file(model / "generator.safetensors")
    name = next(name for name, tensor in weights.items() if tensor.is_floating_point())
    weights[name].view(-1)[0] = torch.nan
    save_file(weights, model / "generator.safetensors")
    weights |= {"extra": torch.zeros(2).to(torch.float8_e4m3fn)}  # of which torch knows little
    save_file(weights, model / "generator.safetensors")
    for verb in (["evaluate", str(model), "--data", "noto-people"], ["sample", str(model), "--out", str(model / "x")]):
        assert main(verb) == 2
        assert f"{name} holds NaN" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["[" * 10_000, "", "null", '{"format": 1}', "\ud800".encode("utf-8", "surrogatepass")])
def test_a_damaged_description_is_a_sentence(model: Path, text: str | bytes) -> None:
    (model / "config.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(frugan.UserError, match=r"config\.json"):
        frugan.load(model)


def test_the_system_says_no_in_a_sentence(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for out in (file / "below", tmp_path / ("x" * 300), Path("/proc/nothing/here")):
        assert main(["sample", str(model), "--seeds", "0", "--out", str(out)]) in (1, 2)
        said = capsys.readouterr().err
        assert said.startswith("frugan: ")
        assert "Traceback" not in said
