"""StyleGAN2-ADA's pickles: read without running them, and drawing the same pictures as the networks they held."""

import io
import os
import pickle
import re
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import frugan
from frugan.cli import main
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.system.errors import UserError
from frugan.system.persistent_pickle import _Reader, read_networks


class EasyDict(dict[str, Any]):
    pass


def _reconstruct_persistent_obj(meta: dict[str, Any]) -> None:
    raise AssertionError("the source in the file would have been run")


class Persistent:
    """Pickles as the networks of StyleGAN2-ADA do: by a call that compiles the source beside its state."""

    def __init__(self, class_name: str, state: dict[str, Any]) -> None:
        self.class_name, self.state = class_name, state

    def __reduce__(self) -> tuple[Any, tuple[EasyDict]]:
        source = "import os; os.mkdir('hacked')"
        meta = EasyDict(type="class", version=5, module_src=source, class_name=self.class_name, state=self.state)
        return _reconstruct_persistent_obj, (meta,)


@pytest.fixture(autouse=True)
def their_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of those names, so that pickling finds what it writes down."""
    for name, member in (("torch_utils.persistence", _reconstruct_persistent_obj), ("dnnlib.util", EasyDict)):
        module = types.ModuleType(name)
        setattr(module, member.__name__, member)
        monkeypatch.setattr(member, "__module__", name)
        monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setitem(sys.modules, name.split(".")[0], types.ModuleType(name.split(".")[0]))


def their_name(name: str) -> str:
    """The inverse of `convert_generator`, for one name."""
    if name.startswith("map."):
        renamed = name.replace("map.average", "mapping.w_avg").replace("map.embedding", "mapping.embed")
        return re.sub(r"map\.layers\.(\d+)", r"mapping.fc\1", renamed)
    if name == "constant":
        return "synthesis.b4.const"
    _, block, *rest = name.split(".")
    prefix = f"synthesis.b{4 * 2 ** int(block)}"
    if rest[0] == "layers":
        layer = "conv1" if block == "0" else f"conv{rest[1]}"
        entry = ".".join(rest[2:]).removeprefix("convolution.")
        return f"{prefix}.{layer}.{'noise_const' if entry == 'noise' else entry}"
    return f"{prefix}.torgb.{'.'.join(rest).removeprefix('colour.').replace('colour_bias', 'bias')}"


def persistent_tree(tensors: dict[str, Tensor]) -> Persistent:
    """Modules within modules, with a plain torch layer and a filter that no one asked for."""
    state: dict[str, Any] = {"_parameters": {}, "_buffers": {"resample_filter": torch.ones(4, 4)}, "_modules": {}}
    below: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        first, _, rest = name.partition(".")
        if rest:
            below.setdefault(first, {})[rest] = tensor
        else:
            kind = "_buffers" if first in ("w_avg", "noise_const") else "_parameters"
            state[kind][first] = nn.Parameter(tensor) if kind == "_parameters" else tensor
    state["_modules"] = {name: persistent_tree(inner) for name, inner in below.items()}
    state["_modules"]["activation"] = nn.LeakyReLU()
    return Persistent("Anything", state)


def write(path: Path, generator: StyleGAN2Generator) -> None:
    tensors = {their_name(name): tensor for name, tensor in generator.state_dict().items()}
    network = persistent_tree(tensors)
    path.write_bytes(pickle.dumps({"G": network, "D": None, "G_ema": network, "training_set_kwargs": EasyDict(size=7)}))


@pytest.mark.parametrize("classes", [0, 3])
def test_a_pickle_becomes_a_model_that_draws_the_same(classes: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = StyleGAN2Generator(
        (3, 32, 32), latent_dim=12, style_dim=16, channel_base=256, channel_max=24, mapping_layers=2, classes=classes
    )
    generator(torch.randn(64, 12), torch.arange(64) % classes if classes else None)  # moves the mean style
    for parameter in generator.parameters():
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    generator.eval()
    write(tmp_path / "network.pkl", generator)
    assert main(["import", str(tmp_path / "network.pkl"), "--out", str(tmp_path / "model")]) == 0
    model = frugan.load(tmp_path / "model")
    z, label = torch.randn(3, 12), torch.tensor([0, 1, 2]) if classes else None
    assert isinstance(model.generator, StyleGAN2Generator)
    assert torch.allclose(model.generator(z, label), generator(z, label), atol=1e-5)
    halved = (network.truncated_mapping(z, label, 0.5) for network in (model.generator, generator))
    assert torch.allclose(*halved)
    assert not (tmp_path / "hacked").exists()


class Malicious:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.folder),)


class Storage:
    """Something that torch saved, within the pickle."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        saved = io.BytesIO()
        torch.save(self.content, saved)
        return torch.storage._load_from_bytes, (saved.getvalue(),)


def test_a_malicious_pickle_is_refused_and_creates_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, created = tmp_path / "network.pkl", tmp_path / "created"
    hidden = Persistent("Generator", {"_parameters": {"w": Malicious(created)}})
    for content, message in (
        (Malicious(created), "it names"),
        ({"G_ema": hidden}, "it names"),
        (Storage(Malicious(created)), "a tensor in it holds more than numbers"),
    ):
        path.write_bytes(pickle.dumps(content))
        assert main(["import", str(path), "--out", str(tmp_path / "model")]) == 2
        assert f"nothing in it was run: {message}" in capsys.readouterr().err
    assert not created.exists()
    assert not (tmp_path / "model").exists()


