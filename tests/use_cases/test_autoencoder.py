"""VQ-VAE-2 as a run: it resumes exactly, is compared with decoders, and is refused where codes are decoded."""

import dataclasses
from pathlib import Path

import pytest
import torch
from PIL import Image

import frugan
from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import OptimizerConfig, RunConfig
from frugan.config.spec import Spec
from frugan.config.yaml import override
from frugan.model.folder import load_decoder
from frugan.networks.vq_vae_2 import VQVAE2
from frugan.objectives.reconstruction import l2
from frugan.recipes import find_recipe
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import create_run, prepare
from frugan.runs.train import train_part
from frugan.system.errors import ArgumentError, UserError
from frugan.training.checkpoint import load_newest_checkpoint


@pytest.fixture(scope="module")
def config(tiny_config: RunConfig) -> RunConfig:
    assert tiny_config.decoder is not None
    decoder = dataclasses.replace(
        tiny_config.decoder,
        network=Spec(VQVAE2, width=8, blocks=1, block_width=4, codes=16, code_width=4),
        loss=Spec(l2),
        crop=32,
        code_noise=0.0,
        optimizer=OptimizerConfig(lr=1e-3, beta1=0.9, beta2=0.99),
    )
    return dataclasses.replace(tiny_config, codec=Spec(IdentityCodec), decoder=decoder)


def new_run(config: RunConfig, path: Path) -> RunFolder:
    return create_run(prepare(config, lambda said: None), path, replace=False)


@pytest.fixture(scope="module")
def run(config: RunConfig, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = new_run(config, tmp_path_factory.mktemp("vq") / "vq")
    assert train_part(run, "decoder")
    return run


@pytest.mark.parametrize("stop_after", [1, 5])
def test_stopping_anywhere_changes_no_weight_and_no_book(
    config: RunConfig, run: RunFolder, tmp_path: Path, stop_after: int
) -> None:
    stopped, steps = new_run(config, tmp_path / "stopped"), iter(range(1000))
    assert not train_part(stopped, "decoder", should_stop=lambda: next(steps) == stop_after)
    assert train_part(stopped, "decoder")
    (one, _), (other, _) = (load_newest_checkpoint(r.path / "decoder" / "checkpoints") for r in (run, stopped))
    assert one is not None
    assert other is not None
    assert {"network/top.counts", "network/bottom.sums", "ema/top.sums"} <= one.tensors.keys()
    assert one.tensors.keys() == other.tensors.keys()
    for name, tensor in one.tensors.items():
        assert torch.equal(tensor, other.tensors[name]), name


def test_books_move_in_training(config: RunConfig, run: RunFolder) -> None:
    _, decoder = load_decoder(run.path)
    assert isinstance(decoder, VQVAE2)
    counts = decoder.bottom.counts
    assert counts.sum() != len(counts)  # as it began
    assert decoder.bottom.pieces == 0


def test_it_stands_beside_decoders_with_the_size_of_its_code(
    run: RunFolder, trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    asked = ["evaluate-decoder", str(trained_run), str(run.path), "--samples", "8", "--device", "cpu"]
    assert main([*asked, "--out", str(page)]) == 0
    printed = capsys.readouterr().out
    rows = {line.split("  ")[0]: line for line in printed.splitlines()}
    assert rows["vq"].endswith(f"{(8 * 8 + 16 * 16) * 4:,} bits")
    assert rows["tiny"].endswith("768 numbers")  # 16 x 16 of three colours
    assert rows["antialiased bicubic / 4"].endswith("768 numbers")
    assert "MSE .0047 on training images, .0050 on held-out ones" in printed
    assert "1,280 bits" in page.read_text()
    alone = frugan.compare_decoders([run.path])
    assert [(row.name, row.code) for row in alone.rows] == [("vq", "1,280 bits")]


def test_whatever_would_decode_other_codes_is_refused(config: RunConfig, run: RunFolder, tmp_path: Path) -> None:
    for refused in (
        lambda: frugan.train(config, tmp_path / "all"),
        lambda: frugan.estimate(config),
        lambda: frugan.resume(run.path),
        lambda: frugan.resume(run.path, part="sampler"),
        lambda: frugan.finetune(run.path, tmp_path / "tuned"),
    ):
        with pytest.raises(ArgumentError, match="VQVAE2 is an autoencoder, which decodes no sampler's codes"):
            refused()
    assert not (tmp_path / "all").exists()
    photo = tmp_path / "photo.png"
    Image.new("RGB", (32, 32)).save(photo)
    for refused in (
        lambda: frugan.load(run.path),
        lambda: frugan.sample(run.path, tmp_path / "pictures", frugan.Drawing(range(2))),
        lambda: frugan.upscale([photo], run.path, tmp_path / "large"),
    ):
        with pytest.raises(UserError, match=r"VQVAE2 is an autoencoder\. It decodes what it encoded itself"):
            refused()


def test_it_enlarges_no_sampler_s_pictures(run: RunFolder, trained_run: Path) -> None:
    with pytest.raises(ArgumentError, match="VQVAE2 is an autoencoder, which cannot enlarge pictures"):
        frugan.load(trained_run).enlarged_by(*load_decoder(run.path), 0)


def test_a_codec_that_leaves_no_whole_image_is_refused(config: RunConfig, tiny_config: RunConfig) -> None:
    with pytest.raises(UserError, match="encodes whole images by itself, but was given codes of 16 x 16"):
        prepare(override(dataclasses.replace(config, codec=tiny_config.codec), ["decoder.crop=0"]), lambda said: None)


def test_the_recipe_has_the_sizes_of_the_paper() -> None:
    decoder = find_recipe("vq-vae-2").decoder
    assert decoder is not None
    assert (decoder.schedule.batch, decoder.optimizer.lr) == (128, 3e-4)
    assert decoder.network == Spec(
        VQVAE2,
        width=128,
        blocks=2,
        block_width=32,
        codes=512,
        code_width=64,
        commitment=0.25,
        decay=0.99,
        eps=1e-5,
    )
    small = find_recipe("vq-vae-2-small").decoder
    assert small is not None
    assert small.network.build().code_bits(256, 256) == decoder.network.build().code_bits(256, 256)
