"""Patches of photos of mixed size: where they lie, how sharp they are, and that they are functions of their number."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from frugan.data.cache import PREPARATION, PackedDataset, pack
from frugan.data.fit import Wanted
from frugan.data.loader import Loader
from frugan.data.patches import Patches
from frugan.data.source import open_source

SIDES = (12, 16, 20, 40, 64, 96)  # of photos; patches are of 16, and photos keep at most 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos whose red grows downwards and whose green grows to the right; blue is a chequerboard of single pixels."""
    folder = tmp_path_factory.mktemp("photos")
    for side in SIDES:
        y, x = np.mgrid[0:side, 0:side]
        ramps = [255 * (axis + 0.5) / side for axis in (y, x)]
        pixels = np.stack([*ramps, 255 * ((y + x) % 2)], axis=2)
        Image.fromarray(pixels.round().astype(np.uint8)).save(folder / f"{side:03d}.png")
    return folder


def packed(folder: Path) -> tuple[PackedDataset, PackedDataset]:
    source = open_source(str(folder))
    return pack(source, Wanted.square(16)), pack(source, Wanted.square(64, smallest=16))


def patches_of(folder: Path, *, seed: int = 0, mirror: bool = False) -> Patches:
    whole, photos = packed(folder)
    return Patches(Loader(whole, seed=0, mirror=mirror), photos, side=16, seed=seed)


def test_photos_keep_their_own_size_up_to_the_largest(folder: Path) -> None:
    whole, photos = packed(folder)
    assert photos.names == whole.names == tuple(f"{side:03d}.png" for side in SIDES[1:])
    assert photos.sides.tolist() == [16, 20, 40, 64, 64]
    assert whole.sides.tolist() == [16] * 5
    assert photos.fingerprint == whole.fingerprint
    for image, side in zip(photos.images[:4], photos.sides, strict=False):
        own = np.asarray(Image.open(folder / f"{side:03d}.png")).transpose(2, 0, 1)
        assert np.array_equal(image[:, :side, :side], own)
        assert not image[:, side:].any()
        assert not image[:, :, side:].any()
    assert (
        pack(open_source(str(folder)), Wanted.square(64, smallest=16)).sides.tolist() == photos.sides.tolist()
    )  # out of the cache
    upsampled = pack(open_source(str(folder)), Wanted.square(64, smallest=16, allow_upsampling=True))
    assert upsampled.sides.tolist() == [16, 16, 20, 40, 64, 64]


def test_caches_of_one_size_are_where_they_were(folder: Path) -> None:
    source = open_source(str(folder))
    description = [PREPARATION, 16, False, source.home, source.class_names, source.items]
    key = hashlib.sha256(json.dumps(description).encode()).hexdigest()[:24]
    dataset = pack(source, Wanted.square(16))
    assert dataset.folder.name == f"16px-{key}"
    assert "sides" not in json.loads((dataset.folder / "index.json").read_text())


def test_a_patch_shows_its_place_and_is_never_enlarged(folder: Path) -> None:
    whole, photos = packed(folder)
    loader, patches = Loader(whole, seed=0, mirror=False), patches_of(folder)
    n = np.arange(200)
    images, boxes = patches.patches(n)
    sides = torch.from_numpy(photos.sides[loader.places(n)[0]])
    top, left, length = boxes.unbind(1)
    assert images.shape == (200, 3, 16, 16)
    assert (16 / length <= sides + 1e-4).all()
    assert min(top.min(), left.min()) >= 0
    assert max((top + length).max(), (left + length).max()) <= 1 + 1e-6
    pixels = (torch.arange(16) + 0.5) / 16
    inside = slice(2, -2)  # at the photo's edges Lanczos sees a ramp that ends
    for axis, start in ((0, top), (1, left)):
        wanted = 2 * (start[:, None] + length[:, None] * pixels) - 1
        seen = images[:, axis].mean(dim=2 - axis)
        assert (seen - wanted)[:, inside].abs().max() < 0.02
    # Scales are even from the patch's side to the photo's, and places from edge to edge.
    large = sides == 64
    assert abs((16 / length[large]).mean() - 40) < 4
    assert abs((top[large] / (1 - length[large])).mean() - 0.5) < 0.1
    # What is too fine for a patch is grey; at the photo's own size it is there.
    blue = images[:, 2].std(dim=(1, 2))
    assert blue[(16 / length < 0.45 * sides)].max() < 0.1
    assert blue[sides == 16].min() > 0.9


def test_patches_are_functions_of_seed_and_number(folder: Path) -> None:
    patches = patches_of(folder, mirror=True)
    images, boxes = patches.patches(np.arange(24))
    again, places = patches.patches(np.array([17, 3]))
    assert torch.equal(again, images[[17, 3]])
    assert torch.equal(places, boxes[[17, 3]])
    assert not torch.equal(patches_of(folder, seed=1).patches(np.arange(24))[1], boxes)
    plain, same = patches_of(folder).patches(np.arange(24))
    assert torch.equal(same, boxes)
    mirrored = images[:, 1, :, 0] > images[:, 1, :, -1]
    assert 0 < mirrored.all(dim=1).sum() < 24
    assert torch.equal(plain[~mirrored.all(dim=1)], images[~mirrored.all(dim=1)])
