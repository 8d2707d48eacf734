"""Finished pictures, halved by a codec and enlarged by another model's decoder: sizes, equality, and the verbs."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import frugan
from frugan.cli import main
from frugan.codecs.base import Codec
from frugan.codecs.pixel import PixelCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.shape import ImageShape
from frugan.model.model import Enlargement
from frugan.networks.esrgan import RRDBNet
from frugan.networks.srresnet import SRResNet
from frugan.system.errors import UserError


@pytest.mark.parametrize(
    "codec",
    [
        WaveletCodec(levels=2, code_min=-1.3, code_max=1.2),
        PixelCodec(levels=2),
        PixelCodec(levels=2, reduction="bilinear"),
    ],
)
def test_halved_as_often_as_the_codec_does_it_is_the_codec_s_round_trip(codec: Codec) -> None:
    torch.manual_seed(0)
    decoder, images = SRResNet(channels=8, blocks=1, init_scale=1.0).eval(), torch.rand(2, 3, 64, 64) * 2 - 1
    enlargement = Enlargement(codec, decoder, halvings=2)
    with torch.no_grad():
        assert torch.allclose(enlargement(images), codec.decode(codec.encode(images), decoder), atol=1e-5)
        assert enlargement(images).shape[-1] == enlargement.shape(ImageShape.square(64)).width == 64
        assert (
            Enlargement(codec, decoder, 1)(images).shape[-1]
            == Enlargement(codec, decoder, 1).shape(ImageShape.square(64)).width
            == 128
        )
        assert (
            Enlargement(codec, decoder, 0)(images).shape[-1]
            == Enlargement(codec, decoder, 0).shape(ImageShape.square(64)).width
            == 256
        )


def test_contrast_does_not_depend_on_the_halvings() -> None:
    """TL's gain is 2 a level: divided out, or one level's codes come back with a quarter more contrast."""
    codec = WaveletCodec(levels=2, code_min=-1.3, code_max=1.2)
    x = torch.linspace(0, 3.14, 64)
    smooth = (0.8 * torch.outer(x.cos(), x.sin())).expand(1, 3, 64, 64)
    flat = SRResNet(channels=8, blocks=1, zero_last=True).eval()
    spread = smooth[..., 16:48, 16:48].std().item()
    for halvings in (0, 1, 2):
        large = Enlargement(codec, flat, halvings)(smooth)
        quarter = large.shape[-1] // 4
        inside = large[..., quarter:-quarter, quarter:-quarter]
        assert inside.std().item() == pytest.approx(spread, rel=0.04)


def test_the_verbs_enlarge_pictures_and_leave_the_run_s_own_result_alone(
    trained_run: Path, image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = ["--decoder", str(trained_run), "--halvings", "1", "--device", "cpu"]
    assert main(["sample", str(trained_run), "--seeds", "1-2", "--out", str(tmp_path / "large"), *other]) == 0
    assert Image.open(tmp_path / "large" / "seed0001.png").size == (128, 128)
    before = (trained_run / "evaluation.json").exists()
    capsys.readouterr()
    judged = [
        "evaluate",
        str(trained_run),
        "--data",
        str(image_folder),
        "--upsample",
        "--samples",
        "8",
        "--json",
        *other,
    ]
    assert main(judged) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["protocol"]["resolution"] == 128
    assert result["reconstruction"]["of_generated"] > 0
    assert (trained_run / "evaluation.json").exists() == before
    assert main(["sample", str(trained_run), "--out", str(tmp_path / "x"), "--halvings", "1"]) == 2
    assert "goes with --decoder" in capsys.readouterr().err
    with pytest.raises(
        UserError, match="cannot enlarge images of 64 x 64, halved 7 times: 64 x 64 pixels are too few to be mirrored"
    ):
        frugan.load(trained_run).enlarged_by(WaveletCodec(levels=2), SRResNet(channels=8, blocks=1), 7)


def test_the_official_esrgan_s_file_is_a_decoder_everywhere(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """sample --decoder and evaluate-decoder take the weight file that upscale takes."""
    torch.manual_seed(0)
    network = RRDBNet(width=8, blocks=1, growth=4).eval()
    save_file(network.state_dict(), tmp_path / "RRDB.safetensors")
    out = tmp_path / "large"
    flags = ["--seeds", "3", "--decoder", str(tmp_path / "RRDB.safetensors"), "--halvings", "2"]
    assert main(["sample", str(trained_run), "--out", str(out), *flags]) == 0
    drawn = torch.from_numpy(np.array(Image.open(out / "seed0003.png"))).permute(2, 0, 1)
    codec = PixelCodec(levels=2, reduction="antialiased")
    with torch.no_grad():
        low = codec.halved(frugan.load(trained_run).sample([3]), 2)
        expected = ((network(low, low)[0].clamp(-1, 1) + 1) * 127.5).round()
    assert (drawn - expected).abs().max() <= 1
    assert main(["evaluate-decoder", str(tmp_path / "RRDB.safetensors"), "--samples", "4"]) == 2
    assert "--resolution: " in capsys.readouterr().err
    compared = ["evaluate-decoder", str(trained_run), str(tmp_path / "RRDB.safetensors"), "--samples", "4", "--json"]
    capsys.readouterr()
    assert main(compared) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert "RRDB.safetensors" in rows[-1]["path"]
    assert rows[-1]["cost"]["parameters"] == sum(p.numel() for p in network.parameters())
