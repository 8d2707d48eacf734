"""GAN networks of other packages, imported without what they need for anything but their networks.

`pip install --no-deps --target FOLDER` of PACKAGES, then FRUGAN_PEERS=FOLDER (`make bench` does both): their trackers,
samplers and compiled operators would not install everywhere, and no benchmark calls them.
"""

import importlib
import os
import sys
import types
from typing import Any

import torch
from torch import nn

from frugan.system.torchvision_import import import_torchvision

PACKAGES = (
    "stylegan2-pytorch==1.9.0",
    "kornia",
    "kornia-rs",
    "einops",
    "mmagic==1.2.0",
    "mmengine",
    "mmcv-lite",
    "addict",
    "yapf",
    "termcolor",
    "platformdirs",
    "rich",
    "opencv-python-headless",
    "retry",
    "decorator",
    "py",
)


def lucidrains_stylegan2(side: int, generator_capacity: int, discriminator_capacity: int) -> tuple[nn.Module, ...]:
    """Mapping network, generator and discriminator of stylegan2-pytorch."""
    _find()
    import_torchvision()
    quantizer: Any = types.ModuleType("vector_quantize_pytorch")
    quantizer.VectorQuantize = None
    for module in (quantizer, types.ModuleType("aim"), types.ModuleType("fire")):
        sys.modules.setdefault(module.__name__, module)
    has_gpu, torch.cuda.is_available = torch.cuda.is_available, lambda: True  # it refuses to be imported without one
    try:
        networks = importlib.import_module("stylegan2_pytorch.stylegan2_pytorch")
    finally:
        torch.cuda.is_available = has_gpu
    return (
        networks.StyleVectorizer(512, 8, lr_mul=0.1),
        networks.Generator(side, 512, network_capacity=generator_capacity),
        networks.Discriminator(side, network_capacity=discriminator_capacity),
    )


def mmagic_biggan(side: int, channels: int, classes: int) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator of OpenMMLab's mmagic."""
    _find()
    import_torchvision()
    root = importlib.import_module("mmengine").__path__[0].removesuffix("mmengine")
    # Its packages import all of its models, and those need operators that are compiled for GPUs.
    for name in ("mmagic", "mmagic.models", "mmagic.models.editors", "mmagic.models.editors.biggan"):
        package = sys.modules.setdefault(name, types.ModuleType(name))
        package.__path__ = [root + name.replace(".", "/")]
    registry: Any = types.ModuleType("mmagic.registry")
    registry.MODELS = importlib.import_module("mmengine.registry").MODELS
    helpers: Any = types.ModuleType("mmagic.models.utils")
    helpers.get_module_device = lambda module: next(module.parameters()).device
    sys.modules.setdefault("mmagic.registry", registry)
    sys.modules.setdefault("mmagic.models.utils", helpers)
    folder = "mmagic.models.editors.biggan"
    generator = importlib.import_module(f"{folder}.biggan_generator").BigGANGenerator
    discriminator = importlib.import_module(f"{folder}.biggan_discriminator").BigGANDiscriminator
    return (
        generator(side, num_classes=classes, base_channels=channels, auto_sync_bn=False),
        discriminator(side, num_classes=classes, base_channels=channels),
    )


def _find() -> None:
    folder = os.environ.get("FRUGAN_PEERS", "")
    if not os.path.isdir(folder):
        raise SystemExit("FRUGAN_PEERS: a folder with the peers' packages; `make bench` makes one")
    if folder not in sys.path:
        sys.path.append(folder)


if __name__ == "__main__":
    print(*PACKAGES)
