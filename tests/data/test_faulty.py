"""Damaged and odd files, each with the right value or sentence; and forty more, of which none ends the program."""

import io
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frugan.cli import main
from frugan.config.shape import ImageShape, PixelFormat
from frugan.data.cache import pack
from frugan.data.check import check_data
from frugan.data.decode import decode_image, decode_picture
from frugan.data.fit import Wanted
from frugan.data.source import open_source
from frugan.system.errors import UserError

FAULTY = Path(__file__).parent / "faulty"


def png(pixels: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", **options)  # type: ignore[arg-type]
    return file.getvalue()


def noise(side: int = 16, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (side, side, 3)).astype(np.uint8)


def test_a_transparent_colour_of_16_bits_is_as_one_of_8() -> None:
    grey = np.array([[1000, 50000], [1000, 65535]], np.uint16)
    data = png(grey, transparency=1000)
    assert np.asarray(decode_image(data))[..., 0].tolist() == [[255, 195], [255, 255]]  # a white page shows
    rgba = decode_picture(data, Wanted(ImageShape(4, 2, 2)))
    assert rgba[3].tolist() == [[0, 255], [0, 255]]
    assert rgba[0].tolist() == [[0, 195], [0, 255]]  # nothing hidden behind transparency


def test_12_bits_fill_the_range_if_white_is_said() -> None:
    data = (FAULTY / "12bit_in_16bit.png").read_bytes()
    stored = np.asarray(Image.open(io.BytesIO(data))).astype(float)
    assert stored.max() <= 4095
    source = open_source(FAULTY.parent / "faulty")
    side = stored.shape[0]
    wanted = Wanted(ImageShape(1, *stored.shape), PixelFormat(16), allow_upsampling=True)
    dataset = pack(source, wanted, value_range=(0, 4095))
    index = dataset.names.index("12bit_in_16bit.png")
    assert np.array_equal(dataset.images[index][0], stored)
    from frugan.data.loader import to_float

    shown = to_float(dataset.images[index : index + 1].copy(), dataset.pixels)
    assert shown.shape[-2] == side
    assert shown.max().item() == pytest.approx(2 * stored.max() / 4095 - 1, abs=1e-6)


def test_check_says_how_many_bits_are_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes((FAULTY / "12bit_in_16bit.png").read_bytes())
    assert main(["data", "check", str(tmp_path)]) == 0
    largest = int(np.asarray(Image.open(tmp_path / "a.png")).max())
    said = capsys.readouterr().out
    assert f"1 grey of 16 bits, using 12 bits (largest value {largest})\n" in said
    assert "--channels grey --bits 16 --white 4095\n" in said


def test_check_looks_at_colours_of_16_bits_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colours = np.random.RandomState(0).randint(0, 1000, (8, 8, 4)).astype(">u2")
    colours[..., 3], colours[2, 3, 1] = 65535, 1023
    (tmp_path / "a.png").write_bytes(raw_png(8, 8, 16, 6, b"".join(b"\0" + row.tobytes() for row in colours)))
    (tmp_path / "b.png").write_bytes((FAULTY / "12bit_in_16bit.png").read_bytes())
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    assert check_data(tmp_path).colour_of_16_bits == 1
    (tmp_path / "b.png").unlink()
    assert "1 in colour of 16 bits: pip install 'frugan[deep]'" in check_data(tmp_path).text()
    monkeypatch.undo()
    pytest.importorskip("imagecodecs")
    report = check_data(tmp_path)
    assert report.largest_value == 1023
    assert "using 10 bits (largest value 1023)\n" in report.text()
    assert report.text().endswith("--bits 16 --white 1023\n")


def test_zips_that_are_cut_off_or_encrypted_are_named_as_such(tmp_path: Path) -> None:
    whole = (FAULTY / "dataset_gap.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cut\.zip is cut off: it begins as a zip, and its end is missing"):
        open_source(tmp_path / "cut.zip")
    locked = bytearray(whole)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        directory = archive.start_dir
    at = directory
    while locked[at : at + 4] == b"PK\1\2":
        locked[at + 8] |= 1
        at += 46 + sum(struct.unpack("<HHH", locked[at + 28 : at + 34]))
    (tmp_path / "locked.zip").write_bytes(bytes(locked))
    (tmp_path / "hole.zip").write_bytes(whole[:30] + whole[60:])
    with pytest.raises(UserError, match=r"hole\.zip is damaged: a part of it is missing"):
        open_source(tmp_path / "hole.zip")
    with pytest.raises(UserError, match=r"locked\.zip is encrypted: unpack it and give the folder"):
        open_source(tmp_path / "locked.zip")


def test_a_link_to_itself_is_counted_and_not_fatal(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(noise()))
    os.symlink("loop.png", tmp_path / "loop.png")
    source = open_source(tmp_path)
    assert [item.name for item in source.items] == ["a.png"]
    assert source.other_files == ("loop.png",)
    with pytest.raises(UserError, match=r"loop\.png is a link to nothing, or to itself"):
        open_source(tmp_path / "loop.png")


def test_a_listing_with_back_slashes_or_without_any_image(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.png").write_bytes(png(noise()))
    listing = tmp_path / "dataset.json"
    listing.write_text(json.dumps({"labels": [["deep\\a.png", "tulip"]]}))
    assert open_source(tmp_path).class_names == ("tulip",)
    listing.write_text(json.dumps({"labels": [["elsewhere/a.png", 3], ["b.png", 1]]}))
    with pytest.raises(UserError, match=r"names 2 images, such as 'elsewhere/a.png', and none of them is here"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    "listing",
    [
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        b"\xff\xfe\0",
        b'{"labels": 5}',
        b'{"labels": [["a.png"]]}',
        b'{"labels": [["a.png", null]]}',
        b'{"labels": [["a.png", 1e999]]}',
        b'{"labels": [["a.png", true]]}',
        b'{"labels": [["a.png", ' + b"9" * 5000 + b"]]}",
        b'{"labels": [[["a.png"], 3]]}',
        b'{"labels": {"a.png": [1, 2]}}',
    ],
    ids=range(13),
)
def test_listings_that_are_none(tmp_path: Path, listing: bytes) -> None:
    (tmp_path / "a.png").write_bytes(png(noise()))
    (tmp_path / "dataset.json").write_bytes(listing)
    with pytest.raises(UserError, match=r"dataset\.json"):
        open_source(tmp_path)


def zipped(files: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return file.getvalue()


def odd_zips() -> dict[str, bytes]:
    image = png(noise())
    whole = zipped([("a/1.png", image), ("b/2.png", image)])
    entry = whole.index(b"PK\1\2")

    def changed(offset: int, value: bytes) -> bytes:
        return whole[: entry + offset] + value + whole[entry + offset + len(value) :]

    return {
        "empty": b"",
        "of nothing": zipped([]),
        "text": b"no zip",
        "end alone": b"PK\5\6" + bytes(18),
        "with a script before": b"#!/bin/sh\n" + whole,
        "with a tail": whole + bytes(70_000),
        "with a hole": whole[:30] + whole[60:],
        "with other bytes": whole[:45] + bytes(20) + whole[65:],
        "of an unknown method": changed(10, b"\x63"),
        "of lzma": zipped([("a.png", image)], zipfile.ZIP_LZMA),
        "that lies of its size": changed(24, b"\xff\xff\xff\xff"),
        "that lies of its place": changed(42, b"\xff\xff\xff\x7f"),
        "that lies of its name": changed(28, b"\xff\xff"),
        "that leaves its folder": zipped([("../../x.png", image), ("/y.png", image), ("C:\\z.png", image)]),
        "with escapes": zipped([("\x1b[31mred/\x07.png", image), ("\u202egnp.png", image)]),
        "bomb": zipped([("a.png", bytes(10**8))]),
    }


@pytest.mark.parametrize("kind", list(odd_zips()))
def test_odd_zips_are_used_or_refused_in_words(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.zip").write_bytes(odd_zips()[kind])
    monkeypatch.chdir(tmp_path)
    code = main(["data", "check", "x.zip"])
    said = capfd.readouterr()
    assert code == 0 or (code == 2 and said.err.startswith("frugan: ") and "x.zip" in said.err)
    assert "\x1b" not in said.out + said.err
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_classes_that_are_called_by_numbers() -> None:
    source = open_source(FAULTY / "dataset_gap.zip")
    assert source.class_names == ("0", "7")
    assert {item.label for item in source.items} == {0, 1}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
def test_no_name_ends_the_program_whatever_the_terminal_knows(tmp_path: Path, encoding: str) -> None:
    for name in ("\x1b[31mred.png", "日本.png", "snow☃.png", os.fsdecode(b"\xff\xfe.png")):
        (tmp_path / name).write_bytes(b"no image")
    (tmp_path / "a.png").write_bytes(png(noise()))
    done = subprocess.run(
        [sys.executable, "-m", "frugan", "data", "check", str(tmp_path)],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout
    assert b"red.png" in done.stdout


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def raw_png(width: int, height: int, bits: int, kind: int, rows: bytes, *more: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def npy(shape: tuple[int, ...], dtype: str, body: bytes = b"") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": dtype})
    return file.getvalue() + body


def saved(kind: str, image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def odd_files() -> dict[str, bytes]:
    whole, picture = png(noise()), Image.fromarray(noise())
    jpeg, tiff, gif = saved("JPEG", picture), saved("TIFF", picture), saved("GIF", picture.convert("P"))
    files = {
        "empty": b"",
        "text": b"no image",
        "zeros": bytes(1000),
        "html": b"<!doctype html><html>404",
        "lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "zip": b"PK\3\4rest",
        "png signature": whole[:8],
        "png header": whole[:33],
        "png cut": whole[: len(whole) // 2],
        "png crc": whole[:20] + b"\xff" + whole[21:],
        "png of 0 pixels": raw_png(0, 0, 8, 2, b""),
        "png bomb": raw_png(2**30, 2**30, 8, 2, b""),
        "png short": raw_png(8, 8, 8, 2, bytes(10)),
        "png filter 9": raw_png(2, 1, 8, 0, b"\x09\0\0"),
        "png 3 bits": raw_png(2, 1, 3, 0, b"\0\0"),
        "png palette of none": raw_png(2, 1, 8, 3, b"\0\0\1"),
        "png palette too short": raw_png(2, 1, 8, 3, b"\0\0\5", chunk(b"PLTE", bytes(3))),
        "png two headers": whole[:33] + whole[8:],
        "png tail": whole + b"more",
        "png icc nonsense": raw_png(1, 1, 8, 2, bytes(4), chunk(b"iCCP", b"x\0\0" + zlib.compress(b"no profile"))),
        "png icc bomb": raw_png(1, 1, 8, 2, bytes(4), chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(10**7)))),
        "png text bomb": raw_png(1, 1, 8, 2, bytes(4), chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(10**8)))),
        "png exif nonsense": raw_png(1, 1, 8, 2, bytes(4), chunk(b"eXIf", b"II*\0\xff\xff\xff\xff")),
        "png 1 bit": raw_png(8, 1, 1, 0, b"\0\xaa"),
        "png 16 bit rgb": raw_png(1, 1, 16, 2, bytes(7)),
        "jpeg markers": jpeg[:2] + b"\xff\xd9",
        "jpeg without tables": jpeg[:20] + jpeg[-100:],
        "jpeg cut header": jpeg[:30],
        "jpeg size 0": jpeg.replace(struct.pack(">HH", 16, 16), bytes(4), 1),
        "jpeg wrong length": jpeg[:4] + b"\xff\xff" + jpeg[6:],
        "jpeg cmyk": saved("JPEG", picture.convert("CMYK")),
        "tiff cut": tiff[: len(tiff) // 2],
        "tiff float": saved("TIFF", Image.fromarray(np.full((16, 16), np.nan, np.float32))),
        "tiff int32": saved("TIFF", Image.fromarray(np.full((16, 16), -5, np.int32))),
        "gif cut": gif[:40],
        "gif of 0": gif[:6] + bytes(4) + gif[10:],
        "bmp negative": b"BM" + struct.pack("<IIIIiiHH", 100, 0, 54, 40, -4, -4, 1, 24) + bytes(60),
        "webp cut": saved("WEBP", picture)[:40],
        "ppm without end": b"P6 16 16 255\n" + bytes(10),
        "ppm words": b"P6 a b c\n",
        "pgm of 65535": b"P5 1 1 65535\n\1\2",
        "npy of none": npy((0, 4, 3), "|u1"),
        "npy huge": npy((10**6, 10**6, 3), "<f4"),
        "npy negative": npy((-1, 4, 3), "|u1", bytes(12)),
        "npy objects": npy((2,), "|O", bytes(16)),
        "npy five dimensions": npy((1, 1, 1, 1, 3), "|u1", bytes(3)),
        "npy nan": npy((4, 4, 3), "<f4", np.full(48, np.nan, "<f4").tobytes()),
        "npy header": npy((4, 4, 3), "|u1")[:20],
    }
    assert len(files) >= 45
    return files


@pytest.mark.parametrize(
    "wanted",
    [
        lambda side: Wanted.square(side, allow_upsampling=True),
        lambda side: Wanted(ImageShape.square(side, 4), PixelFormat(), "pad", True),
        lambda side: Wanted(ImageShape.square(side, 1), PixelFormat(16), "stretch", True),
        lambda side: Wanted(ImageShape.square(side, 5), PixelFormat(32, 0, 1), "crop", True),
    ],
)
def test_odd_files_are_used_or_named_and_nothing_else(tmp_path: Path, wanted: Callable[[int], Wanted]) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    for name, data in odd_files().items():
        (folder / f"{name}.png").write_bytes(data)  # whatever they are: content decides
    bands = np.linspace(0, 1, 16 * 16 * 5, dtype=np.float32).reshape(16, 16, 5)
    whole = npy((16, 16, 5), "<f4", bands.tobytes()) if wanted(8).shape.channels == 5 else png(noise())
    (folder / "whole.png").write_bytes(whole)
    dataset = pack(open_source(folder), wanted(8), cache_dir=tmp_path / "cache")
    assert "whole.png" in dataset.names
    assert len(dataset.names) + len(dataset.skipped) == len(odd_files()) + 1
    assert all(skipped.reason and "Traceback" not in skipped.reason for skipped in dataset.skipped)
    assert len(dataset.skipped) >= 30


def test_check_of_odd_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in odd_files().items():
        (tmp_path / f"{name}.png").write_bytes(data)
    assert main(["data", "check", str(tmp_path)]) == 0
    assert "cannot" in capsys.readouterr().out
