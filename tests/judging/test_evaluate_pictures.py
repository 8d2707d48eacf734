"""Pictures in a folder, of whatever generator, judged like those of a model."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import frugan
from frugan.cli import main
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.loader import Loader
from frugan.data.source import open_source
from frugan.features.choose import load_extractor
from frugan.judging.evaluate_pictures import _packed_at_own_size
from frugan.metrics.frechet import feature_statistics, frechet_distance


def test_a_folder_of_pictures_is_compared_with_data(
    image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(12):
        noise = np.random.RandomState(i).randint(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(noise).save(pictures / f"{i}.png")
    result = frugan.evaluate(pictures, frugan.RealImages(str(image_folder)))
    extractor = load_extractor("efficientnet-lite0", torch.device("cpu"))

    def features(folder: Path) -> torch.Tensor:
        loader = Loader(pack(open_source(folder), Wanted.square(64)), seed=0, mirror=False)
        return torch.cat([extractor.features(images) for images, _ in loader.all_images(16)])

    expected = frechet_distance(*(feature_statistics(features(folder)) for folder in (image_folder, pictures)))
    assert result.values["frechet_distance"] == pytest.approx(expected, rel=1e-3)
    assert (result.protocol["n_fake"], result.protocol["n_real"]) == (12, 40)
    assert main(["evaluate", str(pictures)]) == 2
    assert "To judge pictures, name the real images" in capsys.readouterr().err
    assert main(["evaluate", str(pictures), "--data", str(image_folder), "--trunc", "0.5"]) == 2
    assert "judged as they are" in capsys.readouterr().err
    assert main(["evaluate", str(pictures), "--data", str(image_folder), "--samples", "99"]) == 2
    assert "has only 12 pictures" in capsys.readouterr().err


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 6])
def test_pictures_keep_their_shape_whatever_way_they_are_turned(orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (32, 64, 3), np.uint8)).save(tmp_path / "a.jpg", exif=exif)
    expected = (64, 32) if orientation == 6 else (32, 64)
    assert _packed_at_own_size(tmp_path).shape.size == expected
