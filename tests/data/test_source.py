"""What a folder, a zip or a name stands for, and what a user is told when it stands for nothing."""

import itertools
import os
import shutil
import subprocess
import sys
import time
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import frugan
from frugan.cli import main
from frugan.data.cache import pack
from frugan.data.catalogue import CATALOGUE
from frugan.data.decode import decode_image
from frugan.data.files import _sort_out
from frugan.data.fit import Wanted
from frugan.data.source import NAMES, open_source
from frugan.data.torchvision_sets import TORCHVISION_NAMES
from frugan.runs.prepare import prepare
from frugan.system.bounds import HINT
from frugan.system.errors import RunError, UserError

TREE = ["b/2.png", "b/deep/er/1.png", "a/1.png", "loose.png"]


def zip_folder(folder, path, compression=zipfile.ZIP_DEFLATED, prefix=""):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, prefix + file.relative_to(folder).as_posix())
    return path


def test_labels_are_the_first_folders(make_folder):
    source = open_source(make_folder(TREE))
    assert [(item.name, item.label) for item in source.items] == [
        ("a/1.png", 0),
        ("b/2.png", 1),
        ("b/deep/er/1.png", 1),
        ("loose.png", -1),
    ]
    assert source.class_names == ("a", "b")


@pytest.mark.parametrize("prefix", ["", "photos/"])
def test_zip_equals_folder(make_folder, tmp_path, prefix):
    folder = make_folder(TREE)
    archive = zip_folder(folder, tmp_path / "photos.zip", prefix=prefix)
    from_folder, from_zip = (pack(open_source(data), Wanted.square(16)) for data in (folder, archive))
    assert from_folder.folder != from_zip.folder
    assert np.array_equal(from_folder.images, from_zip.images)
    assert from_folder.labels.tolist() == from_zip.labels.tolist() == [0, 1, 1, -1]
    assert (from_folder.names, from_folder.class_names) == (from_zip.names, from_zip.class_names)
    assert from_folder.fingerprint == from_zip.fingerprint


def test_what_is_no_image_is_counted(make_folder, tmp_path):
    folder = make_folder(["a/1.png", "a/.hidden.png", ".git/x.png", "notes.txt", "a/__MACOSX/1.png"])
    (folder / "nowhere.png").symlink_to(tmp_path / "missing.png")
    source = open_source(folder)
    assert [item.name for item in source.items] == ["a/1.png"]
    assert source.other_files == ("notes.txt", "nowhere.png")
    assert source.num_hidden == 3


def test_links_are_followed_but_not_in_a_ring(make_folder, tmp_path):
    folder = make_folder(["a/1.png"])
    make_folder(["2.png"], folder="elsewhere")
    (folder / "b").symlink_to(tmp_path / "elsewhere")
    (folder / "a" / "up").symlink_to(folder)
    assert [item.name for item in open_source(folder).items] == ["a/1.png", "b/2.png"]


def test_empty_folder(tmp_path):
    with pytest.raises(UserError, match=r"empty: put images"):
        open_source(tmp_path)


def test_folder_of_text_files(tmp_path):
    for name in ("a.txt", "b.txt", "c.csv", "README", ".hidden"):
        (tmp_path / name).write_text("text")
    with pytest.raises(UserError, match=r"no image: 5 .*2 \.txt, 1 without suffix, 1 \.csv, 1 hidden.*\.png"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("cifar-10", "Did you mean cifar10"),
        ("noto-peple", "Did you mean noto-people"),
        ("xyzzy", "known by name: noto-people, cifar10"),
        ("nowhere/photos", "no folder nowhere either"),
    ],
)
def test_unknown_names(data, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"{data}.*{message}"):
        open_source(data)


def test_misspelt_path(make_folder):
    folder = make_folder(TREE)
    with pytest.raises(UserError, match=f"Did you mean {folder}"):
        open_source(str(folder) + "s")


