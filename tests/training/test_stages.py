"""Levels of a UNet that train in runs of their own, and become one decoder."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

import frugan
from frugan.cli import main
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import DecoderConfig, OptimizerConfig, RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.model.folder import load_decoder
from frugan.networks.unet import UNetP, UNetW
from frugan.objectives.reconstruction import l2, packet_l2
from frugan.recipes import find_recipe
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import create_run, measured_images, open_dataset, prepare
from frugan.runs.train import train_part
from frugan.system.errors import ArgumentError, UserError
from frugan.training.decoder import DecoderPart, calibrate

CPU = torch.device("cpu")


@pytest.fixture
def unet(tiny_config: RunConfig) -> DecoderConfig:
    """Of 32 px codes of 128 px images, where level 1 predicts whole bands; nothing that hangs on signs of zero."""
    assert tiny_config.decoder is not None
    return dataclasses.replace(
        tiny_config.decoder,
        network=Spec(UNetW, width=8, tail_width=4, code_side=32, norm="batch"),
        loss=Spec(packet_l2, code_side=32),
        crop=0,
        code_noise=0.0,
        optimizer=OptimizerConfig(lr=1e-3, beta1=0.9, beta2=0.99, eps=1e-3),
    )


def part_of(config: DecoderConfig, stage: int) -> DecoderPart:
    config = dataclasses.replace(config, network=config.network.replace(stage=stage))
    return DecoderPart(config, WaveletCodec(levels=2), ImageShape.square(128), seed=0, device=CPU)


def test_stages_trained_apart_become_what_they_become_together(unet: DecoderConfig) -> None:
    together, *apart = parts = [part_of(unet, stage) for stage in (0, 1, 2)]
    for step in range(2):  # rounding grows tenfold a step afterwards
        images = torch.rand(4, 3, 128, 128, generator=torch.Generator().manual_seed(step)) * 2 - 1
        for part in parts:
            part.step(images, torch.zeros(4), nimg=4 * step)
    whole = together.network.state_dict()
    for stage, part in enumerate(apart, 1):
        own = part.network.state_dict()
        assert {name.split(".")[1] for name in own} == {str(stage - 1)}
        for name, tensor in own.items():
            assert torch.allclose(tensor, whole[name], rtol=1e-4, atol=1e-5), name
    fresh = part_of(unet, 0).network.state_dict()
    assert all(not torch.equal(fresh[name], whole[name]) for name in fresh if name.endswith("weight"))


def test_a_network_for_other_codes_is_refused_with_the_settings_to_change(unet: DecoderConfig) -> None:
    wrong = dataclasses.replace(unet, network=unet.network.replace(code_side=64))
    with pytest.raises(ValueError, match=r"Set decoder.network.code_side=32 and decoder.loss.code_side=32"):
        part_of(wrong, 0)
    shifted = dataclasses.replace(unet, network=Spec(UNetP, width=4, reduction="bilinear"), loss=Spec(l2))
    with pytest.raises(ValueError, match=r"whose pixels sit in the middle, but those of bior2\.2 x 2 do not"):
        part_of(shifted, 0)


def trained(config: RunConfig, stage: int, path: Path) -> RunFolder:
    assert config.decoder is not None
    decoder = dataclasses.replace(config.decoder, network=config.decoder.network.replace(stage=stage))
    run = create_run(prepare(dataclasses.replace(config, decoder=decoder), lambda said: None), path, replace=False)
    assert train_part(run, "decoder")
    return run


def test_runs_of_each_stage_join_into_one_decoder(
    tiny_config: RunConfig, unet: DecoderConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = dataclasses.replace(tiny_config.data, resolution=128, upsample=True)
    config = dataclasses.replace(tiny_config, data=data, decoder=unet)
    second, first = (trained(config, stage, tmp_path / f"level{stage}") for stage in (2, 1))
    out = tmp_path / "joined"
    assert main(["join", str(second.path), str(first.path), "--out", str(out)]) == 0
    assert "a decoder of 2 levels" in capsys.readouterr().out

    codec, decoder = load_decoder(out)
    expected = UNetW(width=8, tail_width=4, code_side=32).eval()
    expected.load_state_dict(
        {name: t for r in (first, second) for name, t in load_decoder(r.path)[1].state_dict().items()}
    )
    calibrate(expected, codec, measured_images(open_dataset(first.config())))
    code = codec.encode(torch.rand(1, 3, 128, 128) * 2 - 1)
    assert torch.equal(codec.decode(code, decoder), codec.decode(code, expected))
    assert len(frugan.compare_decoders([first.path, out, second.path]).rows) == 6

    with pytest.raises(ArgumentError, match="already exists"):
        frugan.join_decoders([first.path, second.path], out)
    file = second.model / "config.json"  # as if another machine had measured the range of the codes
    described = json.loads(file.read_text())
    described["codec"]["code_min"] += 1e-9
    file.write_text(json.dumps(described))
    assert frugan.join_decoders([first.path, second.path], tmp_path / "again").levels == 2
    with pytest.raises(ArgumentError, match="no such folder"):
        frugan.join_decoders([first.path, tmp_path / "gone"], tmp_path / "new")
    with pytest.raises(ArgumentError, match="at least two"):
        frugan.join_decoders([first.path], tmp_path / "new")
    with pytest.raises(UserError, match="has 2 levels, and each is needed once, but these runs have trained 1, 1"):
        frugan.join_decoders([first.path, first.path], tmp_path / "new")
    whole = trained(config, 0, tmp_path / "whole")
    with pytest.raises(UserError, match="trained no single level"):
        frugan.join_decoders([first.path, whole.path], tmp_path / "new")
    wider = dataclasses.replace(unet, network=unet.network.replace(width=16))
    other = trained(dataclasses.replace(config, decoder=wider), 2, tmp_path / "other")
    with pytest.raises(UserError, match="its network is another"):
        frugan.join_decoders([first.path, other.path], tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("recipe", "stage", "batch", "steps", "rate"),
    [
        ("unet-w-level1", 1, 128, 288_000, 1e-4),
        ("unet-w-level2", 2, 64, 232_000, 1e-4),
        ("unet-p-level1", 1, 64, 615_000, 1e-3),
        ("unet-p-level2", 2, 64, 178_000, 1e-3),
    ],
)
def test_recipes_of_levels_have_the_paper_s_schedules(
    recipe: str, stage: int, batch: int, steps: int, rate: float
) -> None:
    decoder = find_recipe(recipe).decoder
    assert decoder is not None
    assert decoder.network.arguments["stage"] == stage
    assert (decoder.schedule.batch, decoder.schedule.total_nimg) == (batch, batch * steps)
    assert (decoder.optimizer.lr, decoder.optimizer.beta1, decoder.optimizer.beta2) == (rate, 0.9, 0.999)
