"""A small CREPS, and folders of models."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.model.folder import ModelDescription
from frugan.model.weights import write_weights
from frugan.networks.base import Generator
from frugan.networks.creps import CREPSGenerator

SMALL = {"latent_dim": 16, "style_dim": 24, "channel_base": 512, "channel_max": 32, "mapping_layers": 2}
SIDE = (32, 32)


@pytest.fixture(scope="module")
def generator() -> CREPSGenerator:
    torch.manual_seed(0)
    return CREPSGenerator((3, *SIDE), **SMALL).eval()  # type: ignore[arg-type]


@pytest.fixture
def model_folder() -> Callable[..., Path]:
    """model_folder(path, generator of these settings, codec, resolution) -> path."""

    def model_folder(path: Path, generator: Generator, codec: Spec, resolution: int = 32) -> Path:
        spec = Spec(type(generator), **SMALL)
        ModelDescription(
            generator=spec,
            codec=codec,
            decoder=None,
            code_shape=(3, *SIDE),
            shape=ImageShape.square(resolution),
            info={},
        ).write(path)
        write_weights(path / "generator.safetensors", generator)
        return path

    return model_folder
