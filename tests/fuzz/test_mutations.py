"""Foreign files and arguments, damaged at random: every trial ends with exit 0, 1 or 2, in time, in its own folder.

`make fuzz` runs many trials; the seed of a failing one is in its message.
"""

import json
import os
import random
import re
import resource
import shutil
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.source import open_source
from frugan.model.folder import ModelDescription
from frugan.model.weights import write_weights
from frugan.networks.creps import CREPSGenerator
from frugan.networks.esrgan import RRDBNet
from frugan.system.errors import RunError, UserError
from frugan.training.checkpoint import load_newest_checkpoint

TRIALS = int(os.environ.get("FRUGAN_FUZZ_TRIALS", "40"))  # of each kind
_SECONDS = 60
_MOST_MEMORY = 4 * 2**30  # of the whole process, torch included
_VALUES = [
    b"null",
    b"NaN",
    b"-1",
    b"0",
    b"1e309",
    b"9" * 400,
    b"[]",
    b"{}",
    b'""',
    b'"../../x"',
    b'"\\u001b[2J"',
    b"true",
]


def _flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    return data[:start] + data[start : start + chance.randrange(1, 64)] * chance.choice([2, 50]) + data[start:]


def _noise(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.randbytes(chance.randrange(1, 40)) + data[at:]


def _value(data: bytes, chance: random.Random) -> bytes:
    """Another value in place of one of JSON or YAML."""
    places = [match.span() for match in re.finditer(rb"(?<=[:\[,] )[^\s,\]}]+", data)]
    if not places:
        return _flip(data, chance)
    start, end = chance.choice(places)
    return data[:start] + chance.choice(_VALUES) + data[end:]


def _deep(data: bytes, chance: random.Random) -> bytes:
    return chance.choice([b"[", b'{"a":', b"- "]) * 20_000 + data


_MUTATIONS = [_flip, _cut, _repeat, _noise, _value, _value, _value, _deep]


def mutated(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        data = chance.choice(_MUTATIONS)(data, chance) if data else chance.randbytes(20)
    return data


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """Within the bounds of time and memory."""

    def late(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"{what}: took more than {_SECONDS} s")

    before, began = signal.signal(signal.SIGALRM, late), time.monotonic()
    signal.alarm(_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - began < _SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < _MOST_MEMORY, what


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def run(arguments: list[str], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One command: its exit code is 0, 1 or 2, and it prints no escape sequence and no traceback."""
    with bounded(what):
        try:
            code = main(arguments)
        except SystemExit as end:  # of the parser of arguments
            code = end.code if isinstance(end.code, int) else 2
    printed = "".join(capsys.readouterr())
    assert code in (0, 1, 2), what
    assert "Traceback" not in printed, f"{what}: {printed}"
    assert "\x1b]" not in printed, what


@pytest.mark.parametrize("verb", ["sample", "report"])
def test_run_and_model_folders(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    files = [
        path for path in sorted(trained_run.rglob("*")) if path.suffix in {".json", ".yaml", ".jsonl", ".safetensors"}
    ]
    files = [path.relative_to(trained_run) for path in files if "checkpoints" not in path.parts]
    for seed in range(TRIALS):
        chance = random.Random(f"{verb}{seed}")
        home = tmp_path / "home"
        copy, out = home / "run", home / "out"
        shutil.copytree(trained_run, copy)
        victim = copy / chance.choice(files)
        victim.write_bytes(mutated(victim.read_bytes(), chance))
        target = chance.choice([copy, copy / "model"]) if verb == "sample" else copy
        arguments = ["--seeds", "0-1", "--out", str(out)] if verb == "sample" else []
        run([verb, str(target), *arguments], f"{verb} {seed}, {victim.relative_to(copy)}", capsys)
        assert everything(tmp_path) <= {"home", *(f"home/{name}" for name in ("run", "out"))} | {
            name for name in everything(tmp_path) if name.startswith(("home/run/", "home/out/"))
        }
        shutil.rmtree(home)


def test_checkpoints(trained_run: Path, tmp_path: Path) -> None:
    for seed in range(TRIALS * 4):
        chance = random.Random(f"checkpoint{seed}")
        copy = Path(shutil.copytree(trained_run / "sampler" / "checkpoints", tmp_path / "checkpoints"))
        victim = chance.choice([path for path in sorted(copy.rglob("*")) if path.is_file()])
        whole = victim.read_bytes()
        victim.write_bytes(mutated(whole, chance))
        with bounded(f"checkpoint {seed}"):
            try:
                found, complaints = load_newest_checkpoint(copy)
            except RunError:
                found, complaints = None, ["none is left"]
        # Never silently another state: what was altered is complained of, unless it is an older one, unread, or
        # the same JSON in other letters.
        unread = found is not None and found.nimg != int(victim.parent.name)
        assert complaints or unread or _same(victim.read_bytes(), whole), seed
        shutil.rmtree(copy)


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "tif", "gif", "bmp", "zip"])
def test_images_and_archives(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    pixels = np.random.RandomState(0).randint(0, 256, (24, 32, 3), np.uint8)
    sound = tmp_path / f"sound.{'png' if kind == 'zip' else kind}"
    Image.fromarray(pixels).save(sound)
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "sound.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(3):
                archive.write(sound, f"class{i}/{i}.png")
    for seed in range(TRIALS):
        chance = random.Random(f"{kind}{seed}")
        home = tmp_path / "home"
        home.mkdir()
        victim = home / f"foreign.{kind}"
        victim.write_bytes(mutated((tmp_path / f"sound.{kind}").read_bytes(), chance))
        data = victim if kind == "zip" else home
        run(["data", "check", str(data)], f"{kind} {seed}", capsys)
        with bounded(f"{kind} {seed}"):
            _packed(lambda data=data: pack(open_source(data), Wanted.square(16), cache_dir=tmp_path / "cache"))  # type: ignore[misc]
        assert everything(home) == {victim.name}
        shutil.rmtree(home)


def test_packed_images(image_folder: Path, tmp_path: Path) -> None:
    source = open_source(image_folder)
    pixels = np.array(pack(source, Wanted.square(16), cache_dir=tmp_path).images)
    for seed in range(TRIALS):
        chance = random.Random(f"cache{seed}")
        folder = pack(source, Wanted.square(16), cache_dir=tmp_path).folder
        victim = folder / chance.choice(["index.json", "images.npy"])
        victim.write_bytes(mutated(victim.read_bytes(), chance))
        with bounded(f"cache {seed}"):
            again = pack(source, Wanted.square(16), cache_dir=tmp_path)
        assert np.array_equal(again.images, pixels), seed


def test_weights_of_decoders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    small = RRDBNet(width=4, blocks=1, growth=4).state_dict()
    torch.save(small, tmp_path / "sound.pth")
    save_file(small, tmp_path / "sound.safetensors")
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    for seed in range(TRIALS):
        chance = random.Random(f"weights{seed}")
        home = tmp_path / "home"
        home.mkdir()
        kind = chance.choice(["pth", "safetensors"])
        victim = home / f"foreign.{kind}"
        victim.write_bytes(mutated((tmp_path / f"sound.{kind}").read_bytes(), chance))
        arguments = ["--decoder", str(victim), "--out", str(home / "out")]
        run(["upscale", str(tmp_path / "small.png"), *arguments], f"weights {seed}", capsys)
        assert everything(home) <= {victim.name, "out", "out/small.png"}
        shutil.rmtree(home)


def test_warps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = Spec(CREPSGenerator, latent_dim=8, style_dim=8, channel_base=128, channel_max=8, mapping_layers=1)
    ModelDescription(small, Spec(IdentityCodec), None, (3, 16, 16), ImageShape.square(16), info={}).write(
        tmp_path / "model"
    )
    write_weights(tmp_path / "model" / "generator.safetensors", small.build(code_shape=(3, 16, 16)))
    np.save(tmp_path / "sound.npy", np.random.RandomState(0).rand(4, 5, 2))
    for seed in range(TRIALS):
        chance = random.Random(f"warp{seed}")
        home = tmp_path / "home"
        home.mkdir()
        victim = home / "foreign.npy"
        victim.write_bytes(mutated((tmp_path / "sound.npy").read_bytes(), chance))
        arguments = ["--warp", str(victim), "--size", "12x12", "--out", str(home / "out.png")]
        run(["render", str(tmp_path / "model"), *arguments], f"warp {seed}", capsys)
        assert everything(home) <= {victim.name, "out.png"}
        shutil.rmtree(home)


def test_arguments(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # some of what is strange is a relative path
    strange = [
        "",
        "-1",
        "0",
        "1e400",
        "nan",
        "٣",
        "9" * 30,
        "0-99999999999",
        "a=b",
        "[",
        "{",
        "\x1b]0;x\x07",
        "~nobody/x",
        "\0",
    ]
    flags = {
        "sample": ["--seeds", "--trunc", "--class", "--code-noise", "--decoder", "--out", "--device"],
        "train": [
            "--set",
            "--resolution",
            "--kimg",
            "--minutes",
            "--batch",
            "--seed",
            "--recipe",
            "--config",
            "--from",
        ],
        "render": ["--seed", "--size", "--crop", "--zoom", "--rotate", "--warp", "--shift"],
    }
    for seed in range(TRIALS):
        chance = random.Random(f"arguments{seed}")
        verb = chance.choice(sorted(flags))
        first = [str(trained_run)] if verb != "train" else [chance.choice(["noto-people", "nowhere", *strange])]
        chosen = [
            word for _ in range(chance.randrange(1, 3)) for word in (chance.choice(flags[verb]), chance.choice(strange))
        ]
        out = [] if "--out" in chosen else ["--out", str(tmp_path / "out" / "x")]
        extra = ["--dry-run", "--set", "no.such=1"] if verb == "train" else ["--seeds", "0"] if verb == "sample" else []
        run([verb, *first, *extra, *chosen, *out], f"arguments {seed}: {verb} {chosen}", capsys)
        shutil.rmtree(tmp_path / "out", ignore_errors=True)


def _same(left: bytes, right: bytes) -> bool:
    try:
        return left == right or bool(json.loads(left) == json.loads(right))
    except ValueError:
        return False


def _packed(make: Callable[[], object]) -> None:
    """Packing succeeds, or says why not."""
    with suppress(UserError, RunError):
        make()
