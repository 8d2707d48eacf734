"""Model folders: `config.json` + safetensors + `README.md`. Nothing is unpickled, nothing foreign is built."""

import json
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from frugan.atomic import write_file
from frugan.codecs.base import Codec
from frugan.config import Spec
from frugan.errors import UserError
from frugan.networks.base import Decoder
from frugan.networks.esrgan import RRDBNet, convert_rrdb_names
from frugan.pipelines.sample import Model
from frugan.run_folder import RunFolder

FORMAT = "frugan-model/1"
CONFIG_FILE, GENERATOR_FILE, DECODER_FILE = "config.json", "generator.safetensors", "decoder.safetensors"


def load(path: str | Path, device: str = "cpu") -> Model:
    """Load a model from its folder or from the run that trained it, on any machine.

    Raises:
        UserError: nothing there, no generator yet, a foreign or damaged file, or a class that is not frugan's.
    """
    folder = _model_folder(Path(path))
    config = _read_config(folder)
    codec, generator = _built(folder, config, "codec"), _built(folder, config, "generator")
    decoder: nn.Module | None = _built(folder, config, "decoder") if config.get("decoder") else None
    resolution = _built(folder, config, "resolution")
    if not (folder / GENERATOR_FILE).exists() and (folder / DECODER_FILE).exists():
        raise UserError(
            f"{folder}: only its decoder is trained so far; evaluate-decoder and upscale take it, frugan resume trains "
            "the sampler"
        )
    _load_weights(generator, folder / GENERATOR_FILE)
    if decoder is not None and not (folder / DECODER_FILE).exists():
        decoder = None  # its training has not reached a first snapshot; images are interpolated until then
    if decoder is not None:
        _load_weights(decoder, folder / DECODER_FILE)
    for module in (generator, codec, decoder):
        if module is not None:
            module.eval().requires_grad_(False)
    assumed, most = (float(config.get(name, 0.0)) for name in ("assumed_noise", "most_noise"))
    info = config.get("info", {})
    counts = info.get("data", {}).get("class_counts", {}) if generator.classes else {}
    model = Model(
        generator,
        codec,
        decoder,
        resolution,
        info,
        assumed_noise=assumed,
        most_noise=most,
        class_counts={str(name): int(count) for name, count in counts.items()},
    )
    return model.to(device)


def load_enlarged(path: Path, device: str, decoder: Path | None, halvings: int, snapshot: int | None = None) -> Model:
    """`load`, with its pictures finished by another run's codec and decoder, unless that is None.

    Args:
        decoder: a run whose codec halves the pictures `halvings` times and whose decoder then enlarges them.
        snapshot: the sampler as it stood when it had seen so many images, with the newest decoder.

    Raises:
        UserError: as `load` and `load_decoder`; a model folder has no snapshots; the decoder cannot enlarge these.
    """
    model = load(path, device)
    if snapshot is not None:
        if not (path / "config.yaml").is_file():
            raise UserError(f"--snapshot {snapshot}: {path} is not a run folder")
        _load_weights(model.generator, RunFolder.open(path).part("sampler").snapshot(snapshot))
    return model if decoder is None else model.enlarged_by(*load_decoder(decoder), halvings)


def load_decoder(path: str | Path, snapshot: int | None = None) -> tuple[Codec, Decoder]:
    """Codec and decoder of a run or model folder, whether or not its sampler was ever trained.

    `snapshot`: as a run's decoder stood when it had seen so many images; None for its newest state.

    Raises:
        UserError: nothing there, no decoder yet, no such snapshot, or a damaged file.
    """
    folder = _model_folder(Path(path))
    config = _read_config(folder)
    if not config.get("decoder"):
        raise UserError(f"{folder}: this model has no decoder")
    codec, decoder = (_built(folder, config, name) for name in ("codec", "decoder"))
    file = folder / DECODER_FILE if snapshot is None else _decoder_snapshot(Path(path), snapshot)
    _load_weights(decoder, file)
    return codec.eval(), decoder.eval().requires_grad_(False)


def load_resolution(path: str | Path) -> int:
    """Side of the images that a run or model folder's networks were trained for.

    Raises:
        UserError: nothing there, or a damaged file.
    """
    folder = _model_folder(Path(path))
    resolution: int = _built(folder, _read_config(folder), "resolution")
    return resolution


def load_rrdb(path: Path) -> RRDBNet:
    """The official ESRGAN from its weight file, a .pth of tensors alone or safetensors.

    Raises:
        UserError: not such a file, or weights of another network.
    """
    weights = convert_rrdb_names(read_foreign_weights(path))
    blocks = {name.split(".")[1] for name in weights if name.startswith("body.")}
    try:
        width, growth = weights["conv_first.weight"].shape[0], weights["body.0.rdb1.conv1.weight"].shape[0]
        network = RRDBNet(width=width, blocks=len(blocks), growth=growth)
        network.load_state_dict(weights)
    except (KeyError, RuntimeError) as error:
        raise UserError(f"{path}: not ESRGAN's weights: {error}") from error
    return network.eval().requires_grad_(False)


