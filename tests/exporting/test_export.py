"""Exported files, run by onnxruntime and torch, draw what models draw, say what they are, and hold no more."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import frugan.use_cases.export as use_case
from frugan import Exporting, RunError, UserError, export
from frugan.exporting.description import KEY
from frugan.model.model import Model
from frugan.model.seeds import seed_latents
from frugan.ops.grid import full_grid
from frugan.writing.pictures import to_stored

from .models import CHAINS, SAMPLERS

EVERY = "FRUGAN_ALL_EXPORTS"
QUICK = {  # of these, each has something that no other has
    "dcgan, bior2.2, srresnet": "all",
    "scaleparty": "all",
    "dcgan, unet-w": "decoder",
}
CASES = [(name, "all") for name in (*SAMPLERS, *CHAINS)] + [
    (name, part) for name in CHAINS for part in ("sampler", "decoder")
]


def drawn(path: Path, **inputs: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (result,) = session.run(None, inputs)
    return np.asarray(result)


def some(name: str) -> Model:
    torch.manual_seed(0)
    return (SAMPLERS | CHAINS)[name]()


@pytest.mark.parametrize(("name", "part"), CASES)
def test_onnx_files_draw_what_models_draw(name: str, part: str, tmp_path: Path) -> None:
    if QUICK.get(name) != part and not os.environ.get(EVERY):
        pytest.skip(f"{EVERY}=1 exports every network")
    for ending in (".onnx", ".pt2") if os.environ.get(EVERY) else (".onnx",):
        made = export(some(name), tmp_path / f"model{ending}", Exporting(part))  # type: ignore[arg-type]
        assert made.difference < 1e-4
        assert len(made.checked) == 3
        assert made.file.stat().st_size == made.size


@pytest.fixture(scope="module")
def creps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("creps") / "creps.onnx"
    export(some("creps"), path)
    return path


def test_one_file_of_creps_draws_every_size_and_its_tiles(creps: Path) -> None:
    model, latents = some("creps"), seed_latents([3], 8).numpy()
    sizes = [(64, 64), (333, 1000)]
    for height, width in sizes:
        rows, cols = (axis.numpy() for axis in full_grid(height, width))
        whole = drawn(creps, latents=latents, truncation=np.ones(1, np.float32), rows=rows, cols=cols)
        with torch.no_grad():
            w = model.generator.truncated_mapping(torch.from_numpy(latents))
            expected = model.generator.synthesis(w, full_grid(height, width)).clamp(-1, 1)
        assert np.abs(whole - expected.numpy()).max() < 1e-5
        tile = drawn(creps, latents=latents, truncation=np.ones(1, np.float32), rows=rows[9:30], cols=cols[-50:])
        assert np.abs(tile - whole[:, :, 9:30, -50:]).max() < 1e-6


def test_the_rule_of_seeds_and_of_coordinates_is_in_the_file(creps: Path) -> None:
    entries = {entry.key: entry.value for entry in onnx.load(creps).metadata_props}
    said = json.loads(entries[KEY])
    latents = np.random.RandomState(5).randn(1, 8).astype(np.float32)  # said["seeds"], by hand
    assert "RandomState(seed).randn(1, latent_dim)" in said["seeds"]
    span = 15 / 19
    rows = np.linspace((1 - span) / 2, (1 + span) / 2, 16).astype(np.float32)  # said["grid"], by hand
    assert "(1 - s) / 2" in said["grid"]
    found = drawn(
        creps,
        latents=latents,
        truncation=np.ones(1, np.float32),
        rows=rows,
        cols=np.linspace(0, 1, 20, dtype=np.float32),
    )
    model = some("creps")
    with torch.no_grad():
        expected = model.generator.synthesis(model.styles([5]), full_grid(16, 20)).clamp(-1, 1)
    assert np.abs(found - expected.numpy()).max() < 1e-5
    assert set(said["inputs"]) == {"latents", "truncation", "rows", "cols"}


def test_files_tell_nothing_of_the_machine_that_wrote_them(creps: Path) -> None:
    content = creps.read_bytes()
    for secret in (str(Path(use_case.__file__).parents[2]), "site-packages", "stack_trace"):
        assert secret.encode() not in content


def test_uint8_files_hold_what_image_files_hold(tmp_path: Path) -> None:
    model = some("dcgan, haar of RGBA")
    export(model, tmp_path / "m.onnx", Exporting(pixels="uint8"))
    found = drawn(tmp_path / "m.onnx", latents=seed_latents([1, 2], 8).numpy(), truncation=np.ones(1, np.float32))
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - to_stored(model.sample([1, 2]))).max() <= 1


def test_torch_reads_its_own_format_without_this_package(tmp_path: Path) -> None:
    made = export(some("dcgan, bior2.2, srresnet"), tmp_path / "m.pt2")
    program = (
        "import sys, torch; m = torch.export.load(sys.argv[1]).module(); print(tuple(m(latents=torch.zeros(7, 8), "
    )
    program += "truncation=torch.ones(1)).shape), 'frugan' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program, made.file], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["(7,", "3,", "63,", "62)", "False"]


def test_a_file_that_draws_something_else_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write, read = use_case._FORMATS[".pt2"]

    def wrong(path: Path):  # type: ignore[no-untyped-def]
        run = read(path)
        return lambda inputs: run(inputs) + 0.002

    monkeypatch.setitem(use_case._FORMATS, ".pt2", (write, wrong))
    with pytest.raises(RunError, match=r"differs from the model by 2\.0e-03, more than 0\.001"):
        export(some("mlp"), tmp_path / "m.pt2")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_said_before_anything_is_written(tmp_path: Path) -> None:
    for out, exporting, problem in (
        ("m.bin", Exporting(), "must end in .onnx or .pt2"),
        ("m.onnx", Exporting("decoder"), "has no decoder"),
        ("m.onnx", Exporting("sampler", "uint8"), "codes are no pixels"),
    ):
        with pytest.raises(UserError, match=problem):
            export(some("mlp"), tmp_path / out, exporting)
    assert list(tmp_path.iterdir()) == []
