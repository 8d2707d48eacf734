"""Features of real images are computed once, and never taken for those of other settings or from a damaged file."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.packed import PackedDataset
from frugan.data.source import open_source
from frugan.features.efficientnet_lite0 import EfficientNetFeatures
from frugan.runs.dataset_features import dataset_features


class Counting(EfficientNetFeatures):
    seen = 0

    def features_of_rgb(self, images: Tensor) -> Tensor:
        self.seen += len(images)
        return super().features_of_rgb(images)


@pytest.fixture
def dataset(image_folder: Path, tmp_path: Path) -> PackedDataset:
    return pack(open_source(image_folder), Wanted.square(64), cache_dir=tmp_path)


def test_they_are_computed_once_for_each_setting(dataset: PackedDataset) -> None:
    extractor, other = Counting(torch.device("cpu")), Counting(torch.device("cpu"), size=32)
    first = dataset_features(extractor, dataset, 40)
    assert first.shape == (40, 1280)
    assert torch.equal(dataset_features(extractor, dataset, 40), first)
    assert extractor.seen == 40
    assert not torch.equal(dataset_features(other, dataset, 40), first)
    assert dataset_features(extractor, dataset, 10).shape == (10, 1280)
    assert (extractor.seen, other.seen) == (50, 40)


def test_a_damaged_file_is_made_anew(dataset: PackedDataset) -> None:
    extractor = Counting(torch.device("cpu"))
    first = dataset_features(extractor, dataset, 8)
    (file,) = dataset.folder.glob("features-*.safetensors")
    file.write_bytes(file.read_bytes()[:100])
    assert torch.equal(dataset_features(extractor, dataset, 8), first)
    assert extractor.seen == 16