def read_foreign_weights(path: Path) -> dict[str, Tensor]:
    """Named tensors from a .pth or .bin, or from safetensors.

    Raises:
        UserError: it cannot be read, or holds anything else; that is never unpickled.
    """
    if path.suffix == ".safetensors":
        return read_weights(path)
    try:
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise UserError(f"{path}: not a file of tensors alone; nothing else is ever unpickled") from error
    loaded = loaded.get("params_ema", loaded.get("params", loaded)) if isinstance(loaded, dict) else loaded
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise UserError(f"{path}: holds {type(loaded).__name__}, not named tensors")
    return loaded


def write_model_config(
    folder: Path,
    *,
    generator: Spec,
    codec: Spec,
    decoder: Spec | None,
    code_shape: tuple[int, int, int],
    resolution: int,
    info: Mapping[str, Any],
    assumed_noise: float = 0.0,
    most_noise: float = 0.0,
) -> None:
    """Describe a model; its weights follow with `write_weights`."""
    config = {
        "format": FORMAT,
        "resolution": resolution,
        "code_shape": list(code_shape),
        "generator": generator.to_dict(),
        "codec": codec.to_dict(),
        "decoder": decoder.to_dict() if decoder else None,
        "assumed_noise": assumed_noise,
        "most_noise": most_noise,
        "info": dict(info),
    }
    write_file(folder / CONFIG_FILE, json.dumps(config, indent=1).encode())


def write_weights(path: Path, network: nn.Module) -> None:
    """All parameters and buffers of a network, as float32 safetensors, whole or not at all."""
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in network.state_dict().items()}
    write_file(path, save_safetensors(tensors))


def read_weights(path: Path) -> dict[str, Tensor]:
    """
    Raises:
        UserError: not a safetensors file (a pickle, a zip ...), or a truncated one. It is never unpickled.
    """
    try:
        tensors: dict[str, Tensor] = load_safetensors(path.read_bytes())
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; has the run reached its first snapshot?") from error
    except (SafetensorError, ValueError, OSError) as error:
        raise UserError(
            f"{path}: not a safetensors file, or a truncated one ({error}). frugan never unpickles; "
            "convert foreign weights to safetensors first"
        ) from error
    return tensors


def _decoder_snapshot(path: Path, nimg: int) -> Path:
    part = RunFolder.open(path).part("decoder")
    counts = part.snapshot_counts()
    if nimg not in counts:
        raise UserError(
            f"{path}: its decoder has no snapshot at {nimg} images; there are {', '.join(map(str, counts))}"
        )
    return part.snapshot(nimg)


def _model_folder(path: Path) -> Path:
    """Of a run, its model's folder."""
    return path / "model" if (path / "config.yaml").is_file() else path


def _built(folder: Path, config: dict[str, Any], name: str) -> Any:
    """One entry of a model's configuration, as the object that it describes."""
    try:
        if name == "resolution":
            return int(config[name])
        runtime = {"code_shape": tuple(config["code_shape"])} if name == "generator" else {}
        return Spec.from_dict(config[name]).build(**runtime)
    except KeyError as error:
        raise UserError(f"{folder / CONFIG_FILE}: it lacks {error}") from error
    except (AttributeError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"{folder / CONFIG_FILE}: {error}") from error


def _load_weights(network: nn.Module, path: Path) -> None:
    weights = read_weights(path)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        known = network.state_dict()
        missing, foreign = sorted(known.keys() - weights.keys()), sorted(weights.keys() - known.keys())
        shapes = [name for name in known.keys() & weights.keys() if known[name].shape != weights[name].shape]
        found = {"missing": missing, "unknown": foreign, "of another shape": sorted(shapes)}
        complaints = [f"{len(names)} {what} (such as {names[0]})" for what, names in found.items() if names]
        raise UserError(
            f"{path}: these weights are of another network than {CONFIG_FILE} describes, or of another version of "
            f"frugan: {', '.join(complaints)}"
        ) from error


def _read_config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        what = "is a file; frugan loads folders" if folder.exists() else "no such folder"
        raise UserError(
            f"{folder}: {what}. A model is a folder with {CONFIG_FILE} and {GENERATOR_FILE}; pickles and archives are "
            "refused unread"
        )
    try:
        config = json.loads((folder / CONFIG_FILE).read_text())
    except FileNotFoundError as error:
        raise UserError(f"{folder}: not a model folder (it has no {CONFIG_FILE})") from error
    except ValueError as error:
        raise UserError(f"{folder / CONFIG_FILE}: not valid JSON: {error}") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        found = config.get("format") if isinstance(config, dict) else type(config).__name__
        raise UserError(f"{folder / CONFIG_FILE}: not a model of this program (format {found!r}, expected '{FORMAT}')")
    return config
