"""JPEGs whose picture data is cut or lost, though they end as whole ones do; and whole ones that look suspicious."""

import io
import re
import zipfile
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frugan.data.decode import CorruptImageError, check_image, decode_picture
from frugan.data.fit import Wanted

KINDS = list(product((False, True), (False, True), (0, 2)))  # progressive, optimised tables, chroma subsampling
FAULTY = Path(__file__).parent / "faulty"


def picture() -> np.ndarray:
    y, x = np.mgrid[0:120, 0:180]
    waves = [(np.sin(x / 17) + 1) * 127, (np.cos(y / 13) + 1) * 127, (np.sin((x + y) / 29) + 1) * 127]
    noise = np.random.RandomState(0).randint(-30, 30, (120, 180, 3)) * (y < 90)[..., None]
    return (np.stack(waves, axis=2) + noise).clip(0, 255).astype(np.uint8)


def encoded(pixels: np.ndarray, *, progressive: bool, optimize: bool, subsampling: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(
        file, "JPEG", quality=85, progressive=progressive, optimize=optimize, subsampling=subsampling
    )
    return file.getvalue()


@pytest.mark.parametrize(("progressive", "optimize", "subsampling"), KINDS)
def test_what_is_cut_or_lost_is_found_at_every_size(progressive: bool, optimize: bool, subsampling: int) -> None:
    whole = encoded(picture(), progressive=progressive, optimize=optimize, subsampling=subsampling)
    check_image(whole)
    for part in (0.3, 0.6, 0.95):
        kept = whole[: int(part * len(whole))]
        lost = bytes(len(whole) - len(kept))
        for damaged in (kept + b"\xff\xd9", kept + lost[:-2] + b"\xff\xd9", kept + lost):
            for read in (check_image, lambda data: decode_picture(data, Wanted.square(8))):
                with pytest.raises(CorruptImageError, match=r"cut off|zeros|missing|truncated|broken"):
                    read(damaged)


@pytest.mark.parametrize(("progressive", "optimize", "subsampling"), KINDS)
def test_cut_at_restarts(progressive: bool, optimize: bool, subsampling: int) -> None:
    file = io.BytesIO()
    Image.fromarray(picture()).save(
        *(file, "JPEG"),
        **{"progressive": progressive, "optimize": optimize, "subsampling": subsampling, "restart_marker_rows": 1},
    )
    whole = file.getvalue()
    check_image(whole)
    marks = [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", whole)]
    assert len(marks) >= 7
    for place in (*marks[:3], marks[-1], marks[-1] - 7, marks[2] + 9):
        for read in (check_image, lambda data: decode_picture(data, Wanted.square(8))):
            with pytest.raises(CorruptImageError):
                read(whole[:place] + b"\xff\xd9")


@pytest.mark.parametrize("brightness", [0, 127, 128, 255])
@pytest.mark.parametrize(("progressive", "optimize", "subsampling"), KINDS)
def test_even_pictures_are_whole(brightness: int, progressive: bool, optimize: bool, subsampling: int) -> None:
    even = np.full((64, 96, 3), brightness, np.uint8)
    check_image(encoded(even, progressive=progressive, optimize=optimize, subsampling=subsampling))
    below = picture()
    below[60:] = brightness
    check_image(encoded(below, progressive=progressive, optimize=optimize, subsampling=subsampling))


@pytest.mark.parametrize("name", ["cut_baseline_with_eoi.jpg", "jpeg_zero_tail.jpg"])
def test_files_that_were_found(name: str) -> None:
    with pytest.raises(CorruptImageError):
        check_image((FAULTY / name).read_bytes())


def test_photos_are_whole() -> None:
    photos = Path("/work/shared/data/flowers128.zip")
    if not photos.is_file():
        pytest.skip("needs the flowers of the developers' machine")
    with zipfile.ZipFile(photos) as archive:
        for name in [name for name in archive.namelist() if name.endswith(".jpg")][::20]:
            check_image(archive.read(name))
