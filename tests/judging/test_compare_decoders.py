"""Decoders judged on images: what an exact one gets, baselines of every code, and the verb with its page."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from frugan.cli import main
from frugan.codecs.pixel import PixelCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.shape import ImageShape
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.packed import PackedDataset
from frugan.data.source import open_source
from frugan.features.efficientnet_lite0 import EfficientNetFeatures
from frugan.judging.compare_decoders import candidates
from frugan.judging.decoder_baselines import classical_bicubic, code_baselines
from frugan.judging.reconstruction import ReconstructionJudge, decoding_cost
from frugan.metrics.perceptual import EfficientNetDistance
from frugan.networks.srresnet import SRResNet
from frugan.requests.comparing import TrainedDecoder
from frugan.runs.folder import RunFolder
from frugan.system.errors import UserError

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def dataset(image_folder: Path) -> PackedDataset:
    return pack(open_source(image_folder), Wanted.square(64))


@pytest.fixture(scope="module")
def judge(dataset: PackedDataset) -> ReconstructionJudge:
    return ReconstructionJudge(dataset, 20, EfficientNetFeatures(CPU), EfficientNetDistance(CPU))


def test_what_comes_back_unchanged_is_perfect(judge: ReconstructionJudge) -> None:
    found = judge.judge(lambda x: x, CPU)
    assert found["mse"] == 0
    assert found["perceptual"] == pytest.approx(0, abs=1e-9)
    assert (found["psnr"], found["ssim"]) == pytest.approx((100, 1))
    assert found["frechet_distance"] == pytest.approx(0, abs=1e-3)


def test_errors_are_counted_in_0_1_and_not_clamped_in_mse(judge: ReconstructionJudge) -> None:
    found = judge.judge(lambda x: x + 4, CPU)
    assert found["mse"] == pytest.approx(4)  # 4 of a range of 2 is 2 of a range of 1
    assert found["psnr"] > 0  # of white pictures: brighter than white cannot be saved


@pytest.mark.parametrize(
    "codec",
    [
        WaveletCodec(levels=2),
        WaveletCodec(levels=2, wavelet="haar"),
        WaveletCodec(levels=2, wavelet="bior4.4"),
        WaveletCodec(levels=2, wavelet="db2", boundary="periodization"),
        PixelCodec(levels=2),
        PixelCodec(levels=2, reduction="antialiased"),
    ],
    ids=lambda codec: codec.description,
)
def test_no_baseline_moves_the_picture(codec: WaveletCodec | PixelCodec) -> None:
    """A smooth blob keeps its centre of mass: enlargements of the wrong phase move it by 1.5 pixels."""
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    blob = torch.exp(-((y - 30) ** 2 + (x - 35) ** 2) / 100).expand(1, 3, 64, 64)
    baselines = code_baselines(codec)
    assert len(baselines) == (1 if codec.description.startswith("db2") else 2)
    for name, reconstruct in {**baselines, "classical": classical_bicubic(4)}.items():
        found = reconstruct(blob)[0, 0]
        centre = torch.stack([(found * axis).sum() / found.sum() for axis in (y, x)])
        assert torch.allclose(centre, torch.tensor([30.0, 35.0]), atol=0.15), name


def test_every_codec_has_its_own_baselines_and_every_run_its_own_name(trained_run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / trained_run.name
    shutil.copytree(trained_run, other)
    config = json.loads((other / "model" / "config.json").read_text())
    config["codec"]["boundary"] = "periodization"
    (other / "model" / "config.json").write_text(json.dumps(config))
    names = [
        row.name for row in candidates([TrainedDecoder(trained_run), TrainedDecoder(other)], ImageShape.square(64), CPU)
    ]
    assert names == [
        "zero-detail IWT (bior2.2 x 2)",
        "bicubic of the code (bior2.2 x 2)",
        "antialiased bicubic / 4",
        "zero-detail IWT (bior2.2 x 2, periodization)",
        "bicubic of the code (bior2.2 x 2, periodization)",
        f"{trained_run.parent.name}/tiny",
        "other/tiny",
    ]
    with pytest.raises(UserError, match="the same run was given twice"):
        candidates([TrainedDecoder(trained_run), TrainedDecoder(trained_run)], ImageShape.square(64), CPU)
    with pytest.raises(UserError, match="cannot make images of 2 x 2"):
        candidates([TrainedDecoder(trained_run)], ImageShape.square(2), CPU)


def test_cost_counts_every_multiplication_of_the_convolutions() -> None:
    codec, decoder = WaveletCodec(levels=2), SRResNet(channels=8, blocks=2).eval()
    cost = decoding_cost(codec, decoder, ImageShape.square(64), CPU)
    low = 16 * 16
    expected = low * 9 * (3 * 8 + 4 * 8 * 8 + 8 * 32) + 4 * low * 9 * 8 * 32 + 16 * low * 9 * (8 * 8 + 8 * 3)
    assert cost.multiply_adds == expected
    assert cost.parameters == sum(p.numel() for p in decoder.parameters())
    assert cost.milliseconds is not None
    assert cost.milliseconds > 0


def test_the_verb_prints_a_table_json_and_a_page(
    trained_run: Path, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    asked = ["evaluate-decoder", str(trained_run), "--data", str(image_folder), "--samples", "8", "--device", "cpu"]
    assert main([*asked, "--out", str(page)]) == 0
    printed = capsys.readouterr().out
    for name in ("training: 8 images", "held-out: 8 images", "zero-detail IWT (bior2.2 x 2)", "bicubic / 4"):
        assert name in printed
    text = page.read_text()
    assert "Crops" in text
    assert text.count("<img") == 4 * (1 + 2 * 4)  # four images: the original, then each row and its error
    assert main([*asked, "--resolution", "128", "--upsample", "--json"]) == 0
    printed, told = capsys.readouterr()
    assert "not judged on training images" in told  # they are of 64 x 64
    result = json.loads(printed)
    assert "biased upwards" in result["warnings"][0]
    assert result["protocol"]["resolution"] == 128
    assert [row["name"] for row in result["rows"]][-1] == "tiny"
    quality = result["rows"][-1]["quality"]["held-out"]
    assert quality["psnr"] > 20


def test_snapshots_are_rows_of_their_own_and_points_of_a_curve(
    trained_run: Path, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = RunFolder.open(trained_run).part("decoder").snapshot_counts()
    earlier, page = f"{trained_run}@{counts[0]}", tmp_path / "page.html"
    asked = ["evaluate-decoder", str(trained_run), earlier, "--samples", "8", "--device", "cpu", "--curve"]
    assert main([*asked, "--data", str(image_folder), "--json", "--out", str(page)]) == 0
    result = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row["quality"]["held-out"]["psnr"] for row in result["rows"]}
    points = result["curves"]["runs"]["tiny"]
    assert [point["nimg"] for point in points] == counts
    assert points[-1]["psnr"] == pytest.approx(rows["tiny"])
    assert points[0]["psnr"] == pytest.approx(rows[f"tiny at {counts[0] / 1000:g} kimg"])
    assert points[0]["seconds"] == 0
    assert sorted(point["seconds"] for point in points) == [point["seconds"] for point in points]
    assert "PSNR over training time" in page.read_text()
    assert main(["evaluate-decoder", f"{trained_run}@7"]) == 2
    assert "no snapshot at 7 images; there are" in capsys.readouterr().err
    assert main(["evaluate-decoder", f"{trained_run}@x"]) == 2
    assert "no such folder" in capsys.readouterr().err