def test_a_name_is_a_name_and_a_path_is_a_path(make_folder, tmp_path, monkeypatch):
    make_folder(["1.png"], folder="noto-people")
    monkeypatch.chdir(tmp_path)
    assert len(open_source("noto-people")) == 702
    assert len(open_source("./noto-people")) == 1


def test_files_that_are_no_zip(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK\3\4 cut off")
    with pytest.raises(UserError, match=r"broken\.zip is cut off: it begins as a zip"):
        open_source(tmp_path / "broken.zip")
    (tmp_path / "one.png").write_bytes(b"")
    with pytest.raises(UserError, match="neither a folder nor a zip"):
        open_source(tmp_path / "one.png")


def test_damage_inside_a_zip_costs_one_image(make_folder, tmp_path):
    archive = zip_folder(make_folder(TREE), tmp_path / "photos.zip", zipfile.ZIP_STORED)
    data = bytearray(archive.read_bytes())
    data[data.find(b"IDAT") + 20] ^= 0xFF
    archive.write_bytes(data)
    dataset = pack(open_source(archive), Wanted.square(16))
    assert len(dataset) == 3
    assert [(entry.name, entry.kind) for entry in dataset.skipped] == [("a/1.png", "corrupt")]


def test_zip_bomb_costs_one_image(make_folder, tmp_path):
    archive = zip_folder(make_folder(["1.png", "2.png"]), tmp_path / "photos.zip")
    data = bytearray(archive.read_bytes())
    size = data.find(b"PK\1\2") + 24
    data[size : size + 4] = (3 * 2**30).to_bytes(4, "little")
    archive.write_bytes(data)
    (skipped,) = pack(open_source(archive), Wanted.square(16)).skipped
    assert (skipped.kind, skipped.reason) == (
        "unsupported",
        "unpacks to 3072 MiB; 512 MiB are the bound for one image. " + HINT,
    )


def test_labels_in_a_zip_that_are_damaged_are_named(make_folder, tmp_path):
    folder = make_folder(["1.png"])
    (folder / "dataset.json").write_text('{"labels": [["1.png", 1]]}' * 20)
    archive = zip_folder(folder, tmp_path / "photos.zip")
    data = bytearray(archive.read_bytes())
    data[data.find(b"dataset.json") + 14] ^= 255
    archive.write_bytes(data)
    with pytest.raises(UserError, match=r"dataset\.json: damaged inside the zip"):
        open_source(archive)


def test_encrypted_zip(make_folder, tmp_path):
    archive = zip_folder(make_folder(["1.png"]), tmp_path / "photos.zip")
    data = bytearray(archive.read_bytes())
    data[data.find(b"PK\1\2") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(UserError, match="encrypted"):
        open_source(archive)


def test_a_file_that_vanishes_stops_the_run(make_folder):
    folder = make_folder(TREE)
    source = open_source(folder)
    (folder / "loose.png").unlink()
    with pytest.raises(RunError, match=r"loose\.png cannot be read"):
        pack(source, Wanted.square(16))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows such names")
def test_names_that_are_no_text(make_folder):
    folder = make_folder(["1.png"])
    shutil.copy(folder / "1.png", os.fsencode(folder) + b"/caf\xe9.png")
    dataset = pack(open_source(folder), Wanted.square(16))
    assert [os.fsencode(name) for name in dataset.names] == [b"1.png", b"caf\xe9.png"]


def test_embedded_drawings():
    source = open_source("noto-people")
    assert source.class_names == ("person", "person-gesture", "person-role")
    assert np.bincount([item.label for item in source.items]).tolist() == [114, 168, 420]
    assert source.other_files == ("NOTICE.txt",)
    assert decode_image(source.read(0)).size == (128, 128)


def test_checking_data_needs_no_torch():
    code = "import sys, frugan.data.check, frugan.data.cache; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class FakeCifar:
    classes = ("plane", "car")

    def __init__(self, root, train, download):
        assert train
        assert download
        self.data = np.random.RandomState(0).randint(0, 256, (3, 32, 32, 3), np.uint8)
        self.targets = [1, 0, 1]


class FakeFlowers:
    classes = ("rose", "tulip")

    def __init__(self, root, split, download, loader):
        self.entries = [(loader(f"{root}/{split}.png"), label) for label in (0,)]

    def __iter__(self):
        return iter(self.entries)


class NotThere:
    def __init__(self, *args, **options):
        raise RuntimeError("Dataset not found")


class NeedsPackage:
    def __init__(self, *args, **options):
        raise ModuleNotFoundError("No module named 'scipy'")


@pytest.fixture
def fake_torchvision(monkeypatch):
    """Put stand-ins for torchvision's classes in its place."""

    def put(**datasets):
        torchvision = types.SimpleNamespace(datasets=types.SimpleNamespace(**datasets))
        helper = types.SimpleNamespace(import_torchvision=lambda: torchvision)
        monkeypatch.setitem(sys.modules, "frugan.system.torchvision_import", helper)

    return put


def test_torchvision_pictures(fake_torchvision):
    fake_torchvision(CIFAR10=FakeCifar)
    dataset = pack(open_source("cifar10"), Wanted.square(32))
    assert dataset.class_names == ("car", "plane")
    assert dataset.names == ("car/00000.ppm", "car/00002.ppm", "plane/00001.ppm")
    assert dataset.labels.tolist() == [0, 0, 1]
    assert np.array_equal(dataset.images, FakeCifar("", True, True).data[[0, 2, 1]].transpose(0, 3, 1, 2))


def test_torchvision_files(fake_torchvision, make_folder):
    fake_torchvision(Flowers102=FakeFlowers)
    folder = make_folder(["train.png", "val.png", "test.png"], folder="datasets")
    source = open_source("flowers102")
    assert [item.name for item in source.items] == ["rose/test.png", "rose/train.png", "rose/val.png"]
    assert source.read(0) == (folder / "test.png").read_bytes()


def test_torchvision_errors(fake_torchvision, tmp_path):
    fake_torchvision(CIFAR10=NotThere, CIFAR100=NeedsPackage)
    with pytest.raises(RunError, match=f"cifar10 is not in {tmp_path / 'datasets'}.*could not be fetched"):
        open_source("cifar10")
    with pytest.raises(UserError, match=r"cifar100 needs a package.*scipy"):
        open_source("cifar100")


def test_lsun_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match=r"lsun-church is not at .*church_outdoor_train_lmdb: fetch"):
        open_source("lsun-church")


def test_lsun_database(tmp_path, encode, noise):
    lmdb = pytest.importorskip("lmdb")
    folder = tmp_path / "datasets" / "tower_train_lmdb"
    folder.mkdir(parents=True)
    with lmdb.open(str(folder)) as database, database.begin(write=True) as transaction:
        for seed in range(5):
            transaction.put(bytes([seed, 255]), encode(noise(seed)))
    dataset = pack(open_source("lsun-tower"), Wanted.square(16))
    assert np.array_equal(dataset.images, np.stack([noise(seed).transpose(2, 0, 1) for seed in range(5)]))
    assert dataset.names[0] == "00ff"
    assert set(dataset.labels.tolist()) == {-1}


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES)


