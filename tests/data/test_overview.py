"""The page of a data set: near duplicates are found, others are not, and names cannot harm it."""

import html
import itertools
import re
import shlex
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import frugan
from frugan.cli import main
from frugan.data.check import check_data
from frugan.data.overview import difference_hash, look_over, near_groups
from frugan.data.source import open_source
from frugan.reporting.data_set import data_page
from frugan.runs.prepare import prepare


def photo(seed: int, width: int = 120, height: int = 90) -> Image.Image:
    random = np.random.RandomState(seed)
    coarse = Image.fromarray(random.randint(0, 256, (6, 8, 3)).astype(np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for seed in range(12):
        photo(seed).save(folder / f"{seed:02d}.png")
    photo(3).save(folder / "again.jpg", quality=60)
    photo(3).resize((40, 30), Image.Resampling.LANCZOS).save(folder / "small.png")
    for shade in (0, 100, 255):  # even pictures are near to nothing
        Image.new("RGB", (50, 70), (shade,) * 3).save(folder / f"even{shade}.png")
    (folder / "<b>cut.png").write_bytes(b"\x89PNG")
    return folder


def test_the_same_picture_saved_again_or_scaled_is_near(folder: Path) -> None:
    overview = look_over(open_source(folder))
    assert overview.near == (("03.png", "again.jpg", "small.png"),)
    assert len(overview.names) == 17
    assert overview.thumbnail("even100.png").tolist() == np.full((3, 96, 96), 100).tolist()
    sizes = dict(zip(overview.names, overview.sizes.tolist(), strict=True))
    assert sizes["00.png"] == [90, 120]
    assert sizes["even0.png"] == [70, 50]


def test_near_is_transitive_and_counts_bits() -> None:
    random = np.random.RandomState(0)
    first = random.rand(64) < 0.5
    hashes = np.stack([first, first, first, ~first])
    hashes[1, :4] ^= True
    hashes[2, :8] ^= True  # near to the second alone
    assert near_groups(list("abcd"), hashes) == (("a", "b", "c"),)
    hashes[1, 4] ^= True
    assert near_groups(list("abcd"), hashes) == (("b", "c"),)


def test_near_are_those_that_all_pairs_find() -> None:
    random = np.random.RandomState(1)
    hashes = np.repeat(random.rand(60, 64) < 0.5, 5, axis=0)
    for row in hashes:
        row[random.permutation(64)[: random.randint(4)]] ^= True
    distance = (hashes[:, None] != hashes[None]).sum(axis=2)
    reached = np.linalg.matrix_power((distance <= 4).astype(float), 64) > 0  # through any number of others
    expected = {tuple(np.flatnonzero(row)) for row in reached if row.sum() > 1}
    found = near_groups([str(i) for i in range(300)], hashes)
    assert {tuple(map(int, group)) for group in found} == expected
    assert len(expected) > 30


def test_hash_of_a_ramp_rises_everywhere() -> None:
    ramp = np.broadcast_to(np.arange(0, 240, 2.5), (3, 96, 96)).astype(np.uint8)
    assert difference_hash(ramp).all()
    assert not difference_hash(ramp[..., ::-1]).any()


def test_the_page(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", str(folder), "--html", str(tmp_path / "page.html")]) == 0
    assert "page: " in capsys.readouterr().err
    page = (tmp_path / "page.html").read_text()
    for words in ("17 images can be used", "&lt;b&gt;cut.png", "1 group", "03.png, again.jpg, small.png", "are few"):
        assert words in page
    assert "<b>cut" not in page
    assert "17 images are few for an honest distance" in page
    commands = [html.unescape(text) for text in re.findall(r"<pre><code>(.*?)</code></pre>", page)]
    assert len(commands) == 4
    for command in commands:
        _, verb, data, *flags = shlex.split(command)
        assert (verb, data) == ("train", str(folder))
        told = [flag for flag in flags if flag.startswith("--")]
        assert set(told) <= {"--resolution", "--recipe", "--dry-run", "--set", "--fit"}
        options = dict(itertools.pairwise(flags))
        settings = [options["--set"]] if "--set" in told else []
        size = int(options["--resolution"])
        plan = frugan.Plan(str(folder), options["--recipe"], resolution=size, settings=settings, upsample=True)
        assert prepare(plan.configuration(), lambda said: None).dataset.images.shape[-2:] == (size, size)
    assert "<script" not in page
    assert page.count("<svg") == 2


def test_alike_pictures_cost_no_more_than_others() -> None:
    """A burst of frames is one hash, and not all of its pairs."""
    random = np.random.RandomState(2)
    first = random.rand(64) < 0.5
    hashes = np.repeat(first[None], 30_000, axis=0)
    hashes[-1, :4] ^= True
    hashes[-2] = ~first
    for row in hashes[:2000]:  # no copies, but near
        row[random.permutation(64)[:2]] ^= True
    began = time.monotonic()
    ((*group,),) = near_groups([str(i) for i in range(len(hashes))], hashes)
    assert len(group) == 29_999
    assert time.monotonic() - began < 10  # 20 s for 500 pictures, when every pair was a tuple


def test_sprites_of_one_size_are_shown_over_a_checkerboard(tmp_path: Path) -> None:
    folder = tmp_path / "sprites"
    folder.mkdir()
    for seed in range(8):
        sprite = photo(seed, 48, 80).convert("RGBA")
        sprite.putalpha(Image.new("L", sprite.size, 30 * seed))
        sprite.save(folder / f"{seed}.png")
    overview = look_over(open_source(folder))
    assert np.unique(overview.thumbnail("0.png")).tolist() == [191, 255]
    page = data_page(check_data(folder), overview)
    assert "All are 80 x 48 (height x width)." in page
    assert "<svg" not in page
    commands = [html.unescape(text) for text in re.findall(r"<pre><code>(.*?)</code></pre>", page)]
    assert len(commands) == 3
    assert all("--resolution 80x48 --recipe creps-small --channels rgba" in command for command in commands)
    setting = shlex.split(commands[-1])[-1]
    plan = frugan.Plan(str(folder), "creps-small", resolution=(80, 48), channels=4, settings=[setting])
    assert prepare(plan.configuration(), lambda said: None).dataset.shape == (4, 80, 48)
