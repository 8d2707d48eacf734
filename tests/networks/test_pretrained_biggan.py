"""The public BigGAN-deep format against its authors' package, on random weights; and truncation's statistics."""

import json
import os
import sys
import types
from pathlib import Path

import pytest
import torch
from torch import Tensor

import frugan
from frugan.cli import main
from frugan.networks.pretrained_biggan import PretrainedBigGAN, convert_names, read_settings

# (doubles, channels in, channels out): the published tables, at a fraction of the width.
_FIRST = [(0, 16, 16), (1, 16, 16), (0, 16, 16), (1, 16, 8), (0, 8, 8)]
_LAST = [(1, 8, 4), (0, 4, 4), (1, 4, 2), (0, 2, 2), (1, 2, 1)]
LAYERS = {128: [*_FIRST, *_LAST], 256: [*_FIRST, (1, 8, 8), (0, 8, 8), *_LAST]}
LAYERS[512] = [*LAYERS[256], (0, 1, 1), (1, 1, 1)]


def settings(size: int) -> dict[str, object]:
    return {
        "output_dim": size,
        "z_dim": 128,
        "class_embed_dim": 128,
        "channel_width": 8,
        "num_classes": 1000,
        "layers": [[bool(up), a, b] for up, a, b in LAYERS[size]],
        "attention_layer_position": 8,
        "eps": 1e-4,
        "n_stats": 51,
    }


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The package without the cloud libraries that it imports for downloads only."""
    boto = types.ModuleType("botocore.exceptions")
    boto.ClientError = Exception  # type: ignore[attr-defined]
    for name, module in {
        "boto3": types.ModuleType("boto3"),
        "botocore": types.ModuleType("botocore"),
        "botocore.exceptions": boto,
    }.items():
        if name not in sys.modules:
            monkeypatch.setitem(sys.modules, name, module)
    module: types.ModuleType = pytest.importorskip("pytorch_pretrained_biggan")
    return module


def randomise(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Values at which every tensor matters and colours are not all black or white.

    u and v are as power iteration leaves them.
    """
    random = torch.Generator().manual_seed(0)
    changed = {}
    for name, old in weights.items():
        new = torch.randn(old.shape, generator=random)
        if name.endswith("running_vars"):
            new = new.abs() + 4
        elif name.endswith("weight_v"):
            new = torch.nn.functional.normalize(new, dim=0)
        elif not name.endswith("weight_orig"):
            new = 0.1 * new
        changed[name] = new
    for name in [name for name in changed if name.endswith("weight_u")]:
        stem = name.removesuffix("_u")
        matrix, v = changed[f"{stem}_orig"].flatten(1), changed[f"{stem}_v"]
        for _ in range(5):
            u = torch.nn.functional.normalize(matrix @ v, dim=0)
            v = torch.nn.functional.normalize(matrix.T @ u, dim=0)
        changed[name], changed[f"{stem}_v"] = u, v
    return changed


@pytest.mark.parametrize("size", [128, 256, 512])
def test_parity_with_the_package_on_and_off_the_grid_of_truncations(package: types.ModuleType, size: int) -> None:
    config = settings(size)
    theirs = package.BigGAN(package.BigGANConfig.from_dict(config)).eval()
    weights = randomise(theirs.state_dict())
    theirs.load_state_dict(weights)
    ours = PretrainedBigGAN(**read_settings(config), reference_interpolation=True).eval()
    ours.load_state_dict(convert_names(weights, attention=8))
    z, label = torch.randn(2, 128, generator=torch.Generator().manual_seed(1)), torch.tensor([3, 977])
    one_hot = torch.nn.functional.one_hot(label, 1000).float()
    for truncation in (1.0, 0.4, 0.43):
        with torch.no_grad():
            expected = theirs(z * truncation, one_hot, truncation)
            style = torch.cat([z * truncation, ours.embeddings(label), torch.full((2, 1), truncation)], dim=1)
            found = ours.synthesis(style)
        assert found.shape == (2, 3, size, size)
        assert 0.01 < expected.std() < 0.8
        assert (found - expected).abs().max() < 1e-5


def test_parameter_counts_of_the_public_checkpoints() -> None:
    for size, count in ((128, 50_388_609), (256, 55_880_833)):
        config = settings(size) | {"channel_width": 128}
        with torch.device("meta"):
            network = PretrainedBigGAN(**read_settings(config))
        # u and v are not parameters; theirs has no others that ours lacks.
        assert sum(p.numel() for p in network.parameters()) == count


