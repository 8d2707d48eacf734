"""Classes from a listing, as StyleGAN's data sets have, in a folder and in a zip of it."""

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from frugan.data.source import open_source
from frugan.system.errors import UserError


def images(folder: Path, listing: object) -> Path:
    for name in ("00000/a.png", "00000/b.png", "00001/c.png", "d.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(folder / name)
    (folder / "dataset.json").write_text(listing if isinstance(listing, str) else json.dumps(listing))
    return folder


def labels(path: Path) -> tuple[dict[str, int], tuple[str, ...]]:
    source = open_source(str(path))
    return {item.name: item.label for item in source.items}, source.class_names


def test_a_listing_comes_before_folders(tmp_path: Path) -> None:
    folder = images(tmp_path / "set", {"labels": [["00000/a.png", 10], ["00000/b.png", 2], ["00001/c.png", 10]]})
    expected = {"00000/a.png": 1, "00000/b.png": 0, "00001/c.png": 1, "d.png": -1}, ("2", "10")
    assert labels(folder) == expected
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder))
    assert labels(tmp_path / "set.zip") == expected


def test_labels_may_be_names(tmp_path: Path) -> None:
    folder = images(tmp_path / "set", {"labels": [["d.png", "tulip"], ["00000/a.png", "rose"]]})
    assert labels(folder)[1] == ("rose", "tulip")


def test_numbers_below_0_are_no_class(tmp_path: Path) -> None:
    folder = images(tmp_path / "set", {"labels": [["00000/a.png", -1], ["00000/b.png", 0], ["d.png", 3]]})
    assert labels(folder) == ({"00000/a.png": -1, "00000/b.png": 0, "00001/c.png": -1, "d.png": 1}, ("0", "3"))
    assert open_source(str(folder)).other_files == ()
    none = images(tmp_path / "none", {"labels": [["00000/a.png", -1], ["00001/c.png", -1]]})
    assert labels(none) == (dict.fromkeys(("00000/a.png", "00000/b.png", "00001/c.png", "d.png"), -1), ())


@pytest.mark.parametrize("listing", [{"labels": None}, {}])
def test_without_labels_folders_are_the_classes(tmp_path: Path, listing: object) -> None:
    assert labels(images(tmp_path / "set", listing))[1] == ("00000", "00001")


@pytest.mark.parametrize("listing", ["no json", "[1]", {"labels": [["a.png"]]}, {"labels": [["d.png", 1.5]]}])
def test_what_is_no_listing_is_told(tmp_path: Path, listing: object) -> None:
    with pytest.raises(UserError, match=r"dataset\.json"):
        labels(images(tmp_path / "set", listing))
