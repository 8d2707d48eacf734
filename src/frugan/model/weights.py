"""Weights on disk: safetensors written whole or not at all; foreign files read as tensors alone, never unpickled."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from frugan.networks.esrgan import RRDBNet, convert_rrdb_names
from frugan.system.atomic import write_file
from frugan.system.bounds import WEIGHTS
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_bounded


def write_weights(path: Path, network: nn.Module) -> None:
    """All parameters and buffers of a network, in their own dtypes, as safetensors, whole or not at all."""
    tensors = {name: t.detach().cpu().contiguous().clone() for name, t in network.state_dict().items()}
    write_file(path, save_safetensors(tensors))


def read_weights(path: Path) -> dict[str, Tensor]:
    """Named tensors of a safetensors file.

    Raises:
        UserError: not a safetensors file (a pickle, a zip ...), or a truncated one. It is never unpickled.
    """
    try:
        tensors: dict[str, Tensor] = load_safetensors(read_bounded(path, WEIGHTS))
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file. Wait for the first snapshot of the run, or check the path.") from error
    except (SafetensorError, ValueError, OSError) as error:
        raise UserError(
            f"{path}: not a safetensors file, or a truncated one ({error}). frugan never unpickles; "
            "convert foreign weights to safetensors first"
        ) from error
    return tensors


def load_weights(network: nn.Module, path: Path) -> None:
    """Fill a network with the weights of a file.

    Raises:
        UserError: no such file, not safetensors, weights of another network, or NaN and infinity among them.
    """
    weights = read_weights(path)
    check_finite(weights, path)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        known = network.state_dict()
        missing, foreign = sorted(known.keys() - weights.keys()), sorted(weights.keys() - known.keys())
        shapes = [name for name in known.keys() & weights.keys() if known[name].shape != weights[name].shape]
        found = {"missing": missing, "unknown": foreign, "of another shape": sorted(shapes)}
        complaints = [f"{len(names)} {what} (such as {names[0]})" for what, names in found.items() if names]
        raise UserError(
            f"{path}: these weights are of another network than config.json describes, or of another version of "
            f"frugan: {', '.join(complaints)}"
        ) from error


def check_finite(weights: Mapping[str, Tensor], path: Path) -> None:
    """
    Raises:
        UserError: NaN or infinity among the weights of a file.
    """
    for name, tensor in weights.items():
        if tensor.is_floating_point() and not tensor.to(torch.float32).isfinite().all():
            raise UserError(f"{path}: {name} holds NaN or infinity: damaged, or of a training that diverged")


def load_rrdb(path: Path) -> RRDBNet:
    """The official ESRGAN from its weight file, a .pth of tensors alone or safetensors.

    Raises:
        UserError: not such a file, or weights of another network.
    """
    weights = convert_rrdb_names(read_foreign_weights(path))
    check_finite(weights, path)
    blocks = {name.split(".")[1] for name in weights if name.startswith("body.")}
    try:
        width, growth = weights["conv_first.weight"].shape[0], weights["body.0.rdb1.conv1.weight"].shape[0]
        network = RRDBNet(width=width, blocks=len(blocks), growth=growth)
        network.load_state_dict(weights)
    except (KeyError, IndexError, RuntimeError) as error:
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
        loaded: Any = torch.load(BytesIO(read_bounded(path, WEIGHTS)), map_location="cpu", weights_only=True)
    except UserError:
        raise
    except Exception as error:  # a file that is no pickle makes torch's reader raise anything
        raise UserError(f"{path}: not a file of tensors alone; nothing else is ever unpickled") from error
    loaded = loaded.get("params_ema", loaded.get("params", loaded)) if isinstance(loaded, dict) else loaded
    named = isinstance(loaded, dict) and all(isinstance(n, str) and isinstance(t, Tensor) for n, t in loaded.items())
    if not named:
        raise UserError(f"{path}: holds {type(loaded).__name__}, not named tensors")
    return loaded
