"""The memorisation check finds copies, mirrored ones too, and never takes an image for its own neighbour."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from frugan.codecs.wavelet import WaveletCodec
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.loader import Loader
from frugan.data.source import open_source
from frugan.reporting.neighbours import search

COUNT = 40


@pytest.fixture
def loader(image_folder: Path) -> Loader:
    return Loader(pack(open_source(str(image_folder)), Wanted.square(64)), seed=0, mirror=False)


def code(image: Tensor) -> Tensor:
    return WaveletCodec().encode(image)


@pytest.mark.parametrize("flipped", [False, True])
def test_a_copy_is_found(loader: Loader, flipped: bool) -> None:
    image = loader.batch(17, 1)[0]
    query = code(image.flip(-1) if flipped else image)
    nearest = search(query, 0, WaveletCodec(), loader, COUNT, mirror=True)
    assert nearest.index.tolist() == [17]
    assert nearest.mirrored.tolist() == [flipped]
    assert nearest.distance.item() < 1e-6
    assert torch.equal(nearest.image(0, loader), image[0].flip(-1) if flipped else image[0])


def test_mirrored_images_count_only_if_training_showed_them(loader: Loader) -> None:
    query = code(loader.batch(17, 1)[0].flip(-1))
    nearest = search(query, 0, WaveletCodec(), loader, COUNT, mirror=False)
    assert nearest.distance.item() > 0.01
    assert not nearest.mirrored.any()


def test_distances_are_those_of_a_plain_loop_and_leave_out_the_image_itself(loader: Loader) -> None:
    codes = code(loader.batch(0, COUNT)[0]).double()
    nearest = search(codes[:6].float(), 5, WaveletCodec(), loader, COUNT, mirror=False)
    for query in range(6):
        # The first query passes for a generated one, the other five for the loader's images 0 to 4.
        others = [i for i in range(COUNT) if query == 0 or i != query - 1]
        distances = [(codes[query] - codes[i]).square().mean().sqrt().item() for i in others]
        assert nearest.distance[query].item() == pytest.approx(min(distances), abs=1e-6)
        assert nearest.index[query].item() == others[distances.index(min(distances))]
