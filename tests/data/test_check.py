"""The report of `frugan data check`."""

import json

import numpy as np
import pytest
from PIL import Image

from frugan.config.shape import ImageShape, PixelFormat
from frugan.data.cache import pack
from frugan.data.check import check_data
from frugan.data.fit import Wanted
from frugan.data.source import open_source
from frugan.system.errors import UserError


@pytest.fixture
def messy(make_folder, encode, noise):
    folder = make_folder([f"cats/{n}.png" for n in range(40)] + ["dogs/1.png", "loose.png", ".hidden"])
    exif = Image.Exif()
    exif[0x0112] = 6
    (folder / "dogs" / "turned.jpg").write_bytes(encode(noise(90, 40, 100), "JPEG", exif=exif))
    (folder / "dogs" / "copy.png").write_bytes((folder / "cats" / "0.png").read_bytes())
    (folder / "dogs" / "grey.png").write_bytes(encode(noise(91, 7, 9)[:, :, 0]))
    (folder / "dogs" / "broken.png").write_bytes(b"broken")
    (folder / "dogs" / "float.tif").write_bytes(encode(np.ones((16, 16), np.float32), "TIFF"))
    (folder / "notes.txt").write_text("notes")
    return folder


def test_fields(messy):
    calls = []
    report = check_data(messy, progress=lambda done, total: calls.append((done, total))).to_json()
    assert calls[-1] == (47, 47)
    unusable = report.pop("unusable")
    assert [(entry["name"], entry["kind"]) for entry in unusable] == [
        ("dogs/broken.png", "corrupt"),
        ("dogs/float.tif", "unsupported"),
    ]
    assert "format" in unusable[0]["reason"]
    assert report == {
        "data": str(messy),
        "images": 45,
        "classes": {"cats": 40, "dogs": 4},
        "without_class": 1,
        "short_sides": {"4-7": 1, "16-31": 43, "32-63": 1},
        "smallest": [9, 7],
        "largest": [40, 100],
        "square": 43,
        "modes": {"RGB": 44, "L": 1},
        "formats": {"PNG": 44, "JPEG": 1},
        "of_16_bits": 0,
        "colour_of_16_bits": 0,
        "largest_value": 0,
        "bands": 0,
        "band_bits": 0,
        "band_range": [],
        "exif_rotated": 1,
        "profiles": {},
        "duplicates": [["cats/0.png", "dogs/copy.png"]],
        "other_files": {".txt": 1},
        "hidden_files": 1,
        "suggested_resolution": 16,
    }


def test_report_is_json(messy):
    report = check_data(messy).to_json()
    assert json.loads(json.dumps(report)) == report


def test_table(messy):
    text = check_data(messy).text()
    for part in (
        "45 can be used, 2 cannot",
        "cats 40, dogs 4, without class 1",
        "4-7 1, 16-31 43, 32-63 1",
        "7 x 9 to 100 x 40 (height x width), 43 are square",
        "1 are stored turned",
        ".txt 1, hidden 1",
        "cats/0.png = dogs/copy.png",
        "dogs/broken.png: not an image",
        "16 is reached by at least 95 %",
    ):
        assert part in text
    assert max(len(line) for line in text.splitlines()) < 160


def test_long_lists_are_cut(make_folder):
    folder = make_folder(f"{n:02}.png" for n in range(30))
    for path in folder.iterdir():
        path.write_bytes(b"broken")
    text = check_data(folder).text()
    assert text.count("not an image") == 10
    assert "and 20 more" in text
    assert "resolution" not in text


@pytest.mark.parametrize(("small", "suggested"), [(1, 16), (2, 8)])
def test_suggestion_is_reached_by_95_percent(make_folder, encode, noise, small, suggested):
    folder = make_folder(f"{n}.png" for n in range(20 - small))
    for n in range(small):
        (folder / f"small{n}.png").write_bytes(encode(noise(n, 15, 15)))
    assert check_data(folder).suggested_resolution == suggested
    # Codes of so few pixels are none that the default recipe draws.
    assert f"frugan train {folder} --resolution {suggested} --recipe creps-small" in check_data(folder).text()


def test_nothing_to_check(tmp_path):
    with pytest.raises(UserError, match="empty"):
        check_data(tmp_path)


def command_of(report):
    """The flags of the one command."""
    commands = [line[12:] for line in report.text().splitlines() if "frugan train" in line]
    (command,) = commands
    return command.partition(report.data)[2].strip()


@pytest.mark.parametrize(
    ("dtype", "channels", "flags"),
    [
        ("float32", 5, "--channels 5 --bits 32"),
        ("uint8", 5, "--channels 5"),
        ("uint16", 3, "--bits 16 --white 4095"),
        ("float32", 1, "--channels grey --bits 32"),
    ],
)
@pytest.mark.parametrize("suffix", [".tif", ".npy"])
def test_bands_are_images_and_their_flags_are_told(tmp_path, dtype, channels, flags, suffix):
    tifffile = pytest.importorskip("tifffile")
    for n in range(3):
        values = np.random.RandomState(n).randint(0, 200, (channels, 70, 90)).astype(dtype)
        values[0, 0, 0] = 255 if dtype == "uint8" else 4000
        if suffix == ".npy":
            np.save(tmp_path / f"{n}.npy", values.transpose(1, 2, 0))
        else:
            tifffile.imwrite(tmp_path / f"{n}.tif", values[0] if channels == 1 else values, photometric="minisblack")
    (tmp_path / f"broken{suffix}").write_bytes(b"broken")
    report = check_data(tmp_path)
    assert (report.images, report.bands, report.band_range) == (3, channels, [0.0, values.max()])
    assert [entry.name for entry in report.unusable] == [f"broken{suffix}"]
    assert command_of(report) == f"--resolution 70x90 {flags}"
    parts = flags.split()
    shape = ImageShape({"grey": 1}.get(parts[1]) or channels, 70, 90)
    dataset = pack(open_source(tmp_path), Wanted(shape, PixelFormat(report.band_bits)), cache_dir=tmp_path / "cache")
    assert len(dataset) == 3


def test_pictures_beside_many_bands_are_named(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    for n in range(2):
        tifffile.imwrite(tmp_path / f"{n}.tif", np.ones((5, 8, 8), np.float32) * n, photometric="minisblack")
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    report = check_data(tmp_path)
    assert [(entry.name, entry.reason) for entry in report.unusable] == [
        ("photo.png", "a picture, where most have 5 bands")
    ]


def test_sprites_of_one_size_are_trained_at_it_with_their_opacity(tmp_path):
    for n in range(3):
        Image.fromarray(np.random.RandomState(n).randint(0, 256, (80, 48, 4), np.uint8)).save(tmp_path / f"{n}.png")
    report = check_data(tmp_path)
    assert command_of(report) == "--resolution 80x48 --recipe creps-small --channels rgba"
    assert "all 80 x 48 (height x width)" in report.text()


def test_greys_of_16_bits_get_one_command(tmp_path):
    for n in range(3):
        values = np.random.RandomState(n).randint(0, 3000, (64, 64)).astype(np.uint16)
        Image.fromarray(values).save(tmp_path / f"{n}.png")
    assert command_of(check_data(tmp_path)) == "--resolution 64 --channels grey --bits 16 --white 4095"
