"""Images of any size, number of channels and depth, from files to pictures. FRUGAN_ALL_SHAPES=1 tries all of them."""

import dataclasses
import os
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import frugan
from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import DataConfig, RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.networks.cips import CIPSGenerator
from frugan.networks.creps import CREPSGenerator
from frugan.networks.stylegan2 import StyleGAN2Discriminator
from frugan.runs.prepare import create_run, prepare
from frugan.runs.train import train_part
from frugan.writing.png_stream import png_strips_bytes

imagecodecs = pytest.importorskip("imagecodecs")

SIZES, CHANNELS, BITS = ((64, 64), (48, 80), (100, 100), (36, 50)), (1, 3, 4, 5), (8, 16)
# Every size meets every number of channels, and every depth.
SOME = [(size, CHANNELS[(i + j) % 4], BITS[j % 2]) for i, size in enumerate(SIZES) for j in range(2)]
MATRIX = list(product(SIZES, CHANNELS, BITS)) if os.environ.get("FRUGAN_ALL_SHAPES") else SOME


def write_images(folder: Path, shape: ImageShape, bits: int, count: int = 12) -> np.ndarray:
    """As PNG where it can be, else as `.npy`; returns them, (N, H, W, C)."""
    folder.mkdir()
    random = np.random.RandomState(0)
    most = 2**bits - 1
    y, x = np.mgrid[0 : shape.height, 0 : shape.width]
    images = []
    for i in range(count):
        waves = [np.sin(x * random.uniform(0.05, 0.2) + y * random.uniform(0.05, 0.2)) for _ in range(shape.channels)]
        image = ((np.stack(waves, axis=2) + 1) / 2 * most).astype(np.uint16 if bits == 16 else np.uint8)
        if shape.channels == 5:
            np.save(folder / f"{i:02d}.npy", image)
        else:
            (folder / f"{i:02d}.png").write_bytes(png_strips_bytes(image))
        images.append(image)
    return np.stack(images)


def config_for(tiny: RunConfig, folder: Path, shape: ImageShape, bits: int) -> RunConfig:
    data = DataConfig(source=str(folder), resolution=shape.size, channels=shape.channels, bits=bits)  # type: ignore[arg-type]
    assert tiny.decoder is not None
    short = dataclasses.replace(tiny.sampler.schedule, kimg=0.008, snapshots=1)
    decoder = dataclasses.replace(tiny.decoder, schedule=dataclasses.replace(short, batch=8))
    return dataclasses.replace(
        tiny, data=data, sampler=dataclasses.replace(tiny.sampler, schedule=short), decoder=decoder
    )


@pytest.mark.parametrize(("size", "channels", "bits"), MATRIX)
def test_from_files_to_pictures(
    tiny_config: RunConfig, tmp_path: Path, size: tuple[int, int], channels: int, bits: int
) -> None:
    shape = ImageShape(channels, *size)
    originals = write_images(tmp_path / "data", shape, bits)
    config = config_for(tiny_config, tmp_path / "data", shape, bits)
    prepared = prepare(config, lambda sentence: None)
    packed = prepared.dataset.images
    assert packed.shape == (12, *shape)
    assert packed.dtype.itemsize * 8 == bits
    if channels != 4:  # of RGBA, colours are premultiplied
        assert np.array_equal(packed.transpose(0, 2, 3, 1), originals)
    run = create_run(prepared, tmp_path / "run", replace=False)
    for part in ("sampler", "decoder"):
        assert train_part(run, part)  # one step
    trained = frugan.resume(run.path, kimg=0.008)  # another one, evaluation and report
    assert trained.evaluation is not None
    assert trained.evaluation.values["frechet_distance"] > 0
    model = frugan.load(run.path)
    assert model.shape == shape
    assert model.sample([0, 1]).shape == (2, *shape)
    assert model.reconstruct(model.sample([0]))[0].shape == (1, *shape)

    written = frugan.sample(model, tmp_path / "pictures", frugan.Drawing([0, 1])).files[0]
    assert written.suffix == (".npy" if channels == 5 else ".png")
    assert stored(written).shape == (*size, channels)
    assert stored(written).dtype.itemsize * 8 == bits
    sheet = frugan.sample(model, tmp_path / "grid.jpg", frugan.Drawing(range(4)), sheet=True).files[0]
    assert Image.open(sheet).format == "JPEG"

    result = frugan.upscale([written], run.path, tmp_path / "large")
    height, width = size
    assert result.pictures[0].after == (4 * width, 4 * height)
    assert stored(result.pictures[0].file).shape == (4 * height, 4 * width, channels)


def stored(file: Path) -> np.ndarray:
    """(H, W, C) of a file, read by others than frugan."""
    if file.suffix == ".npy":
        return np.load(file)
    array = tifffile.imread(file) if file.suffix == ".tif" else imagecodecs.png_decode(file.read_bytes())
    return array[..., None] if array.ndim == 2 else array


CREPS = Spec(CREPSGenerator, latent_dim=8, style_dim=8, channel_base=256, channel_max=16, line_channels=8)
CIPS = Spec(CIPSGenerator, latent_dim=8, style_dim=8, channel_base=256, channel_max=16)


@pytest.mark.parametrize(
    ("small", "size", "channels", "bits"),
    [(CREPS, (48, 80), 1, 16), (CREPS, (36, 50), 5, 16), (CREPS, (100, 100), 4, 8), (CIPS, (36, 50), 4, 16)],
)
def test_coordinates_render_what_they_sample(
    tiny_config: RunConfig, tmp_path: Path, small: Spec, size: tuple[int, int], channels: int, bits: int
) -> None:
    shape = ImageShape(channels, *size)
    write_images(tmp_path / "data", shape, bits)
    config = config_for(tiny_config, tmp_path / "data", shape, bits)
    judge = Spec(StyleGAN2Discriminator, channel_base=128, channel_max=16)
    sampler = dataclasses.replace(config.sampler, generator=small, discriminator=judge)
    config = dataclasses.replace(config, codec=Spec(IdentityCodec), decoder=None, sampler=sampler)
    run = create_run(prepare(config, lambda sentence: None), tmp_path / "run", replace=False)
    assert train_part(run, "sampler")
    model = frugan.load(run.path)
    (sampled,) = frugan.sample(model, tmp_path / "pictures", frugan.Drawing([3]), ending=".tif").files
    height, width = size
    frame = frugan.Frame(size=(width, height))
    rendered = frugan.render(model, tmp_path / "same.tif", frugan.Drawing([3]), frame).file
    difference = stored(sampled).astype(int) - stored(rendered).astype(int)
    assert np.abs(difference).max() <= (1 if bits == 8 else 16)  # sums of another order
    twice = frugan.render(
        model, tmp_path / "large.npy", frugan.Drawing([3]), frugan.Frame(size=(2 * width, 2 * height))
    )
    assert stored(twice.file).shape == (2 * height, 2 * width, channels)
