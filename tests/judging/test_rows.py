"""Rows of pixels are kept beside the data, and are the same whoever shares the work."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

import frugan
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.source import open_source
from frugan.features.random_convolutions import RandomFeatures
from frugan.judging import rows
from frugan.judging.evaluation import Evaluation, Floor
from frugan.metrics.describing import describe


def silent(stage: str, done: int, total: int) -> None:
    return


def test_rows_of_real_images_are_kept(image_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = pack(open_source(image_folder), Wanted.square(64), cache_dir=tmp_path)
    extractor = RandomFeatures(torch.device("cpu"))
    first = rows.seen_of_dataset(extractor, dataset, 40, "real images", silent)
    assert len(list(dataset.folder.glob("pixels-*.safetensors"))) == 1

    def refused(images: Tensor, bands: tuple[int, ...]) -> dict[str, Tensor]:
        raise AssertionError("described twice")

    monkeypatch.setattr(rows, "describe", refused)
    again = rows.seen_of_dataset(extractor, dataset, 40, "real images", silent)
    assert first.pixels.keys() == again.pixels.keys()
    assert all(torch.equal(first.pixels[name], again.pixels[name]) for name in first.pixels)
    floor = rows.real_floor(first, extractor)
    assert floor.n == 20
    assert floor.values["colour_distance"] > 0
    with pytest.raises(AssertionError, match="described twice"):  # other images: a file of their own
        rows.seen_of_dataset(extractor, dataset, 30, "real images", silent)


def test_those_who_share_the_work_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "most_described", lambda height, width: 5)
    images = torch.rand(9, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    extractor = RandomFeatures(torch.device("cpu"))

    def seen(own: range) -> rows.Seen:
        batches: Iterator[Tensor] = iter(images[own.start : own.stop].split(2))
        return rows.seen_of_batches(extractor, batches, own, "generated images", silent)

    alone = seen(range(9))
    shares = [seen(own) for own in (range(3), range(3, 6), range(6, 9))]
    assert torch.allclose(torch.cat([share.features for share in shares]), alone.features, atol=1e-5)
    for name, expected in describe(images[:5]).items():
        assert torch.equal(alone.pixels[name], expected)
        assert torch.equal(torch.cat([share.pixels[name] for share in shares]), expected)


def test_errors_are_told_and_evaluations_of_before_have_none() -> None:
    values, floor = {"frechet_distance": 359.8}, Floor(4, {"frechet_distance": 60.0})
    evaluation = Evaluation(
        "FD", values, floor, {"n_fake": 64, "resolution": 64}, 2.0, standard_errors={"frechet_distance": 4.1}
    )
    assert "FD: 359.8 ± 4.1 " in evaluation.text()
    kept = evaluation.to_json()
    assert Evaluation.from_json(kept) == evaluation
    del kept["standard_errors"]
    assert "FD: 359.8  " in Evaluation.from_json(kept).text()
    for group in ("distances on features", "fidelity and variety", "pixels", "single pictures"):
        assert sum(line.startswith(f"  {group}: ") for line in evaluation.text().splitlines()) == 1


def test_a_folder_of_tiny_pictures_is_judged_by_what_can_see_them(image_folder: Path, tmp_path: Path) -> None:
    from PIL import Image

    for i in range(6):
        Image.effect_noise((12, 12), 40 + i).convert("RGB").save(tmp_path / f"{i}.png")
    found = frugan.evaluate(tmp_path, frugan.RealImages(str(image_folder)), device="cpu")
    assert found.values["spectrum_distance"] > 0
    assert "patch_distance" not in found.values
    assert "patches not measured" in found.text()
