"""Tensors out of the pickles of StyleGAN2, StyleGAN2-ADA and its descendants, without executing anything in them.

Those files hold the source code of their networks, which unpickling would run. Here every name in a file must be on a
short list, and stands for something inert: networks come out as nested dictionaries of what they held, their source is
dropped unread, and tensors are read by torch's own reader of weights alone. Arrays of NumPy, in the files of the first
StyleGAN2, are made anew of their bytes.
"""

import io
import pickle
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from frugan.system.bounds import WEIGHTS
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_bounded


class Remains:
    """What is left of an object of a foreign class: its name, and its state as it was saved."""

    class_name: str
    state: dict[str, Any]

    def tensors(self, prefix: str = "") -> dict[str, Tensor]:
        """All parameters and buffers below it, by their dotted names, as `state_dict` would give them."""
        found: dict[str, Tensor] = {}
        for kind in ("_parameters", "_buffers"):
            for name, tensor in self.state.get(kind, {}).items():
                if isinstance(tensor, Tensor):
                    found[f"{prefix}{name}"] = tensor.detach()
        for name, module in self.state.get("_modules", {}).items():
            if isinstance(module, Remains):
                found |= module.tensors(f"{prefix}{name}.")
        return found

    def variables(self, prefix: str = "", depth: int = 0) -> dict[str, Tensor]:
        """Those of a network of TensorFlow and of its components, "synthesis/4x4/Const/const" for example.

        Raises:
            UserError: they are no variables and components.
        """
        variables, components = self.state.get("variables", []), self.state.get("components", {})
        if depth > _DEEPEST or not isinstance(variables, list) or not isinstance(components, dict):
            raise UserError("its networks are not those of StyleGAN2 for TensorFlow")
        pairs = [pair for pair in variables if isinstance(pair, tuple) and len(pair) == 2]
        found = {
            f"{prefix}{name}": value.tensor
            for name, value in pairs
            if isinstance(value, _Array) and "tensor" in vars(value)
        }
        for name, component in components.items():
            if isinstance(component, Remains):
                found |= component.variables(f"{prefix}{name}/", depth + 1)
        return found


def read_networks(path: Path) -> dict[str, Remains]:
    """The networks in such a file by their names: G_ema and D, or of TensorFlow's three G, D and Gs.

    Raises:
        UserError: it cannot be read, names anything that is not on the list, or holds no network.
    """
    try:
        loaded = _Reader(read_bounded(path, WEIGHTS)).load()
    except UserError:
        raise
    except _Refused as error:
        raise UserError(f"{path}: refused, and nothing in it was run: {error}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:
        # What a file that is no pickle makes the reader of pickles say is no help to anybody, and of any type.
        raise UserError(
            f"{path}: not a pickle that StyleGAN2-ADA or a descendant of it saved, or a damaged one "
            f"({type(error).__name__})"
        ) from error
    if isinstance(loaded, tuple):
        loaded = dict(zip(("G", "D", "Gs"), loaded, strict=False))
    networks = loaded if isinstance(loaded, dict) else {}
    networks = {name: network for name, network in networks.items() if isinstance(network, Remains)}
    if not networks:
        raise UserError(f"{path}: holds no network that was saved by StyleGAN2-ADA or a descendant of it")
    return networks


class _Refused(pickle.UnpicklingError):
    """The file is a pickle, and holds something else than networks and tensors."""


class _Reader(pickle.Unpickler):
    """Looks names up in a list of harmless stand-ins, and nowhere else."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self.left = 2 * len(content) + 2**20  # bytes of arrays: numbers of 16 bits become twice as long

    def find_class(self, module: str, name: str) -> Any:
        stand_in = _STAND_INS.get((module, name))
        if stand_in is _Array:
            return self._array
        if stand_in is not None:
            return stand_in
        # Layers, settings and numbers of these programs are only ever remembered by name.
        if module.split(".")[0] in ("training", "dnnlib") or module.startswith(_REMEMBERED):
            return type(name, (_Foreign,), {"__module__": module})
        raise _Refused(f"it names {module}.{name}")

    def _array(self, *_: Any) -> "_Array":
        return _Array(self)


class _Foreign(Remains):
    """Takes any arguments and any state, and does nothing with them but keep the state."""

    def __new__(cls, *arguments: Any, **settings: Any) -> "_Foreign":
        foreign = super().__new__(cls)
        foreign.class_name, foreign.state = cls.__name__, {}
        return foreign

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}


class _Number:
    """numpy.dtype: which kind of number, and its byte order."""

    def __init__(self, code: str, *_: Any) -> None:
        self.code, self.order = code, "<"

    def __setstate__(self, state: Any) -> None:
        self.order = state[1]


class _Array:
    """numpy.ndarray: numbers and their shape."""

    tensor: Tensor

    def __init__(self, reader: _Reader) -> None:
        self.reader = reader

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, content = state
        numbers = _numbers(kind, content)
        self.reader.left -= 4 * numbers.size
        if self.reader.left < 0:
            raise _Refused("its arrays are larger than the file")
        array = numbers.reshape(shape, order="F" if by_columns else "C")
        self.tensor = torch.from_numpy(array.astype(np.float32))


class _Scalar(_Array):
    """A number by itself; what is none is forgotten."""

    def __init__(self, kind: Any = None, content: Any = None) -> None:
        with suppress(_Refused):
            self.tensor = torch.from_numpy(_numbers(kind, content).astype(np.float32)).reshape(())


def _numbers(kind: Any, content: Any) -> np.ndarray:
    known = isinstance(kind, _Number) and kind.code in _NUMBERS and kind.order in ("<", ">", "=", "|")
    if not known or not isinstance(content, bytes):
        raise _Refused("an array in it holds more than numbers")
    return np.frombuffer(content, dtype=f"{'<' if kind.order == '|' else kind.order}{kind.code}")


class _Settings(dict[str, Any]):
    """EasyDict: a dictionary."""


def _persistent(meta: Any) -> Remains:
    """In place of the function that would compile and run the source in `meta`."""
    if not isinstance(meta, dict) or not isinstance(meta.get("state"), dict):
        raise _Refused("a network in it has no state")
    remains = Remains()
    remains.class_name, remains.state = str(meta.get("class_name", "")), meta["state"]
    return remains


def _storage(content: bytes) -> Any:
    try:
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _Refused("a tensor in it holds more than numbers") from error


_DEEPEST = 8  # networks below each other: StyleGAN2 has two
_NUMBERS = ("f2", "f4", "f8", "i4", "i8")
_REMEMBERED = ("torch.nn.modules.", "numpy.core.multiarray", "numpy._core.multiarray")
_STAND_INS: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
    ("torch.storage", "_load_from_bytes"): _storage,
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _persistent,
    ("dnnlib.util", "EasyDict"): _Settings,
    ("numpy", "dtype"): _Number,
    ("numpy", "ndarray"): type("ndarray", (_Foreign,), {}),
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy.core.multiarray", "scalar"): _Scalar,
    ("numpy._core.multiarray", "scalar"): _Scalar,
}
