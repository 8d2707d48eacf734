"""The packed cache: built once, whole or not at all, honest about what it left out."""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from frugan.config.shape import ImageShape
from frugan.data import cache
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.source import open_source
from frugan.system.errors import RunError, UserError


def entries(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_contents(make_folder, noise, own_cache):
    dataset = pack(open_source(make_folder(f"{n}.png" for n in range(10))), Wanted.square(16))
    assert len(dataset) == 10
    assert dataset.shape == ImageShape.square(16)
    assert isinstance(dataset.images, np.memmap)
    assert not dataset.images.flags.writeable
    assert dataset.images.dtype == np.uint8
    assert dataset.labels.dtype == np.int64
    assert np.array_equal(dataset.images, np.stack([noise(n).transpose(2, 0, 1) for n in range(10)]))
    assert dataset.folder.parent == own_cache
    assert entries(dataset.folder) == ["images.npy", "index.json"]


def test_three_corrupt_among_a_hundred(make_folder):
    folder = make_folder(f"{n:03}.png" for n in range(100))
    (folder / "010.png").write_bytes(b"")
    (folder / "020.png").write_bytes(b"this is no image")
    (folder / "030.png").write_bytes((folder / "030.png").read_bytes()[:200])
    dataset = pack(open_source(folder), Wanted.square(16))
    assert len(dataset) == len(dataset.names) == len(dataset.labels) == 97
    assert [(entry.name, entry.kind) for entry in dataset.skipped] == [
        ("010.png", "corrupt"),
        ("020.png", "corrupt"),
        ("030.png", "corrupt"),
    ]
    assert "empty" in dataset.skipped[0].reason
    assert dataset.skipped_summary() == ["3 images are corrupt: skipped, such as 010.png (the file is empty)."]
    assert pack(open_source(folder), Wanted.square(16)).skipped == dataset.skipped


def test_all_corrupt(make_folder, own_cache):
    folder = make_folder(["1.png", "2.png"])
    for path in folder.iterdir():
        path.write_bytes(b"no image")
    with pytest.raises(UserError, match=r"photos: no image can be used\. 2 images are corrupt.*1\.png"):
        pack(open_source(folder), Wanted.square(16))
    assert entries(own_cache) == []


def test_small_images(make_folder, encode, noise):
    folder = make_folder(["large.png"])
    (folder / "small.png").write_bytes(encode(noise(1, 15, 90)))
    dataset = pack(open_source(folder), Wanted.square(16))
    assert dataset.names == ("large.png",)
    assert dataset.skipped_summary() == ["1 image is smaller than 16: skipped; set upsample, or a smaller resolution."]
    assert pack(open_source(folder), Wanted.square(16, allow_upsampling=True)).names == ("large.png", "small.png")
    with pytest.raises(UserError, match="2 images are smaller than 32: skipped; set upsample"):
        pack(open_source(folder), Wanted.square(32))


def test_nonsense_resolution(make_folder):
    with pytest.raises(UserError, match="resolution is 0"):
        pack(open_source(make_folder(["1.png"])), Wanted.square(0))


def test_second_call_decodes_nothing(make_folder, monkeypatch):
    folder = make_folder(["1.png", "2.png"])
    calls = []
    first = pack(open_source(folder), Wanted.square(16), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]
    monkeypatch.setattr(cache, "decode_picture", lambda *args: pytest.fail("decoded again"))
    second = pack(open_source(folder), Wanted.square(16), progress=lambda done, total: pytest.fail("built again"))
    assert first.folder == second.folder


def test_every_change_makes_another_cache(make_folder, encode, noise):
    folder = make_folder(["a/1.png", "b/2.png"])
    folders = [pack(open_source(folder), Wanted.square(16)).folder, pack(open_source(folder), Wanted.square(8)).folder]
    folders.append(pack(open_source(folder), Wanted.square(16, allow_upsampling=True)).folder)
    (folder / "a" / "1.png").write_bytes(encode(noise(7)))
    folders.append(pack(open_source(folder), Wanted.square(16)).folder)
    os.utime(folder / "a" / "1.png", (1, 1))
    folders.append(pack(open_source(folder), Wanted.square(16)).folder)
    (folder / "a" / "1.png").rename(folder / "b" / "1.png")
    folders.append(pack(open_source(folder), Wanted.square(16)).folder)
    shutil.copytree(folder, folder.parent / "copy")
    folders.append(pack(open_source(folder.parent / "copy"), Wanted.square(16)).folder)
    assert len(set(folders)) == len(folders)


def test_a_zip_may_move(make_folder, tmp_path):
    make_folder(["1.png"])
    (tmp_path / "elsewhere").mkdir()
    for path in (tmp_path / "a.zip", tmp_path / "elsewhere" / "b.zip"):
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(tmp_path / "photos" / "1.png", "1.png")
    assert len({pack(open_source(data), Wanted.square(16)).folder for data in tmp_path.rglob("*.zip")}) == 1


def test_fingerprint_is_of_names_and_bytes(make_folder, encode, noise):
    folder = make_folder(["1.png", "2.png"])
    fingerprints = [pack(open_source(folder), Wanted.square(16)).fingerprint]
    os.utime(folder / "1.png", (1, 1))
    assert pack(open_source(folder), Wanted.square(16)).fingerprint == fingerprints[0]
    assert pack(open_source(folder), Wanted.square(8)).fingerprint == fingerprints[0]
    (folder / "1.png").rename(folder / "0.png")
    fingerprints.append(pack(open_source(folder), Wanted.square(16)).fingerprint)
    (folder / "2.png").write_bytes(encode(noise(7)))
    fingerprints.append(pack(open_source(folder), Wanted.square(16)).fingerprint)
    assert len(set(fingerprints)) == 3


def test_killed_build_leaves_no_cache(make_folder, own_cache, monkeypatch):
    source = open_source(make_folder(f"{n}.png" for n in range(20)))
    prepare = cache.decode_picture

    def interrupt(done, total):
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(source, Wanted.square(16), progress=interrupt)
    assert entries(own_cache) == []
    monkeypatch.setattr(cache, "decode_picture", lambda *args, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pack(source, Wanted.square(16))
    assert entries(own_cache) == []
    monkeypatch.setattr(cache, "decode_picture", prepare)
    assert len(pack(source, Wanted.square(16))) == 20


KILLED_BUILD = """
import os, sys
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.source import open_source
pack(open_source(sys.argv[1]), Wanted.square(16), progress=lambda done, total: done == 7 and os.kill(os.getpid(), 9))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signal 9 is POSIX")
def test_build_killed_from_outside_is_not_taken_for_a_cache_and_is_removed_a_day_later(make_folder, own_cache):
    folder = make_folder(f"{n}.png" for n in range(20))
    assert subprocess.run([sys.executable, "-c", KILLED_BUILD, str(folder)], check=False).returncode == -9
    (leftover,) = own_cache.iterdir()
    dataset = pack(open_source(folder), Wanted.square(16))
    assert len(dataset) == 20
    assert leftover.exists()  # it might be another process at work
    for path in (*leftover.iterdir(), leftover):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    pack(open_source(folder), Wanted.square(8))
    assert not leftover.exists()
    assert dataset.folder.exists()


MEETING_BUILD = """
import sys, time
from pathlib import Path
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.source import open_source
def meet(done, total):
    if done == total:  # wait until the other has decoded all too, so that both publish
        Path(sys.argv[2]).touch()
        while not Path(sys.argv[3]).exists():
            time.sleep(0.01)
dataset = pack(open_source(sys.argv[1]), Wanted.square(16), progress=meet)
print(dataset.folder, int(dataset.images.sum()), dataset.fingerprint)
"""


def test_two_processes_build_at_once(make_folder, own_cache, tmp_path):
    folder = make_folder(f"{n}.png" for n in range(20))
    flags = [str(tmp_path / "one"), str(tmp_path / "two")]
    command = [sys.executable, "-c", MEETING_BUILD, str(folder)]
    processes = [
        subprocess.Popen([*command, *order], stdout=subprocess.PIPE, text=True) for order in (flags, flags[::-1])
    ]
    outputs = {process.communicate(timeout=60)[0] for process in processes}
    assert [process.returncode for process in processes] == [0, 0]
    dataset = pack(open_source(folder), Wanted.square(16))
    assert outputs == {f"{dataset.folder} {int(dataset.images.sum())} {dataset.fingerprint}\n"}
    assert entries(own_cache) == [dataset.folder.name]


def test_full_disk(make_folder, own_cache, monkeypatch):
    source = open_source(make_folder(f"{n}.png" for n in range(5)))

    def full(file, pixels):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "_append", full)
    with pytest.raises(RunError, match=rf"disk of {own_cache} is full: packing needs 3\.9 MB there.*FRUGAN_CACHE"):
        pack(source, Wanted.square(512, allow_upsampling=True))
    assert entries(own_cache) == []


def test_cache_that_cannot_be_written(make_folder, own_cache):
    own_cache.write_text("a file where the folder should be")
    with pytest.raises(RunError, match=r"cannot be written.*set FRUGAN_CACHE"):
        pack(open_source(make_folder(["1.png"])), Wanted.square(16))


def _rewritten(folder, **changes):
    """index.json with other entries, under the old checksum."""
    index = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**index, **changes}))


def _flip(folder):
    with (folder / "images.npy").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))


def _fortran(folder):
    np.save(folder / "images.npy", np.asfortranarray(np.load(folder / "images.npy")))


@pytest.mark.parametrize(
    "damage",
    [
        _flip,
        _fortran,
        lambda folder: os.truncate(folder / "images.npy", 200),
        lambda folder: os.truncate(folder / "images.npy", 0),
        lambda folder: (folder / "images.npy").open("ab").write(b"more"),
        lambda folder: (folder / "images.npy").unlink(),
        lambda folder: (folder / "index.json").unlink(),
        lambda folder: (folder / "index.json").write_text(""),
        lambda folder: (folder / "index.json").write_text("[" * 10_000),
        lambda folder: (folder / "index.json").write_text("[]"),
        lambda folder: _rewritten(folder, fingerprint="0" * 64),
        lambda folder: _rewritten(folder, class_names=["cats", "dogs"]),
        lambda folder: _rewritten(folder, labels=[0, 5]),
        lambda folder: _rewritten(folder, pixels={}),
    ],
)
def test_a_damaged_cache_is_packed_again_and_that_is_said(make_folder, damage):
    source = open_source(make_folder(["a/1.png", "b/2.png"]))
    whole = pack(source, Wanted.square(16))
    pixels = np.array(whole.images)
    damage(whole.folder)
    again = pack(source, Wanted.square(16))
    assert np.array_equal(again.images, pixels)
    assert (again.fingerprint, again.class_names) == (whole.fingerprint, ("a", "b"))
    assert any("have been packed again" in sentence for sentence in again.skipped_summary())
    assert pack(source, Wanted.square(16)).skipped_summary() == []


def test_a_copied_cache_is_as_good(make_folder):
    source = open_source(make_folder(["1.png"]))
    os.utime(pack(source, Wanted.square(16)).folder / "images.npy", ns=(1, 1))
    assert pack(source, Wanted.square(16)).mended == ""


def test_given_cache_folder(make_folder, tmp_path, own_cache):
    dataset = pack(open_source(make_folder(["1.png"])), Wanted.square(16), cache_dir=tmp_path / "own" / "cache")
    assert dataset.folder.parent == tmp_path / "own" / "cache"
    assert not own_cache.exists()
