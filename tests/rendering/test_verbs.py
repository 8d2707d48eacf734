"""`frugan render` and `frugan video`: flags, files of strangers, and a kill in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.spec import Spec
from frugan.networks.creps import CREPSGenerator

ModelFolder = Callable[..., Path]


def test_command(
    tmp_path: Path, generator: CREPSGenerator, model_folder: ModelFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    model = model_folder(tmp_path / "model", generator, Spec(IdentityCodec))
    assert main(["render", str(model), "--out", str(tmp_path / "a.png"), "--size", "96x64", "--seed", "3"]) == 0
    assert Image.open(tmp_path / "a.png").size == (96, 64)
    np.save(tmp_path / "bend.npy", np.random.default_rng(0).random((5, 5, 2)))
    for flags in (["--warp", "fisheye"], ["--warp", str(tmp_path / "bend.npy")], ["--rotate", "20", "--exact"]):
        assert main(["render", str(model), "--out", str(tmp_path / "b.png"), "--size", "20x20", *flags]) == 0
    for flags, sentence in {
        ("--out", "a.bmp"): "must end in .png",
        ("--out", "a.png", "--size", "12"): "12: not a width and height in pixels. Give both, such as 128x128",
        ("--out", "a.png", "--crop", "1,0,0,1"): "must leave something between",
        ("--out", "a.png", "--zoom", "0"): "must be above 0",
        ("--out", "a.png", "--warp", "fisheys"): "fisheye, wave, or a .npy",
        ("--out", "a.png", "--warp", "gone.npy"): "No such file",
        ("--out", "a.png", "--class", "rose"): "not class-conditional",
    }.items():
        assert main(["render", str(model), *flags]) == 2
        assert sentence in capsys.readouterr().err
    codes = model_folder(tmp_path / "codes", generator, Spec(WaveletCodec, levels=2), resolution=128)
    assert main(["render", str(codes), "--out", "a.png"]) == 2
    assert "draws codes for a decoder" in capsys.readouterr().err
    assert json.loads((model / "config.json").read_text())["resolution"] == 32


def test_warps_of_strangers(
    tmp_path: Path, generator: CREPSGenerator, model_folder: ModelFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    model = model_folder(tmp_path / "model", generator, Spec(IdentityCodec))
    huge, pipe = BytesIO(), tmp_path / "pipe.npy"
    np.lib.format.write_array_header_1_0(huge, {"shape": (10**6, 10**6, 2), "fortran_order": False, "descr": "<f8"})
    os.mkfifo(pipe)
    (tmp_path / "huge.npy").write_bytes(huge.getvalue())
    (tmp_path / "text.npy").write_text("text")
    np.save(tmp_path / "far.npy", np.full((4, 4, 2), np.linspace(-1e300, 1e300, 2)))
    np.save(tmp_path / "least.npy", np.full((4, 4, 2), np.iinfo(np.int64).min))
    np.save(tmp_path / "words.npy", np.full((4, 4, 2), "a"))
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    for name, sentence in {
        "huge.npy": "its header says (1000000, 1000000, 2) of float64, and 0 bytes follow",
        "text.npy": "no .npy file of numbers",
        "far.npy": "from -1000 to 1000",
        "least.npy": "from -1000 to 1000",
        "words.npy": "no .npy file of numbers (it holds <U1)",
        "objects.npy": "no .npy file of numbers (it holds object)",
        "pipe.npy": "not a regular file",
    }.items():
        arguments = ["--out", str(tmp_path / "a.png"), "--size", "20x20", "--warp", str(tmp_path / name)]
        assert main(["render", str(model), *arguments]) == 2
        assert sentence in capsys.readouterr().err
    fortran = np.asfortranarray(np.random.default_rng(0).random((5, 4, 2)))
    for number, field in enumerate((fortran, np.ascontiguousarray(fortran))):
        np.save(tmp_path / "bend.npy", field)
        bend = ["--warp", str(tmp_path / "bend.npy")]
        assert main(["render", str(model), "--out", str(tmp_path / f"{number}.png"), "--size", "20x20", *bend]) == 0
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()


def test_video_command(
    tmp_path: Path, generator: CREPSGenerator, model_folder: ModelFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    model, frames = model_folder(tmp_path / "model", generator, Spec(IdentityCodec)), tmp_path / "frames"
    film = ["video", str(model), "--seeds", "3,4", "--size", "32x32", "--seconds", ".2", "--fps", "20"]
    assert main([*film, "--out", str(frames)]) == 0
    assert [path.name for path in sorted(frames.iterdir())] == [f"frame{i:05d}.png" for i in range(5)]
    assert main(["render", str(model), "--out", str(tmp_path / "a.png"), "--size", "32x32", "--seed", "4"]) == 0
    assert (np.array(Image.open(tmp_path / "a.png")) == np.array(Image.open(frames / "frame00004.png"))).all()
    assert main([*film, "--out", str(frames)]) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert main([*film, "--out", str(tmp_path / "film.mp4"), "--zoom", "1:16"]) == 0
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"
    assert "5 frames of 32 x 32" in capsys.readouterr().out
    assert main([*film, "--out", str(tmp_path / "film.mp4"), "--size", "31x32"]) == 2
    assert main([*film, "--out", str(tmp_path / "film.avi")]) == 2
    assert main([*film, "--out", str(frames), "--zoom", "0:1"]) == 2


@pytest.mark.parametrize("ending", [".png", ".dzi"])
def test_killed_while_rendering_leaves_nothing_under_the_name(
    tmp_path: Path, generator: CREPSGenerator, model_folder: ModelFolder, ending: str
) -> None:
    model, out = model_folder(tmp_path / "model", generator, Spec(IdentityCodec)), tmp_path / f"large{ending}"
    command = [sys.executable, "-m", "frugan", "render", str(model), "--out", str(out), "--size", "20000x20000"]
    process = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while not list(tmp_path.glob(".large*.tmp")):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not out.exists()
    assert not (tmp_path / "large_files").exists()