def test_statistics_between_two_truncations_are_weighed_the_right_way_round() -> None:
    config = settings(128)
    right = PretrainedBigGAN(**read_settings(config))
    wrong = PretrainedBigGAN(**read_settings(config), reference_interpolation=True)
    truncations = torch.tensor([0.0, 0.43, 0.435, 0.58, 1.0])
    assert right._place(truncations).tolist() == pytest.approx([0, 21.5, 21.75, 29, 50])
    assert wrong._place(truncations).tolist() == pytest.approx([0, 21.5, 21.25, 29, 50])


def test_latents_are_cut_off_at_two_and_keep_their_order() -> None:
    network = PretrainedBigGAN(**read_settings(settings(128)))
    z = torch.linspace(-6, 6, 128)[None]
    style = network.truncated_mapping(z, torch.tensor([0]), truncation=0.5)
    latent = style[0, :128]
    assert latent.abs().max() <= 1
    assert (latent.diff() >= 0).all()
    assert latent[64].abs() < 0.05
    assert style[0, -1] == 0.5
    many = network.mapping(torch.randn(200, 128), torch.zeros(200, dtype=torch.int64))[:, :128]
    assert many.std().item() == pytest.approx(0.88, abs=0.01)  # of a normal law cut off at 2
    with pytest.raises(ValueError, match="takes a label"):
        network.mapping(z)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder in the public format, with random weights of few channels and three classes."""
    config = settings(128) | {"num_classes": 3, "channel_width": 8}
    network = PretrainedBigGAN(**read_settings(config))
    weights: dict[str, Tensor] = {}
    for name, tensor in network.state_dict().items():
        weights |= as_published(name, tensor)
    folder = tmp_path / "biggan-deep-128"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(weights, folder / "pytorch_model.bin")
    return folder


def as_published(name: str, tensor: Tensor) -> dict[str, Tensor]:
    """The inverse of `convert_names`, for one tensor; u and v such that u^T W v = 2, and W twice as large."""
    if name == "embeddings.weight":
        return {name: tensor.T}
    room, *rest = name.split(".")
    if room == "blocks":
        number, kind, index, *rest = rest
        rest = rest[1:] if rest[0] == "norm" else rest
        layer = int(number) + (int(number) >= 8)
        stem = ".".join(["generator.layers", str(layer), f"{'bn' if kind == 'norms' else 'conv'}_{index}", *rest])
    elif room == "attention":
        if rest == ["gamma"]:
            return {"generator.layers.8.gamma": tensor.reshape(1)}
        layer_name = {"query": "theta", "key": "phi", "value": "g", "leave": "o_conv"}[rest[0]]
        stem = f"generator.layers.8.snconv1x1_{layer_name}.weight"
    elif room.startswith("norm"):
        stem = f"generator.bn.{rest[0] if rest else {'norm_gain': 'weight', 'norm_bias': 'bias'}[room]}"
    else:
        stem = f"generator.{'conv_to_rgb' if room == 'colours' else room}.{'.'.join(rest)}"
    if not stem.endswith(".weight") or stem == "generator.bn.weight":
        return {stem: tensor}
    matrix = tensor.flatten(1)
    v = torch.nn.functional.normalize(torch.ones(matrix.shape[1]), dim=0)
    u = matrix @ v
    return {f"{stem}_orig": 2 * tensor, f"{stem}_u": u / u.square().sum(), f"{stem}_v": v}


def test_import_makes_a_model_that_draws_classes(checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    assert main(["import", str(checkpoint), "--out", str(out)]) == 0
    model = frugan.load(out)
    pictures = model.sample([1, 2], truncation=0.4, label=2)
    assert pictures.shape == (2, 3, 128, 128)
    assert not torch.equal(pictures, model.sample([1, 2], truncation=0.4, label=1))
    assert (
        main(["sample", str(out), "--class", "2", "--seeds", "1", "--trunc", "0.4", "--out", str(tmp_path / "p")]) == 0
    )


def test_what_is_not_a_checkpoint_is_refused_and_nothing_is_run(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    created = tmp_path / "created"

    class Malicious:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(created),)

    torch.save({"weight": Malicious()}, checkpoint / "pytorch_model.bin")
    assert main(["import", str(checkpoint), "--out", str(tmp_path / "model")]) == 2
    assert "nothing else is ever unpickled" in capsys.readouterr().err
    torch.save({"weight": torch.zeros(1)}, checkpoint / "pytorch_model.bin")
    assert main(["import", str(checkpoint), "--out", str(tmp_path / "model")]) == 2
    assert "not the weights that config.json describes" in capsys.readouterr().err
    (checkpoint / "config.json").write_text('{"output_dim": 128}')
    assert main(["import", str(checkpoint), "--out", str(tmp_path / "model")]) == 2
    assert "not the configuration" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "none"), "--out", str(tmp_path / "model")]) == 2
    assert not created.exists()
    assert not (tmp_path / "model").exists()
