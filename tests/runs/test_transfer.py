"""A trained sampler goes on: on other images, and, where it draws by coordinates, at another size."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import frugan
from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import DataConfig, EvaluationConfig, RunConfig
from frugan.config.spec import Spec
from frugan.config.yaml import dump
from frugan.networks.base import Generator
from frugan.networks.creps import CREPSGenerator
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from frugan.networks.stylegan2 import StyleGAN2Discriminator
from frugan.ops.grid import full_grid
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import build_part
from frugan.runs.transfer import continued
from frugan.stabilizers.base import NoStabilizer
from frugan.training.checkpoint import load_newest_checkpoint
from frugan.training.part import under_prefix

CREPS = Spec(CREPSGenerator, latent_dim=8, style_dim=8, channel_base=128, channel_max=16, line_channels=4, thickness=2)


def trained(folder: Path, config: RunConfig, generator: Spec, discriminator: Spec) -> Path:
    sampler = dataclasses.replace(
        config.sampler,
        generator=generator,
        discriminator=discriminator,
        stabilizer=Spec(NoStabilizer),
        penalties=(),
        schedule=dataclasses.replace(config.sampler.schedule, kimg=0.032, snapshots=1),
    )
    config = dataclasses.replace(
        config,
        data=DataConfig(source=config.data.source, resolution=16),
        codec=Spec(IdentityCodec),
        sampler=sampler,
        decoder=None,
        evaluation=EvaluationConfig(samples=8, preview_samples=4, preview_size=16),
    )
    folder.mkdir()
    (folder / "config.yaml").write_text(dump(config))
    assert main(["train", "--config", str(folder / "config.yaml"), "--out", str(folder / "run")]) == 0
    return folder / "run"


@pytest.fixture(scope="module")
def creps_run(tmp_path_factory: pytest.TempPathFactory, tiny_config: RunConfig) -> Path:
    """A finished run of 16 px. Tests must not change it."""
    discriminator = Spec(StyleGAN2Discriminator, channel_base=128, channel_max=16)
    return trained(tmp_path_factory.mktemp("runs") / "small", tiny_config, CREPS, discriminator)


def test_twice_the_size_begins_with_the_same_pictures(creps_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "large"
    assert main(["train", "--from", str(creps_run), "--resolution", "32", "--out", str(out)]) == 0
    small, large = frugan.load(creps_run), RunFolder(out)
    begun = large.config().sampler.generator.build(code_shape=(3, 32, 32))
    begun.load_state_dict(load_file(large.part("sampler").snapshot(0)))
    w = small.styles([0, 1])
    assert isinstance(begun, Generator)
    with torch.no_grad():
        assert torch.equal(begun.eval().synthesis(w), small.generator.synthesis(w, full_grid(32, 32)))
    assert begun.num_styles == small.generator.num_styles
    assert not torch.equal(frugan.load(out).styles([0]), small.styles([0]))  # and goes on from there


def test_a_smaller_size_is_refused(creps_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--from", str(creps_run), "--resolution", "8", "--out", str(tmp_path / "small8")]) == 2
    assert "its own size or a larger one, not 8" in capsys.readouterr().err
    assert not (tmp_path / "small8").exists()


def test_the_discriminator_gains_a_block(creps_run: Path) -> None:
    run = RunFolder(creps_run)
    before = run.config()
    config = continued(run.path, dataclasses.replace(before, data=dataclasses.replace(before.data, resolution=32)))
    part = build_part(config, "sampler", torch.device("cpu"))
    discriminator = part.networks()["discriminator"]
    assert isinstance(discriminator, StyleGAN2Discriminator)
    new = {name: tensor.clone() for name, tensor in discriminator.state_dict().items()}
    checkpoint, _ = load_newest_checkpoint(run.part("sampler").path / "checkpoints")
    assert checkpoint is not None
    learned = under_prefix("discriminator", checkpoint.tensors)
    discriminator.adopt(learned)
    now = discriminator.state_dict()
    for name in now:
        if name.startswith(("enter.", "blocks.0.")):
            assert torch.equal(now[name], new[name]), name
        else:
            source = name.replace("blocks.1.", "blocks.0.").replace("blocks.2.", "blocks.1.")
            assert torch.equal(now[name], learned[source]), name
    with pytest.raises(RuntimeError, match="another kind: stranger"):
        discriminator.adopt({**learned, "stranger": torch.zeros(1)})


def test_dcgan_s_discriminator_goes_on_half_as_wide(
    tiny_config: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(tmp_path / "lines", tiny_config, CREPS, Spec(DCGANDiscriminator, width=8, norm="none"))
    assert main(["train", "--from", str(run), "--resolution", "32", "--out", str(tmp_path / "large")]) == 0
    large = RunFolder(tmp_path / "large")
    assert large.config().sampler.discriminator.arguments["width"] == 4
    checkpoints = [
        load_newest_checkpoint(folder.part("sampler").path / "checkpoints") for folder in (RunFolder(run), large)
    ]
    small, begun = (under_prefix("discriminator", each.tensors) for each, _ in checkpoints if each is not None)
    assert {name: tensor.shape for name, tensor in small.items() if name.startswith("layers.4.")} == {
        name.replace("layers.6.", "layers.4."): tensor.shape
        for name, tensor in begun.items()
        if name.startswith("layers.6.")
    }
    assert main(["train", "--from", str(run), "--resolution", "8x16", "--out", str(tmp_path / "flat")]) == 2
    assert "first layers have no place here" in capsys.readouterr().err


def test_others_go_on_at_their_size_alone(
    tiny_config: RunConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    networks = Spec(DCGANGenerator, latent_dim=8, width=8), Spec(DCGANDiscriminator, width=8)
    run = trained(tmp_path / "dcgan", tiny_config, *networks)
    flags = ["--config", str(run / "config.yaml"), "--from", str(run)]
    assert main(["train", *flags, "--out", str(tmp_path / "more")]) == 0
    begun, ended = RunFolder(tmp_path / "more").part("sampler").snapshot(0), RunFolder(run).part("sampler")
    for name, tensor in load_file(begun).items():
        assert torch.equal(tensor, load_file(ended.snapshot(ended.newest_snapshot() or 0))[name]), name
    assert main(["train", *flags, "--resolution", "32", "--out", str(tmp_path / "large")]) == 2
    assert "DCGANGenerator of 16 x 16 can go on at its own size alone, not 32 x 32" in capsys.readouterr().err
    assert main(["train", *flags, "--classes", "--out", str(tmp_path / "classes")]) == 2
    assert "was trained without" in capsys.readouterr().err
    assert main(["train", *flags, "--out", str(run)]) == 2
    assert "would overwrite the run" in capsys.readouterr().err


def test_a_model_folder_is_a_beginning_with_the_recipe_s_discriminator(
    creps_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an imported checkpoint is: without a run around it."""
    model, data = tmp_path / "imported", RunFolder(creps_run).config().data.source
    shutil.copytree(creps_run / "model", model)
    short = ["--kimg", "0.016", "--set", "evaluation.samples=8", "--set", "evaluation.preview_samples=4"]
    flags = ["train", data, "--from", str(model), *short]
    assert main([*flags, "--out", str(tmp_path / "no-recipe")]) == 2
    assert "is a model, without settings of a training. Name a recipe" in capsys.readouterr().err
    narrow = ["--set", "sampler.discriminator.channel_base=128"]
    assert main([*flags, "--recipe", "creps-small", *narrow, "--out", str(tmp_path / "more")]) == 0
    begun = load_file(RunFolder(tmp_path / "more").part("sampler").snapshot(0))
    for name, tensor in load_file(model / "generator.safetensors").items():
        assert torch.equal(tensor, begun[name]), name


def test_a_model_folder_with_a_decoder_keeps_its_network(trained_run: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(trained_run / "model", model)
    before = RunFolder.open(trained_run).config()
    assert before.decoder is not None
    config = frugan.Plan(before.data.source, recipe="nsb-gan-w-dcgan", start=model).configuration()
    assert config.decoder is not None
    assert config.decoder.network == before.decoder.network
    assert config.codec == before.codec
    with pytest.raises(frugan.ArgumentError, match="has a decoder, and creps-small trains none"):
        frugan.Plan(before.data.source, recipe="creps-small", start=model).configuration()
    with pytest.raises(frugan.ArgumentError, match="cannot go on with patches; StyleGAN3 and AnyresGAN can"):
        frugan.Plan(before.data.source, recipe="anyres-small", start=model).configuration()
