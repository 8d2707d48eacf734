"""Class-conditional runs: labels reach both networks, pictures of a class can be asked for, wrong data is refused."""

import dataclasses
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import frugan
from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import DataConfig, PenaltyConfig, RunConfig, SamplerConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.config.yaml import dump, override
from frugan.model.seeds import seed_labels
from frugan.networks.biggan import BigGANDiscriminator, BigGANGenerator
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from frugan.networks.fastgan import FastGANDiscriminator, FastGANGenerator
from frugan.networks.mlp import MLPDiscriminator, MLPGenerator
from frugan.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from frugan.objectives.losses import hinge
from frugan.objectives.penalties import r1
from frugan.runs.prepare import prepare
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.system.errors import UserError
from frugan.training.gan import GANPart
from frugan.writing.pictures import to_uint8

BIGGAN = {
    "generator": Spec(BigGANGenerator, latent_dim=8, channels=4, attention=0),
    "discriminator": Spec(BigGANDiscriminator, channels=4, attention=0),
}
DCGAN = {
    "generator": Spec(DCGANGenerator, latent_dim=8, width=4),
    "discriminator": Spec(DCGANDiscriminator, width=4, norm="none"),
}
FASTGAN = {
    "generator": Spec(FastGANGenerator, latent_dim=8, width=2),
    "discriminator": Spec(FastGANDiscriminator, width=2, norm="none"),
}
STYLEGAN2 = {
    "generator": Spec(StyleGAN2Generator, latent_dim=8, style_dim=8, channel_max=8),
    "discriminator": Spec(StyleGAN2Discriminator, channel_max=8),
}


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve dark pictures and four light ones."""
    folder = tmp_path_factory.mktemp("classes")
    random = np.random.RandomState(0)
    for name, count, level in (("dark", 12, 40), ("light", 4, 200)):
        (folder / name).mkdir()
        for i in range(count):
            pixels = (level + random.uniform(-30, 30, (32, 32, 3))).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


@pytest.fixture
def conditional(tiny_config: RunConfig, two_classes: Path) -> RunConfig:
    sampler = dataclasses.replace(
        tiny_config.sampler,
        **BIGGAN,
        schedule=dataclasses.replace(tiny_config.sampler.schedule, kimg=0.032, snapshots=1),
    )
    data = DataConfig(source=str(two_classes), resolution=32)
    return dataclasses.replace(tiny_config, data=data, codec=Spec(IdentityCodec), sampler=sampler, decoder=None)


@pytest.mark.parametrize(
    "networks", [BIGGAN, DCGAN, FASTGAN, STYLEGAN2], ids=["biggan", "dcgan", "fastgan", "stylegan2"]
)
@pytest.mark.parametrize("duplicate", [False, True])
def test_a_step_shows_both_networks_the_labels(
    conditional: RunConfig, networks: dict[str, Spec], duplicate: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler: SamplerConfig = dataclasses.replace(
        conditional.sampler,
        **{name: spec.replace(classes=2) for name, spec in networks.items()},
        stabilizer=Spec(ScaleSpace, start=4.0, sigma=0.2, duplicate=duplicate),
        loss=Spec(hinge),
        penalties=(PenaltyConfig(Spec(r1), weight=1.0),),
        schedule=dataclasses.replace(conditional.sampler.schedule, batch=8, accumulate=2),
    )
    part = GANPart(sampler, IdentityCodec(), ImageShape.square(32), seed=0, device=torch.device("cpu"))
    shown: list[tuple[int, list[int]]] = []
    forward = part.discriminator.forward

    def spy(code: Tensor, label: Tensor | None = None) -> Tensor:
        assert label is not None
        shown.append((len(code), label.tolist()))
        return forward(code, label)

    monkeypatch.setattr(part.discriminator, "forward", spy)
    labels = torch.tensor([0, 0, 1, 1, 0, 1, 0, 1])
    values = part.step(torch.rand(8, 3, 32, 32) * 2 - 1, labels, 0)
    assert all(torch.isfinite(value).all() for value in values.values())
    pieces = [[0, 0, 1, 1], [0, 1, 0, 1]]
    expected = [(len(piece) * (1 + duplicate), piece * (1 + duplicate)) for piece in pieces]
    assert shown == [expected[0]] * 2 + [expected[1]] * 2 + expected


def test_networks_must_know_the_same_classes(conditional: RunConfig) -> None:
    sampler = dataclasses.replace(conditional.sampler, generator=BIGGAN["generator"].replace(classes=2))
    with pytest.raises(ValueError, match="knows 2 classes, the discriminator 0"):
        GANPart(sampler, IdentityCodec(), ImageShape.square(32), seed=0, device=torch.device("cpu"))


def test_from_the_command_line(
    conditional: RunConfig, two_classes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, run = tmp_path / "config.yaml", tmp_path / "run"
    config.write_text(dump(conditional))
    assert main(["train", "--config", str(config), "--classes", "--out", str(run)]) == 0
    model = frugan.load(run)
    assert model.class_counts == {"dark": 12, "light": 4}
    assert model.generator.classes == 2
    by_name, by_number = (model.sample([3], label=model.class_label(name)) for name in ("light", "1"))
    assert torch.equal(by_name, by_number)
    assert not torch.equal(by_name, model.sample([3], label=0))
    drawn = seed_labels([3], [12, 4]).item()
    assert torch.equal(model.sample([3]), model.sample([3], label=int(drawn)))
    assert json.loads((run / "env.json").read_text())["data"]["class_counts"] == {"dark": 12, "light": 4}
    assert main(["sample", str(run), "--class", "light", "--seeds", "0-1", "--out", str(tmp_path / "light")]) == 0
    grid = tmp_path / "grid.png"
    assert main(["sample", str(run), "--each-class", "--seeds", "0-4", "--grid", "--out", str(grid)]) == 0
    pixels, side = np.array(Image.open(grid)), model.shape.height
    pixels = pixels[:, -5 * side :]  # the names of the classes are on the left
    assert pixels.shape == (2 * side, 5 * side, 3)
    assert (pixels[side:, 3 * side : 4 * side] == to_uint8(model.sample([3], label=1))[0]).all()
    assert main(["sample", str(run), "--each-class", "--seeds", "7", "--out", str(tmp_path / "each")]) == 0
    assert {str(p.relative_to(tmp_path / "each")) for p in (tmp_path / "each").rglob("*.png")} == {
        "dark/seed0007.png",
        "light/seed0007.png",
    }
    assert main(["sample", str(run), "--each-class", "--class", "light", "--out", str(grid)]) == 2
    page = (run / "report.html").read_text()
    assert "Seeds 0 to 7 drawn as each class, from the top: dark, light" in page
    assert "--class dark" in page
    card = (run / "model" / "README.md").read_text()
    assert "class-conditional" in card
    assert "# classes: dark, light" in card
    assert main(["sample", str(run), "--class", "lihgt", "--out", str(tmp_path / "x")]) == 2
    assert "did you mean 'light'" in capsys.readouterr().err


def test_labels_are_drawn_as_often_as_in_the_data() -> None:
    labels = seed_labels(range(2000), [300, 0, 100])
    assert (labels == 0).float().mean().item() == pytest.approx(0.75, abs=0.03)
    assert not (labels == 1).any()
    assert seed_labels([1234], [300, 0, 100]) == labels[1234]


def test_data_without_classes_and_networks_that_take_none_are_refused(
    conditional: RunConfig, tiny_config: RunConfig, two_classes: Path, tmp_path: Path
) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for i, path in enumerate(sorted(two_classes.rglob("*.png"))):
        (flat / f"{i}.png").write_bytes(path.read_bytes())
    asked = dataclasses.replace(conditional.data, classes=True)

    def with_data(config: RunConfig, data: DataConfig) -> RunConfig:
        return dataclasses.replace(config, data=data)

    with pytest.raises(UserError, match="has no classes; at least 2"):
        prepare(with_data(conditional, dataclasses.replace(asked, source=str(flat))), lambda sentence: None)
    sampler = dataclasses.replace(
        tiny_config.sampler, generator=Spec(MLPGenerator), discriminator=Spec(MLPDiscriminator)
    )
    without = dataclasses.replace(tiny_config, sampler=sampler)
    unconditional = with_data(without, dataclasses.replace(asked, resolution=128, upsample=True))
    with pytest.raises(UserError, match="has networks that take none") as refused:
        prepare(unconditional, lambda sentence: None)
    words = shlex.split(str(refused.value))
    advice = [words[i + 1] for i, word in enumerate(words) if word == "settings"]
    assert len(advice) == 2
    followed = prepare(override(unconditional, advice), lambda sentence: None)
    assert followed.config.sampler.generator.arguments["classes"] == 2
