"""End-to-end fine-tuning begins exactly at the run that it goes on with, moves all of it, and is an ordinary run."""

import shutil
from pathlib import Path

import pytest
import torch

import frugan
from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.config.yaml import override
from frugan.model.folder import ModelDescription
from frugan.model.weights import read_weights, write_weights
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import build_part
from frugan.system.errors import UserError
from frugan.training.loop import Hooks, run_loop

SHORT = ["--kimg", "0.032", "--set", "sampler.discriminator.width=4", "--set", "evaluation.samples=8"]


@pytest.fixture(scope="module")
def finetuned(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("finetuned") / "run"
    assert main(["finetune", str(trained_run), "--out", str(out), *SHORT]) == 0
    return out


def test_it_begins_with_the_very_same_pictures(trained_run: Path, finetuned: Path) -> None:
    before, after = frugan.load(trained_run), frugan.load(finetuned)
    weights = RunFolder(finetuned).part("sampler").snapshot(0)
    after.generator.load_state_dict(read_weights(weights))
    assert torch.allclose(after.sample(range(3)), before.sample(range(3)), atol=1e-5)


def test_sampler_and_decoder_both_move(trained_run: Path, finetuned: Path) -> None:
    before, after = frugan.load(trained_run), frugan.load(finetuned)
    assert before.decoder is not None
    old = {f"generator.{k}": v for k, v in before.generator.state_dict().items()}
    old |= {f"decoder.{k}": v for k, v in before.decoder.state_dict().items()}
    new = after.generator.state_dict()
    assert old.keys() == new.keys()
    moved = {name.split(".")[0] for name in old if name.endswith("weight") and not torch.equal(old[name], new[name])}
    assert moved == {"generator", "decoder"}
    assert (finetuned / "report.html").exists()
    assert (finetuned / "evaluation.json").exists()


def test_wrong_use(trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["finetune", str(trained_run), "--out", str(trained_run)]) == 2
    assert "would overwrite" in capsys.readouterr().err
    unfinished = tmp_path / "unfinished"
    shutil.copytree(trained_run, unfinished)
    (unfinished / "decoder" / "snapshots" / "0000000080.safetensors").unlink()
    assert main(["finetune", str(unfinished), "--out", str(tmp_path / "new")]) == 2
    assert "not finished" in capsys.readouterr().err
    narrower = ["--set", "sampler.generator.generator.width=4"]
    assert main(["finetune", str(trained_run), "--out", str(tmp_path / "new"), *narrower]) == 2
    assert "generator of a finished run cannot change" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_the_folder_may_be_moved_before_the_first_step(finetuned: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(finetuned, moved)
    for name in ("sampler", "report.html", "evaluation.json"):
        shutil.rmtree(moved / name) if (moved / name).is_dir() else (moved / name).unlink()
    assert main(["resume", str(moved)]) == 0
    first = RunFolder(moved).part("sampler").snapshot(0)
    assert first.read_bytes() == RunFolder(finetuned).part("sampler").snapshot(0).read_bytes()


def test_initial_weights_that_are_gone_or_foreign_are_refused(finetuned: Path, tmp_path: Path) -> None:
    config = RunFolder(finetuned).config()
    other = RunFolder(finetuned).path / "model" / "config.json"
    for path in (tmp_path / "none.safetensors", other):
        part = build_part(override(config, [f"sampler.initial={path}"]), "sampler", torch.device("cpu"))
        with pytest.raises(UserError, match=r"sampler\.initial"):
            run_loop(part, None, tmp_path / "part", Hooks())  # type: ignore[arg-type]


def test_a_model_folder_is_fine_tuned_on_images_that_are_named(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "model"
    shutil.copytree(trained_run / "model", model)
    assert main(["finetune", str(model), "--out", str(tmp_path / "new"), *SHORT]) == 2
    assert "model folder and has no images" in capsys.readouterr().err
    data = RunFolder(trained_run).config().data.source
    assert main(["finetune", str(model), "--data", data, "--out", str(tmp_path / "new"), *SHORT]) == 0
    before, after = frugan.load(model), frugan.load(tmp_path / "new")
    after.generator.load_state_dict(read_weights(RunFolder(tmp_path / "new").part("sampler").snapshot(0)))
    assert torch.allclose(after.sample(range(3)), before.sample(range(3)), atol=1e-5)


def test_classes_that_the_images_do_not_have_are_refused(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shape = (3, 32, 32)
    spec = Spec(StyleGAN2Generator, latent_dim=8, style_dim=8, channel_base=64, channel_max=8, classes=3)
    model = tmp_path / "model"
    model.mkdir()
    ModelDescription(spec, Spec(IdentityCodec), None, shape, ImageShape(*shape), {"recipe": "imported"}).write(model)
    write_weights(model / "generator.safetensors", spec.build(code_shape=shape))
    data = RunFolder(trained_run).config().data.source
    assert main(["finetune", str(model), "--data", data, "--out", str(tmp_path / "new")]) == 2
    assert "the generator draws 3 classes; these images have" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
