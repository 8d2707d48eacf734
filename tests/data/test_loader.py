"""The stream is a pure function of (data set, seed, mirror): nothing else may show in it."""

import numpy as np
import pytest
import torch

from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.loader import Loader
from frugan.data.order import Shuffled
from frugan.data.source import open_source

N = 10


@pytest.fixture
def dataset(make_folder):
    return pack(open_source(make_folder(f"{'ab'[n % 2]}/{n}.png" for n in range(N))), Wanted.square(16))


def exact(pixels):
    """The same numbers by another way: uint8 array -> float32 tensor x / 127.5 - 1."""
    table = np.array([np.float32(np.float32(value) / np.float32(127.5)) - np.float32(1) for value in range(256)])
    return torch.from_numpy(table[pixels])


def positions(dataset, images):
    """Which image of the data set each of a batch is, mirrored or not."""
    plain = exact(dataset.images)
    found = []
    for image in images:
        same = [(plain == candidate).all(dim=3).all(dim=2).all(dim=1) for candidate in (image, image.flip(-1))]
        found.append(int((same[0] | same[1]).nonzero()))
    return found


def test_types_shapes_range(dataset):
    images, labels = Loader(dataset, seed=0, mirror=True).batch(3, 4)
    assert (images.dtype, tuple(images.shape)) == (torch.float32, (4, 3, 16, 16))
    assert (labels.dtype, tuple(labels.shape)) == (torch.int64, (4,))
    assert images.is_contiguous()
    assert -1 <= float(images.min()) < -0.9
    assert 0.9 < float(images.max()) <= 1


def test_exact_values_and_ends(dataset):
    images, labels = next(Loader(dataset, seed=0, mirror=False).all_images(N))
    assert torch.equal(images, exact(dataset.images))
    assert labels.tolist() == dataset.labels.tolist()
    assert exact(np.array([0, 255])).tolist() == [-1, 1]


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("size", [1, 3, 10, 16, 25, 60])
def test_any_batch_size_gives_the_same_stream(dataset, mirror, size):
    whole = Loader(dataset, seed=5, mirror=mirror).batch(0, 60)
    loader = Loader(dataset, seed=5, mirror=mirror)
    batches = [loader.batch(first, min(size, 60 - first)) for first in range(0, 60, size)]
    assert torch.equal(torch.cat([images for images, _ in batches]), whole[0])
    assert torch.equal(torch.cat([labels for _, labels in batches]), whole[1])


def test_resume_anywhere_and_in_any_order(dataset):
    loader = Loader(dataset, seed=5, mirror=True)
    whole, _ = loader.batch(0, 100)
    for first in (97, 0, 33, 9, 10, 61):
        assert torch.equal(Loader(dataset, seed=5, mirror=True).batch(first, 3)[0], whole[first : first + 3])
        assert torch.equal(loader.batch(first, 3)[0], whole[first : first + 3])


def test_each_epoch_is_a_permutation_of_its_own(dataset):
    loader = Loader(dataset, seed=0, mirror=True)
    orders = [tuple(positions(dataset, loader.batch(first, N)[0])) for first in range(0, 5 * N, N)]
    assert all(sorted(order) == list(range(N)) for order in orders)
    assert len(set(orders)) == 5


def test_labels_belong_to_their_images(dataset):
    images, labels = Loader(dataset, seed=3, mirror=True).batch(7, 30)
    assert labels.tolist() == [int(dataset.labels[position]) for position in positions(dataset, images)]


def test_seeds_differ(dataset):
    orders = [tuple(positions(dataset, Loader(dataset, seed=seed, mirror=False).batch(0, N)[0])) for seed in range(4)]
    assert len(set(orders)) == 4


def test_mirroring_flips_about_half_and_only_flips(dataset):
    plain, _ = Loader(dataset, seed=1, mirror=False).batch(0, 1000)
    mirrored, _ = Loader(dataset, seed=1, mirror=True).batch(0, 1000)
    is_plain = (plain == mirrored).flatten(1).all(dim=1)
    is_flipped = (plain.flip(-1) == mirrored).flatten(1).all(dim=1)
    assert (is_plain ^ is_flipped).all()
    assert 430 < int(is_flipped.sum()) < 570


def test_the_stream_never_changes_between_versions(dataset):
    images, _ = Loader(dataset, seed=0, mirror=True).batch(0, 6)
    assert positions(dataset, images) == [6, 1, 0, 5, 3, 8]


def test_only_two_epochs_are_remembered(dataset):
    order = Shuffled(len(dataset), seed=0)
    for first in (500, 0, 10, 20, 995, 30, 35, 40):
        order.places(np.arange(first, first + 8))
        assert len(order._epochs) <= 2


def test_the_cache_is_never_written_through(dataset):
    before = dataset.images.tobytes()
    loader = Loader(dataset, seed=0, mirror=True)
    loader.batch(0, 50)[0].zero_()
    for images, labels in loader.all_images(4):
        images.zero_()
        labels.zero_()
    assert dataset.images.tobytes() == before
    assert dataset.labels.tolist() == [0] * 5 + [1] * 5


def test_all_images_in_any_batch(dataset):
    loader = Loader(dataset, seed=0, mirror=True)
    for size in (1, 4, N, 99):
        batches = list(loader.all_images(size))
        assert torch.equal(torch.cat([images for images, _ in batches]), exact(dataset.images))
        assert torch.cat([labels for _, labels in batches]).tolist() == dataset.labels.tolist()


def test_spread_images_are_of_the_whole_data_set(dataset):
    loader = Loader(dataset, seed=0, mirror=True)
    assert torch.equal(torch.cat(list(loader.spread_images(N, 3))), exact(dataset.images))
    assert torch.equal(torch.cat(list(loader.spread_images(99, 4))), exact(dataset.images))
    pieces = list(loader.spread_images(4, 3))
    assert [len(piece) for piece in pieces] == [3, 1]
    assert torch.equal(torch.cat(pieces), exact(dataset.images[[0, 2, 5, 7]]))
