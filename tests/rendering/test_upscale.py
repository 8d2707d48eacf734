"""Tiles without seams, files written in strips, and the decoders that `frugan upscale` accepts."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import frugan
from frugan.cli import main
from frugan.codecs.base import Codec
from frugan.codecs.pixel import PixelCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.shape import PixelFormat
from frugan.data.whole import WholeImage
from frugan.model.weights import load_rrdb
from frugan.networks.base import Decoder
from frugan.networks.esrgan import RRDBNet
from frugan.networks.srresnet import SRResNet
from frugan.networks.unet import UNetP
from frugan.rendering.upscale import upscale_strips
from frugan.system.errors import UserError
from frugan.use_cases.upscale import _enlarged
from frugan.writing.pictures import converter
from frugan.writing.png_stream import write_png_strips


@pytest.mark.parametrize(
    "codec", [WaveletCodec(levels=2, code_min=-1.2, code_max=1.1), PixelCodec(levels=1, reduction="bilinear")]
)
@pytest.mark.parametrize("size", [(37, 23), (8, 90)])
@pytest.mark.parametrize("tile", [16, 40, 1000])
def test_tiles_equal_the_whole(codec: Codec, size: tuple[int, int], tile: int) -> None:
    torch.manual_seed(0)
    decoder = SRResNet(doublings=codec.levels, channels=8, blocks=2, init_scale=1.0).eval()  # type: ignore[arg-type]
    low = torch.rand(3, *size) * 2 - 1
    whole = torch.cat(list(upscale_strips(low, codec, decoder, tile=0)), dim=1)
    factor = codec.factor
    assert whole.shape == (3, size[0] * factor, size[1] * factor)
    tiles = torch.cat(list(upscale_strips(low, codec, decoder, tile=tile)), dim=1)
    assert torch.allclose(tiles, whole, atol=1e-5)
    code = codec.from_low(low[None])
    assert torch.allclose(whole, codec.decode(code, decoder)[0].clamp(-1, 1), atol=1e-5)


def test_progress_counts_tiles_and_strips_come_one_by_one() -> None:
    seen: list[tuple[int, int]] = []
    decoder = SRResNet(doublings=2, channels=4, blocks=1)
    strips = upscale_strips(
        torch.zeros(3, 20, 30), WaveletCodec(levels=2), decoder, tile=40, on_progress=lambda *n: seen.append(n)
    )
    assert next(strips).shape == (3, 40, 120)
    assert seen == [(1, 6), (2, 6), (3, 6)]
    assert sum(strip.shape[1] for strip in strips) == 40


def test_a_decoder_that_sees_everything_takes_no_tiles() -> None:
    low, codec, decoder = (
        torch.zeros(3, 16, 16),
        PixelCodec(levels=2),
        UNetP(levels=2, width=4, reduction="gaussian").eval(),
    )
    with pytest.raises(UserError, match="Use tile 0"):
        next(upscale_strips(low, codec, decoder, tile=32))
    assert next(upscale_strips(low, codec, decoder, tile=0)).shape == (3, 64, 64)


@pytest.mark.parametrize("strip_heights", [[7], [1] * 7, [3, 4]])
def test_a_png_of_strips_reads_back_exactly(strip_heights: list[int], tmp_path: Path) -> None:
    pixels = np.random.RandomState(0).randint(0, 256, (7, 5, 3), np.uint8)
    strips = np.split(pixels, np.cumsum(strip_heights)[:-1])
    write_png_strips(tmp_path / "a.png", strips, width=5, height=7)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), pixels)


def test_an_unfinished_png_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="do not make a picture of 9"):
        write_png_strips(tmp_path / "a.png", [np.zeros((7, 5, 3), np.uint8)], width=5, height=9)
    assert list(tmp_path.iterdir()) == []


def test_upscale_from_the_command_line(trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photo, broken = tmp_path / "photo.jpg", tmp_path / "broken.jpg"
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (21, 34, 3), np.uint8)).save(photo)
    broken.write_bytes(b"no image")
    out = tmp_path / "out"
    assert main(["upscale", str(photo), "--decoder", str(trained_run), "--out", str(out), "--tile", "64"]) == 0
    assert Image.open(out / "photo.png").size == (136, 84)
    assert "34 x 21 -> 136 x 84" in capsys.readouterr().out
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(photo, folder / "a.png")
    shutil.copy(photo, folder / "b.png")
    (folder / "notes.txt").write_text("no image")
    assert main(["upscale", str(folder), "--decoder", str(trained_run), "--out", str(tmp_path / "all")]) == 0
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["a.png", "b.png"]
    assert main(["upscale", str(folder), "--decoder", str(trained_run), "--out", str(tmp_path / "one.png")]) == 2
    assert main(["upscale", str(photo), "--decoder", str(trained_run), "--out", str(tmp_path / "one.png")]) == 0
    assert Image.open(tmp_path / "one.png").size == (136, 84)
    capsys.readouterr()
    assert main(["upscale", str(broken), str(photo), "--decoder", str(trained_run), "--out", str(out)]) == 1
    assert "broken.jpg" in capsys.readouterr().err
    assert main(["upscale", str(out / "photo.png"), "--decoder", str(trained_run), "--out", str(out)]) == 2
    assert "would overwrite" in capsys.readouterr().err
    assert main(["upscale", str(tmp_path / "none.png"), "--decoder", str(trained_run)]) == 2


@pytest.mark.parametrize("wrapped", [False, True])
def test_official_weights_are_read_without_unpickling(wrapped: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network: Decoder = RRDBNet(width=8, blocks=2, growth=4)
    weights = network.state_dict()
    torch.save({"params_ema": weights} if wrapped else weights, tmp_path / "RRDB_ESRGAN_x4.pth")
    loaded = load_rrdb(tmp_path / "RRDB_ESRGAN_x4.pth")
    low = torch.rand(1, 3, 6, 7)
    assert torch.equal(loaded(low, low), network.eval()(low, low))


def test_a_malicious_pickle_is_refused_and_does_nothing(tmp_path: Path) -> None:
    class Malicious:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            import os

            return os.mkdir, (str(tmp_path / "pwned"),)

    torch.save({"conv_first.weight": Malicious()}, tmp_path / "evil.pth")
    with pytest.raises(UserError, match="nothing else is ever unpickled"):
        load_rrdb(tmp_path / "evil.pth")
    assert not (tmp_path / "pwned").exists()
    torch.save({"some": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match="not ESRGAN's weights"):
        load_rrdb(tmp_path / "other.pth")


@pytest.mark.parametrize(
    "content",
    [
        b"text",
        b"",
        {"conv_first.weight": torch.tensor(1.0)},
        {1: torch.zeros(3)},
        {"params_ema": 5},
        [1, 2],
        "pipe",
    ],
    ids=str,
)
def test_any_other_file_is_refused_in_words(content: object, tmp_path: Path) -> None:
    path = tmp_path / "foreign.pth"
    if content == "pipe":
        os.mkfifo(path)  # without a writer, a reader would wait for ever
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(UserError, match=r"foreign\.pth: "):
        load_rrdb(path)


def test_opacity_and_profile_are_kept(trained_run: Path, tmp_path: Path) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = np.full((24, 20, 4), 200, np.uint8)
    pixels[..., 3] = 255
    pixels[:, 12:] = (255, 0, 0, 0)  # hidden red
    Image.fromarray(pixels).save(tmp_path / "sprite.png", icc_profile=profile)
    result = frugan.upscale([tmp_path / "sprite.png"], trained_run, tmp_path / "out")
    large = Image.open(result.pictures[0].file)
    assert (large.mode, large.size) == ("RGBA", (80, 96))
    assert large.info["icc_profile"] == profile
    seen = np.asarray(large)
    assert (seen[:, :40, 3] == 255).all()
    assert (seen[:, 60:] == 0).all()


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_with_opacity_is_written_as_rgba(bits: int) -> None:
    """By a decoder that knows neither colours nor opacity; of 16 bits, opacity has all, whatever white is."""
    random = np.random.RandomState(0)
    grey = random.randint(0, 200, (1, 6, 5)).astype(f"u{bits // 8}")
    image = WholeImage(grey, opacity=np.full_like(grey, 2**bits - 1))
    pixels = PixelFormat(8) if bits == 8 else PixelFormat(16, 0, 4095)
    codec = PixelCodec(levels=1)
    decoder = SRResNet(doublings=1, channels=4, blocks=1, colours=1).eval()
    stored = converter(Path("a.png"), image.written_channels, pixels)
    written = np.concatenate([stored(strip[None])[0] for strip in _enlarged(image, pixels, codec, decoder, 8, print)])
    assert written.shape == (12, 10, 4)
    assert (written[..., 3] == 2**bits - 1).all()
    assert (written[..., 0] == written[..., 1]).all()
