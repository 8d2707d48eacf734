"""frugan: train generators of high-resolution images with little compute, render them, and know how good they are.

>>> import frugan
>>> model = frugan.load("runs/quickstart")
>>> images = model.sample(seeds=range(16))  # float (16, 3, 128, 128) in [-1, 1]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frugan.codecs.base import Codec
    from frugan.config.schema import RunConfig
    from frugan.config.spec import Spec
    from frugan.model.folder import load
    from frugan.model.model import Model
    from frugan.networks.base import Discriminator, Generator
    from frugan.ops.grid import Grid

from frugan.system.version import __version__

__all__ = ["Codec", "Discriminator", "Generator", "Grid", "Model", "RunConfig", "Spec", "__version__", "load"]

# Looked up on first use, so that `import frugan` and `frugan --help` do not wait for torch.
_HOMES = {
    "Codec": "frugan.codecs.base",
    "Discriminator": "frugan.networks.base",
    "Generator": "frugan.networks.base",
    "Grid": "frugan.ops.grid",
    "Model": "frugan.model.model",
    "RunConfig": "frugan.config.schema",
    "Spec": "frugan.config.spec",
    "load": "frugan.model.folder",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'frugan' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
