"""Decoders judged on images: what an exact one gets, baselines of every code, and the verb with its page."""

import json
from pathlib import Path

import pytest
import torch

from frugan.cli import main
from frugan.codecs.pixel import PixelCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.data.cache import PackedDataset, pack
from frugan.data.source import open_source
from frugan.features.efficientnet_lite0 import EfficientNetFeatures
from frugan.metrics.perceptual import EfficientNetDistance
from frugan.networks.srresnet import SRResNet
from frugan.pipelines.decoder_baselines import classical_bicubic, code_baselines
from frugan.pipelines.judge_reconstruction import decoding_cost, judge_reconstruction

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def dataset(image_folder: Path) -> PackedDataset:
    return pack(open_source(image_folder), 64)


@pytest.fixture(scope="module")
def judges() -> tuple[EfficientNetFeatures, EfficientNetDistance]:
    return EfficientNetFeatures(CPU), EfficientNetDistance(CPU)


def test_what_comes_back_unchanged_is_perfect(
    dataset: PackedDataset, judges: tuple[EfficientNetFeatures, EfficientNetDistance]
) -> None:
    extractor, distance = judges
    found = judge_reconstruction(lambda x: x, dataset, 20, extractor=extractor, distance=distance, device=CPU)
    assert found["mse"] == found["perceptual"] == 0
    assert (found["psnr"], found["ssim"]) == pytest.approx((100, 1))
    assert found["frechet_distance"] == pytest.approx(0, abs=1e-3)


def test_errors_are_counted_in_0_1_and_not_clamped_in_mse(
    dataset: PackedDataset, judges: tuple[EfficientNetFeatures, EfficientNetDistance]
) -> None:
    extractor, distance = judges
    found = judge_reconstruction(lambda x: x + 4, dataset, 8, extractor=extractor, distance=distance, device=CPU)
    assert found["mse"] == pytest.approx(4)  # 4 of a range of 2 is 2 of a range of 1
    assert found["psnr"] > 0  # of white pictures: brighter than white cannot be saved


@pytest.mark.parametrize(
    "codec", [WaveletCodec(levels=2), PixelCodec(levels=2), PixelCodec(levels=2, reduction="antialiased")]
)
def test_no_baseline_moves_the_picture(codec: WaveletCodec | PixelCodec) -> None:
    """A smooth blob keeps its centre of mass: enlargements of the wrong phase move it by 1.5 pixels."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    blob = torch.exp(-((y - 30) ** 2 + (x - 35) ** 2) / 100).expand(1, 3, 64, 64)
    for name, reconstruct in {**code_baselines(codec), "classical": classical_bicubic(4)}.items():
        found = reconstruct(blob)[0, 0]
        centre = torch.stack([(found * axis).sum() / found.sum() for axis in (y, x)])
        assert torch.allclose(centre, torch.tensor([30.0, 35.0]), atol=0.15), name


def test_cost_counts_every_multiplication_of_the_convolutions() -> None:
    codec, decoder = WaveletCodec(levels=2), SRResNet(channels=8, blocks=2).eval()
    cost = decoding_cost(codec, decoder, 64, CPU)
    low = 16 * 16
    expected = low * 9 * (3 * 8 + 4 * 8 * 8 + 8 * 32) + 4 * low * 9 * 8 * 32 + 16 * low * 9 * (8 * 8 + 8 * 3)
    assert cost["multiply_adds"] == expected
    assert cost["parameters"] == sum(p.numel() for p in decoder.parameters())
    assert cost["milliseconds"] is not None
    assert cost["milliseconds"] > 0


def test_the_verb_prints_a_table_json_and_a_page(
    trained_run: Path, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    asked = ["evaluate-decoder", str(trained_run), "--data", str(image_folder), "--samples", "8", "--device", "cpu"]
    assert main([*asked, "--out", str(page)]) == 0
    printed = capsys.readouterr().out
    for name in ("training: 8 images", "held-out: 8 images", "zero-detail IWT, bior2.2", "antialiased bicubic, 1/4"):
        assert name in printed
    text = page.read_text()
    assert "Crops" in text
    assert text.count("<img") == 4 * (1 + 2 * 4)  # four images: the original, then each row and its error
    assert main([*asked, "--resolution", "128", "--upsample", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["protocol"]["resolution"] == 128
    assert [row["name"] for row in result["rows"]][-1] == "tiny"
    quality = result["rows"][-1]["quality"]["held-out"]
    assert quality["psnr"] > 20