def test_other_files_are_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    for content, message in (
        (b"not a pickle", "not a pickle"),
        (b"\x80\x04\x8d" + b"\xff" * 8, "not a pickle"),  # a string that is longer than anything can be
        (pickle.dumps({"G_ema": 3}), "holds no network"),
        (pickle.dumps(Persistent("Generator", {}))[:-20], "damaged"),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=message):
            read_networks(path)
    path.write_bytes(pickle.dumps({"G_ema": persistent_tree({"mapping.w_avg": torch.zeros(4)})}))
    assert main(["import", str(path), "--out", str(tmp_path / "model")]) == 2
    path.write_bytes(pickle.dumps({"D": persistent_tree({"w": torch.zeros(4)})}))
    assert main(["import", str(path), "--out", str(tmp_path / "model")]) == 2


class Network:
    """Pickles as the networks of the first StyleGAN2 do: variables, components, and the source that builds them."""

    def __init__(self, variables: dict[str, np.ndarray], components: dict[str, "Network"]) -> None:
        self.__dict__.update(version=4, name="G", variables=list(variables.items()), components=EasyDict(components))
        self.build_module_src = "import os; os.mkdir('hacked')"


def tensorflow_network(weights: dict[str, Tensor]) -> Network:
    """The inverse of `from_tensorflow`, one layer at a time, in NumPy."""
    mapping: dict[str, np.ndarray] = {}
    synthesis: dict[str, np.ndarray] = {}
    for name, value in ((name, tensor.numpy()) for name, tensor in weights.items()):
        if dense := re.fullmatch(r"mapping\.fc(\d)\.(\w+)", name):
            mapping[f"Dense{dense[1]}/{dense[2]}"] = value.T if dense[2] == "weight" else value
        elif name == "synthesis.b4.const":
            synthesis["4x4/Const/const"] = value[None]
        elif layer := re.fullmatch(r"synthesis\.b(\d+)\.(conv0|conv1|torgb)\.(.+)", name):
            side, level = int(layer[1]), int(layer[1]).bit_length() - 3
            kind = {"conv0": "Conv0_up", "conv1": "Conv1" if level else "Conv", "torgb": "ToRGB"}[layer[2]]
            where = f"{side}x{side}/{kind}"
            if layer[3] == "weight":
                turned = value[:, :, ::-1, ::-1] if layer[2] == "conv0" else value
                synthesis[f"{where}/weight"] = turned.transpose(2, 3, 1, 0)
            elif layer[3] == "noise_const":
                synthesis[f"noise{2 * level - (layer[2] == 'conv0')}"] = value[None, None]
            elif layer[3] == "affine.weight":
                synthesis[f"{where}/mod_weight"] = value.T
            else:
                entry, less = {"affine.bias": ("mod_bias", 1)}.get(layer[3], (layer[3], 0))
                synthesis[f"{where}/{entry}"] = value - less
    parts = {"mapping": Network(mapping, {}), "synthesis": Network(synthesis, {})}
    return Network({"dlatent_avg": weights["mapping.w_avg"].numpy(), "lod": np.float32(0)[None]}, parts)


@pytest.mark.parametrize("protocol", [3, 4])  # 4 was the highest of Python 3.6
def test_a_pickle_of_tensorflow_becomes_the_same_model(
    protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Network, "__module__", "dnnlib.tflib.network")
    for name in ("dnnlib.tflib", "dnnlib.tflib.network"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setattr(sys.modules["dnnlib.tflib.network"], "Network", Network, raising=False)
    torch.manual_seed(0)
    sizes = {"latent_dim": 16, "style_dim": 16, "channel_base": 256, "channel_max": 24, "mapping_layers": 2}
    generator = StyleGAN2Generator((3, 32, 32), noise=True, **sizes)  # type: ignore[arg-type]
    for tensor in generator.state_dict().values():
        tensor.add_(0.1 * torch.randn_like(tensor))
    generator.eval()
    network = tensorflow_network({their_name(name): tensor for name, tensor in generator.state_dict().items()})
    (tmp_path / "network.pkl").write_bytes(pickle.dumps((network, network, network), protocol=protocol))
    assert main(["import", str(tmp_path / "network.pkl"), "--out", str(tmp_path / "model")]) == 0
    model, z = frugan.load(tmp_path / "model"), torch.randn(3, 16)
    assert torch.allclose(model.generator(z), generator(z), atol=1e-5)
    assert not (tmp_path / "hacked").exists()


def test_damaged_pickles_of_tensorflow_are_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Network, "__module__", "dnnlib.tflib.network")
    for name in ("dnnlib.tflib", "dnnlib.tflib.network"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setattr(sys.modules["dnnlib.tflib.network"], "Network", Network, raising=False)
    itself = Network({}, {})
    itself.__dict__["components"] = EasyDict(synthesis=itself)
    odd, parts, objects = Network({}, {}), Network({}, {}), Network({"w": np.array([None], dtype=object)}, {})
    odd.__dict__["variables"] = 5
    parts.__dict__["components"] = [1]
    for network in (odd, parts, itself, objects):
        (tmp_path / "network.pkl").write_bytes(pickle.dumps((network, network, network), protocol=4))
        assert main(["import", str(tmp_path / "network.pkl"), "--out", str(tmp_path / "model")]) == 2
        assert "network.pkl" in capsys.readouterr().err
        assert not (tmp_path / "model").exists()


def test_arrays_are_no_larger_than_their_file() -> None:
    """So that one string of bytes, which a pickle names again and again, cannot become many arrays."""
    content = pickle.dumps([np.zeros(2**16, np.float16) for _ in range(9)], protocol=4)
    reader = _Reader(content)
    reader.load()
    assert 0 <= reader.left < 2**20 + 4096
    reader = _Reader(content)
    reader.left = 2**18
    with pytest.raises(pickle.UnpicklingError, match="larger than the file"):
        reader.load()
