"""Synthetic images and folders of them."""

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test may touch the user's cache."""
    monkeypatch.setenv("FRUGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FRUGAN_DATA", str(tmp_path / "datasets"))
    return tmp_path / "cache"


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """encode(image or (H, W[, C]) array, format, **save options) -> bytes."""

    def encode(image: Image.Image | np.ndarray, format: str = "PNG", **options: Any) -> bytes:
        buffer = io.BytesIO()
        (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(buffer, format, **options)
        return buffer.getvalue()

    return encode


@pytest.fixture
def noise() -> Callable[..., np.ndarray]:
    """noise(seed, height, width) -> uint8 (height, width, 3)."""

    def noise(seed: int, height: int = 16, width: int = 16) -> np.ndarray:
        return np.random.RandomState(seed).randint(0, 256, (height, width, 3), np.uint8)

    return noise


@pytest.fixture
def make_folder(
    tmp_path: Path, encode: Callable[..., bytes], noise: Callable[..., np.ndarray]
) -> Callable[[Iterable[str]], Path]:
    """make_folder(names) -> a folder of different 16 x 16 PNG images with these names."""

    def make_folder(names: Iterable[str], folder: str = "photos") -> Path:
        for seed, name in enumerate(names):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(noise(seed)))
        return tmp_path / folder

    return make_folder
