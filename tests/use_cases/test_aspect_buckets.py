"""Photos of any proportions, each trained on in its own: what was round stays round at every shape of picture."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import frugan
from frugan.config.shape import ImageShape
from frugan.data.cache import pack
from frugan.data.fit import Wanted, aspect_bucket, placement
from frugan.data.loader import Loader
from frugan.data.order import Bucketed
from frugan.data.source import open_source
from frugan.ops.grid import full_grid, stretched_grid
from frugan.system.errors import UserError

SIZES = ((64, 64), (64, 128), (96, 64))  # height x width
NETWORKS = [
    "sampler.generator={class: frugan.networks.creps.CREPSGenerator, latent_dim: 8, style_dim: 8, mapping_layers: 1, "
    "channel_base: 64, channel_max: 8, line_channels: 4, thickness: 2}",
    "sampler.discriminator={class: frugan.networks.dcgan.DCGANDiscriminator, width: 4, norm: none}",
]
CONSTANT = [
    "sampler.generator_optimizer.decay=0",
    "sampler.discriminator_optimizer.decay=0",
]  # a longer run begins alike
SETTINGS = [*CONSTANT, "evaluation.samples=8", "evaluation.preview_samples=8", "sampler.schedule.kimg=0.064", *NETWORKS]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten of each shape, with a disc in the middle, as wide as half the shorter side."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.RandomState(0)
    for number in range(30):
        height, width = SIZES[number % 3]
        y, x = np.mgrid[0:height, 0:width]
        disc = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2) < min(height, width) / 4
        pixels = np.where(disc[..., None], random.randint(128, 256, 3), random.randint(0, 64, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder


def test_buckets_cut_little_and_share_the_cut() -> None:
    for height, width in [(100, 100), (300, 400), (1080, 1920), (400, 300), (97, 61)]:
        used = placement((height, width), (32, 32), "aspect-buckets")
        shape = ((used.right - used.left), (used.bottom - used.top))
        assert shape[0] / shape[1] == pytest.approx(aspect_bucket(height, width))
        assert shape[0] * shape[1] > 2**-0.125 * height * width - 1e-6
        assert used.left == pytest.approx(width - used.right)
        assert used.top == pytest.approx(height - used.bottom)


@pytest.mark.parametrize("channels", [2, 3])
def test_arrays_have_buckets_too(tmp_path: Path, channels: int) -> None:
    for number, (height, width) in enumerate(SIZES):
        np.save(tmp_path / f"{number}.npy", np.full((height, width, channels), 50 * number, np.uint8))
    dataset = pack(open_source(tmp_path), Wanted(ImageShape(channels, 32, 32), fit="aspect-buckets"))
    assert dataset.aspects is not None
    assert dataset.aspects.tolist() == pytest.approx([1, 2, 2**-0.5])
    assert [int(image.max()) for image in dataset.images] == [0, 50, 100]


def test_each_batch_has_one_shape_and_each_image_its_turn(photos: Path) -> None:
    dataset = pack(open_source(photos), Wanted(ImageShape.square(32), fit="aspect-buckets"))
    assert dataset.aspect_counts() == pytest.approx({2**-0.5: 10, 1.0: 10, 2.0: 10})
    order, loader = dataset.order(seed=3, batch=5), Loader(dataset, seed=3, mirror=True, batch=5)
    assert isinstance(order, Bucketed)
    seen = np.zeros(30, int)
    for first in range(0, 150, 5):
        index, _ = loader.places(np.arange(first, first + 5))
        assert set(dataset.aspects[index]) == {order.aspect(first)}
        seen[index] += 1
    assert (seen == 5).all()  # 30 batches of 5: six a cycle, two of each shape
    # A part of a batch is what the whole has there, whenever it is asked for.
    again = dataset.order(seed=3, batch=5)
    assert np.array_equal(again.places(np.arange(77, 79))[0], loader.places(np.arange(75, 80))[0][2:4])


def test_a_square_is_the_whole_grid_and_others_keep_their_units() -> None:
    for stretched, whole in zip(stretched_grid(32, 32, 1.0), full_grid(32, 32), strict=True):
        assert torch.equal(stretched, whole)
    wide = stretched_grid(32, 32, 2.0)
    assert (wide.cols[-1] - wide.cols[0]) / (wide.rows[-1] - wide.rows[0]) == pytest.approx(2)


@pytest.fixture(scope="module")
def trained(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = frugan.Plan(str(photos), recipe="creps-small", fit="aspect-buckets", settings=SETTINGS)
    return frugan.train(plan, tmp_path_factory.mktemp("run") / "run").run


def test_models_know_the_shapes_and_are_judged_with_them(trained: Path) -> None:
    model = frugan.load(trained)
    assert model.aspect_counts == {2**-0.5: 10, 1.0: 10, 2.0: 10}
    seeds = range(12)
    plain, shaped = model.codes(seeds), model.codes(seeds, as_trained=True)
    differ = (plain - shaped).abs().amax(dim=(1, 2, 3)) > 1e-6
    assert differ.any()
    assert not differ.all()


def test_a_run_of_them_resumes_bit_for_bit(photos: Path, trained: Path, tmp_path: Path) -> None:
    plan = frugan.Plan(
        str(photos), recipe="creps-small", fit="aspect-buckets", settings=[*SETTINGS, "sampler.schedule.kimg=0.032"]
    )
    half = frugan.train(plan, tmp_path / "half").run
    whole = frugan.resume(half, kimg=0.032).run
    first, second = ((run / "model" / "generator.safetensors").read_bytes() for run in (trained, whole))
    assert first == second


@pytest.mark.parametrize(
    ("recipe", "settings", "problem"),
    [
        ("quickstart", ["decoder=null"], "need a generator of coordinates"),
        ("creps-small", ["data.bits=16"], "8 where fit is aspect-buckets"),
        ("creps-small", ["sampler.smallest_window=0.5"], "windows are of one shape"),
    ],
)
def test_what_cannot_be_is_said(photos: Path, tmp_path: Path, recipe: str, settings: list[str], problem: str) -> None:
    plan = frugan.Plan(str(photos), recipe=recipe, fit="aspect-buckets", resolution=32, settings=settings)
    with pytest.raises(UserError, match=problem):
        frugan.train(plan, tmp_path / "run")
