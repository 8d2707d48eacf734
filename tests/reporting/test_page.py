"""The page as a whole: complete, self-contained, well-formed, and written at whatever stage a run is."""

import dataclasses
import html
import json
import re
import shlex
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from frugan.model.folder import load
from frugan.reporting.page import write_report
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import open_dataset

SECTIONS = ["pictures", "numbers", "progress", "reconstruction", "curves", "neighbours", "details", "next"]
VOID = {"img", "input", "meta", "br"}


class Page(HTMLParser):
    """What tests ask of a page; fails where an end tag does not close the element that is open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.ids: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"an attribute twice: {attrs}"
        if tag not in VOID:
            self._open.append(tag)
        if tag == "img":
            self.images.append(attributes)
        if "id" in attributes:
            self.ids.append(attributes["id"] or "")
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def charts(self) -> list[ElementTree.Element]:
        return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", self.text, re.DOTALL)]


def report(run: RunFolder) -> Page:
    """Written as the command line does."""
    return Page(write_report(run, load(run.path), open_dataset(run.config())).read_text())


@pytest.fixture
def run(trained_run: Path, tmp_path: Path) -> RunFolder:
    """A copy of the finished run, never evaluated."""
    return RunFolder.open(Path(shutil.copytree(trained_run, tmp_path / "run")))


def evaluated(run: RunFolder) -> RunFolder:
    """Give the run the result of an evaluation."""
    distances = {
        "frechet_distance": 1223.4689,
        "kernel_distance_mean": 2.8364,
        "kernel_distance_std": 0.1071,
        "precision": 0.25,
        "recall": 0.125,
    }
    result = {
        "metric": "FD-EffNetLite0",
        "results": distances,
        "floor": {"n": 20, **distances, "frechet_distance": 69.63},
        "reconstruction": {"n": 40, "frechet_distance": 421.8, "psnr": 27.31, "psnr_without_decoder": 22.31},
        "warnings": ["FD-EffNetLite0 from 40 real and 64 generated images is biased upwards"],
        "protocol": {"n_real": 40, "n_fake": 64, "truncation": 1.0, "extractor": "efficientnet-lite0"},
        "clock": {"seconds": 132.4},
    }
    run.evaluation_file.write_text(json.dumps(result))
    return run


def test_a_finished_run_is_shown_completely(run: RunFolder) -> None:
    page = report(evaluated(run))
    assert page.ids == SECTIONS
    assert len(page.text) < 4_000_000
    assert {link for link in page.links if not link.startswith("data:image/")} == {f"#{name}" for name in SECTIONS}
    assert not re.search(r"https?://|@import|url\(|<script|<link", page.text)
    assert all(image["alt"] and image["width"] and image["height"] for image in page.images)
    assert len(page.images) == 3 + 3 + 8 * 5 + 8 * 2 + 3  # grids, snapshots, stages, pairs, spaces
    assert len(page.charts) == 8
    assert page.text.count("<figcaption>") >= 6
    for words in (
        "tiny",
        "finished",
        "64 x 64 pixels",
        "seed 0",
        "1,223",
        "69.6",
        "27.3 dB",
        "biased upwards",
        "2 min 12 s",
    ):
        assert words in page.words, words
    assert "recipe: tiny" in page.words  # the settings
    assert run.env().data.fingerprint in page.words  # the environment
    assert "started" in page.words  # the events


def test_what_loses_nothing_is_not_measured_and_not_shown(run: RunFolder) -> None:
    evaluated(run)
    result = json.loads(run.evaluation_file.read_text())
    assert "Decoder alone" in report(run).words
    run.evaluation_file.write_text(json.dumps({**result, "reconstruction": None}))
    assert "decoder alone" not in report(run).words.lower()


def test_the_same_run_gives_the_same_page(run: RunFolder) -> None:
    assert report(run).text == report(run).text


def test_commands_name_the_run_and_everything_is_escaped(run: RunFolder) -> None:
    path = run.path.with_name("my <b>runs & 'others'")
    run.path.rename(path)
    config = (path / "config.yaml").read_text()
    (path / "config.yaml").write_text(config.replace("recipe: tiny", "recipe: <i>&amp; tiny"))
    events = '{"event": "<script>alert(1)</script>", "why": "</table>", "clock": {"time": 1e9}}\n'
    (path / "sampler" / "events.jsonl").write_text(events)
    page = report(RunFolder.open(path))
    assert "<b>runs" not in page.text
    assert "<script" not in page.text
    assert "<i>&amp; tiny" in page.words
    assert "<script>alert(1)</script>" in page.words
    commands = [shlex.split(html.unescape(code)) for code in re.findall("<code>(frugan .*?)</code>", page.text)]
    assert ["frugan", "sample", str(path.resolve()), "--seeds", "0-63", "--out", "pictures"] in commands
    assert ["frugan", "resume", str(path.resolve())] in commands


def test_without_an_evaluation_the_page_says_how_to_get_one(run: RunFolder) -> None:
    page = report(run)
    assert page.ids == SECTIONS
    assert "Not evaluated yet" in page.words
    assert f"frugan evaluate {run.path.resolve()}" in page.words


def remove_decoder_logs(run: RunFolder) -> None:
    shutil.rmtree(run.path / "decoder")


def remove_decoder(run: RunFolder) -> None:
    shutil.rmtree(run.path / "decoder")
    (run.model / "decoder.safetensors").unlink()


def remove_all_logs(run: RunFolder) -> None:
    for part in ("sampler", "decoder"):
        shutil.rmtree(run.path / part)


def empty_all_logs(run: RunFolder) -> None:
    for log in run.path.glob("*/*.jsonl"):
        log.write_text("")


def remove_environment(run: RunFolder) -> None:
    run.env_file.unlink()


def cut_logs_in_the_middle_of_a_line(run: RunFolder) -> None:
    for log in run.path.glob("*/*.jsonl"):
        log.write_text(log.read_text()[:-20])


def write_a_part_of_the_values(run: RunFolder) -> None:
    clock = {"seconds": 1.0, "images_per_second": 8.0, "peak_memory_mb": 100.0}
    (run.path / "sampler" / "train.jsonl").write_text(json.dumps({"nimg": 8, "generator_loss": 0.7, "clock": clock}))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (remove_decoder_logs, "decoder only begun"),
        (remove_decoder, "No decoder yet"),
        (remove_all_logs, "sampler only begun"),
        (empty_all_logs, "nothing is logged yet"),
        (remove_environment, "the run has no env.json"),
        (cut_logs_in_the_middle_of_a_line, "Training curves"),
        (write_a_part_of_the_values, "no such values are logged"),
    ],
)
def test_what_is_missing_is_said_and_never_an_error(
    run: RunFolder, change: Callable[[RunFolder], None], says: str
) -> None:
    change(run)
    page = report(run)
    assert page.ids == SECTIONS
    assert says in page.words
    assert len(page.charts) <= 8  # and each is valid XML


def test_a_recipe_without_a_decoder(run: RunFolder) -> None:
    remove_decoder(run)
    run.write_config(dataclasses.replace(run.config(), decoder=None))
    page = report(run)
    assert page.ids == SECTIONS
    assert "finished" in page.words
    assert "not finished" not in page.words
    assert "The decoder has no weights yet" not in page.words


@pytest.mark.parametrize(
    ("count", "says"), [(1, "1 image of the data set was left out"), (3, "3 images of the data set were")]
)
def test_images_that_were_left_out_are_counted(run: RunFolder, count: int, says: str) -> None:
    env = run.env()
    skipped = tuple(f"{i}.png: cut off" for i in range(count))
    run.write_env(dataclasses.replace(env, data=dataclasses.replace(env.data, skipped=skipped)))
    assert says in report(run).words
