"""Data sets of Hugging Face, from what their package writes and reads here: without a network."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.hugging_face import Named, from_anywhere, open_hugging_face, parse_name
from frugan.data.source import open_source
from frugan.system.errors import RunError, UserError

datasets = pytest.importorskip("datasets")
pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("hf"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of three PNGs of 16 x 16."""
    random = np.random.RandomState(0)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(3):
            Image.fromarray(random.randint(0, 256, (16, 16, 3)).astype(np.uint8)).save(
                tmp_path / "photos" / name / f"{i}.png"
            )
    return tmp_path / "photos"


def same(found_in: str, folder: Path) -> None:
    """The pixels and classes of the files, and their encoded bytes."""
    found, files = open_source(found_in), open_source(folder)
    assert found.class_names == files.class_names == ("cat", "dog")
    ours, theirs = pack(found, Wanted.square(16)), pack(files, Wanted.square(16))
    assert sorted(zip(ours.digests, ours.labels.tolist(), strict=True)) == sorted(
        zip(theirs.digests, theirs.labels.tolist(), strict=True)
    )
    assert sorted(image.tobytes() for image in ours.images) == sorted(image.tobytes() for image in theirs.images)


def test_a_data_set_saved_to_disk(folder: Path, tmp_path: Path) -> None:
    table = datasets.load_dataset("imagefolder", data_dir=str(folder), split="train")
    table.save_to_disk(str(tmp_path / "alone"))
    same(f"hf:{tmp_path / 'alone'}", folder)
    datasets.DatasetDict({"train": table, "test": table.select([0])}).save_to_disk(str(tmp_path / "splits"))
    same(f"hf:{tmp_path / 'splits'}:train", folder)
    assert len(open_source(f"hf:{tmp_path / 'splits'}:test")) == 1


def test_a_folder_of_parquet_files_and_one_of_images(folder: Path, tmp_path: Path) -> None:
    files = sorted(folder.rglob("*.png"))
    rows: list[dict[str, object] | None] = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
    write_parquet(tmp_path / "parquet", rows, [0, 0, 0, 1, 1, 1])
    same(f"hf:{tmp_path / 'parquet'}", folder)
    same(f"hf:{folder}", folder)


def test_other_images_make_another_cache(folder: Path, tmp_path: Path) -> None:
    table = datasets.load_dataset("imagefolder", data_dir=str(folder), split="train")
    table.save_to_disk(str(tmp_path / "saved"))
    first = pack(open_source(f"hf:{tmp_path / 'saved'}"), Wanted.square(16))
    again = pack(open_source(f"hf:{tmp_path / 'saved'}"), Wanted.square(16))
    assert again.folder == first.folder
    table.select(range(4)).save_to_disk(str(tmp_path / "other"))
    assert len(pack(open_source(f"hf:{tmp_path / 'other'}"), Wanted.square(16))) == 4


def test_a_table_of_strangers_reads_no_file_of_mine(folder: Path, tmp_path: Path) -> None:
    mine = folder / "cat" / "0.png"
    rows = [{"bytes": None, "path": str(mine)}, None, {"bytes": mine.read_bytes(), "path": str(mine)}]
    write_parquet(tmp_path / "theirs", rows, None)
    found = pack(open_source(f"hf:{tmp_path / 'theirs'}"), Wanted.square(16))
    reasons = ["its file lies outside of the data set", "there is no image in this row"]
    assert [entry.reason for entry in found.skipped] == reasons
    assert (found.images[0] == np.asarray(Image.open(mine)).transpose(2, 0, 1)).all()


def write_parquet(folder: Path, images: list[dict[str, object] | None], labels: list[int] | None) -> None:
    """As the hub holds it: a table and, in its header, what its columns are."""
    columns = {"image": pa.array(images, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))}
    features = {"image": datasets.Image()}
    if labels is not None:
        columns["label"] = pa.array(labels)
        features["label"] = datasets.ClassLabel(names=["cat", "dog"])
    header = {"huggingface": json.dumps({"info": {"features": datasets.Features(features).to_dict()}})}
    folder.mkdir()
    parquet.write_table(pa.table(columns).replace_schema_metadata(header), folder / "train.parquet")


def test_names() -> None:
    assert parse_name("hf:org/name") == Named("org/name", "", "train")
    assert parse_name("hf:org/name/large:validation") == Named("org/name", "large", "validation")
    assert parse_name("hf:./photos:test") == Named("./photos", "", "test")
    here = str(Path.cwd())
    assert from_anywhere("hf:./photos:test") == f"hf:{here}/photos:test"
    assert from_anywhere("hf:org/name:test") == "hf:org/name:test"
    for wrong in ("hf:", "hf:a//b", "hf:a/b/c/d"):
        with pytest.raises(UserError, match="write hf:ORGANISATION/NAME"):
            parse_name(wrong)


def test_what_cannot_be_had_is_said(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="hf:nobody/nothing is not here and could not be fetched"):
        open_hugging_face("hf:nobody/nothing")
    datasets.Dataset.from_dict({"text": ["a"]}).save_to_disk(str(tmp_path / "texts"))
    with pytest.raises(UserError, match="has no column of images, only text"):
        open_hugging_face(f"hf:{tmp_path / 'texts'}")