def test_pipes_devices_and_circles_of_links_end_in_a_sentence(make_folder, tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    for data in (tmp_path / "pipe.zip", "/dev/zero"):
        with pytest.raises(UserError, match="neither a folder nor a zip"):
            open_source(data)
    folder = make_folder(["1.png"])
    os.mkfifo(folder / "dataset.json")
    with pytest.raises(UserError, match="not a regular file"):
        open_source(folder)
    (folder / "dataset.json").unlink()
    os.mkfifo(folder / "2.png")
    assert [item.name for item in open_source(folder).items] == ["1.png"]
    for i, j in itertools.product(range(8), range(8)):
        (folder / str(i)).mkdir(exist_ok=True)
        (folder / str(i) / f"to{j}").symlink_to(folder / str(j))
    with pytest.raises(UserError, match="more than 4 links"):
        open_source(folder)


FAULTY = Path(__file__).parent / "faulty"


@pytest.mark.parametrize("name", ["backslash.zip", "renamed (1).zip"])
def test_zips_show_the_classes_that_a_file_manager_shows(name):
    """Windows' back slashes are folders; a lone wrapper folder is none, whatever the zip is called."""
    source = open_source(FAULTY / name)
    assert source.class_names == ("cat", "dog")
    assert {item.name.partition("/")[0] for item in source.items} == {"cat", "dog"}
    assert len(pack(source, Wanted.square(16, allow_upsampling=True))) == len(source)


def test_one_folder_of_images_is_a_class_and_names_in_utf_8_need_no_flag(make_folder, tmp_path):
    folder = make_folder(["only/1.png", "only/2.png"])
    source = open_source(zip_folder(folder, tmp_path / "other.zip"))
    assert source.class_names == open_source(folder).class_names == ("only",)
    with zipfile.ZipFile(tmp_path / "words.zip", "w") as archive:
        for name in ("XX/1.png", "b/2.png"):
            archive.write(folder / "only" / "1.png", name)
    named = (tmp_path / "words.zip").read_bytes().replace(b"XX/", "Ä/".encode())
    (tmp_path / "words.zip").write_bytes(named)
    assert open_source(tmp_path / "words.zip").class_names == ("b", "Ä")


def test_a_pointer_of_git_lfs_is_named(make_folder):
    folder = make_folder(["1.png"])
    (folder / "2.png").write_bytes((FAULTY / "lfs_pointer.png").read_bytes())
    (skipped,) = pack(open_source(folder), Wanted.square(16)).skipped
    assert (skipped.name, skipped.kind) == ("2.png", "corrupt")
    assert "git lfs pull" in skipped.reason


def test_data_sets_of_papers_say_how_to_get_them(capsys):
    with pytest.raises(UserError, match=r"ffhq \(70,000 photos .* cannot be fetched for you\. Get it from https://"):
        open_source("ffhq")
    assert main(["data", "list"]) == 0
    listed = capsys.readouterr().out
    page = (Path(__file__).parents[2] / "docs" / "guides" / "data-sets.md").read_text()
    for known in CATALOGUE:
        assert known.name in listed
        assert f"| {known.name} | {known.what} | {known.licence} |" in page
        assert known.fetched == (known.name in TORCHVISION_NAMES)
    assert main(["data", "list", "ffhq"]) == 2
    assert "takes nothing else" in capsys.readouterr().err
    with pytest.raises(UserError, match=r"Did you mean .*afhq-dog"):
        open_source("afhq")


@pytest.mark.parametrize(("name", "side"), [("cifar10", 32), ("mnist", 28)])
def test_commands_of_small_data_sets_can_be_trained(name, side, tmp_path):
    for i in range(32):
        Image.fromarray(np.full((side, side, 3), 8 * i, np.uint8)).save(tmp_path / f"{i}.png")
    (known,) = (known for known in CATALOGUE if known.name == name)
    flags = iter(known.data.split()[1:])
    told = {flag.removeprefix("--"): value for flag, value in zip(flags, flags, strict=True)}
    channels = {"grey": 1}.get(told.get("channels"))
    plan = frugan.Plan(data=str(tmp_path), recipe=told["recipe"], resolution=int(told["resolution"]), channels=channels)
    assert prepare(plan.configuration(), lambda said: None).dataset.images.shape[-2:] == (side, side)


def test_many_arrays_are_listed_in_linear_time(tmp_path):
    names = [f"{n:06}.npy" for n in range(20_000)]
    began = time.monotonic()
    assert _sort_out(names, lambda name: True) == ([], [], names)
    assert time.monotonic() - began < 5  # a minute, when the whole list was looked at for every name
