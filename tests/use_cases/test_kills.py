"""Verbs killed with -9, again and again: nothing half-written has a final name, and the same command then works.

Half of the kills come at a random moment, the others at a random call of the file system, where the short moments are
in which files take their names. FRUGAN_KILLS says how many there are for each verb.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import imageio_ffmpeg
import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import load

from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.model.folder import ModelDescription
from frugan.model.weights import write_weights
from frugan.networks.creps import CREPSGenerator
from frugan.runs.folder import is_run
from frugan.studies.definition import Study
from frugan.studies.folder import StudyFolder
from frugan.writing.strips import write_strips
from frugan.writing.video import write_video

KILLS = int(os.environ.get("FRUGAN_KILLS", "3"))
THOROUGH = KILLS > 3  # CI has little time
_CALLS = ("mkdir", "rename", "replace", "fsync", "rmdir", "unlink")
_FRAMES = 11
_MOST_SECONDS = 120


@dataclass(frozen=True)
class Case:
    """A command, the folder below which it writes, and what it leaves there, as a pattern.

    `overwrites`: whether it may be called again over a result; `kills`: how often it dies; `seconds`: how long it
    takes, if that is not measured.
    """

    arguments: tuple[str, ...]
    folder: Path
    products: str = "*"
    overwrites: bool = True
    kills: int = KILLS
    seconds: float = 0.0


@pytest.fixture(scope="module")
def creps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that draws at any size."""
    folder, shape = tmp_path_factory.mktemp("creps"), (3, 32, 32)
    small = {"latent_dim": 16, "style_dim": 24, "channel_base": 512, "channel_max": 32, "mapping_layers": 2}
    spec = Spec(CREPSGenerator, **small)
    ModelDescription(spec, Spec(IdentityCodec), None, code_shape=shape, shape=ImageShape.square(32), info={}).write(
        folder
    )
    write_weights(folder / "generator.safetensors", spec.build(code_shape=shape))
    return folder


@pytest.fixture
def cases(trained_run: Path, image_folder: Path, creps: Path, tmp_path: Path) -> dict[str, Case]:
    """By name. Each takes a second or so."""
    run, out, copy = str(trained_run), tmp_path / "out", tmp_path / "copy"
    photos = tuple(map(str, sorted(image_folder.iterdir())[:6]))
    render = ("render", str(creps), "--size", "256x128", "--tile", "32", "--out")
    film = ("video", str(creps), "--seeds", "3,4", "--size", "48x48", "--seconds", ".5", "--fps", "20", "--out")
    short = ("--kimg", "0.016", "--set", "sampler.discriminator.width=4", "--set", "evaluation.samples=8")
    tuned = ("finetune", run, *short, "--set", "evaluation.preview_samples=8", "--replace", "--out")
    sizes = ("data.resolution=16", "sampler.schedule.kimg=0.032", "sampler.schedule.batch=8", "evaluation.samples=8")
    sizes += ("evaluation.preview_samples=8", "sampler.generator.width=8", "sampler.discriminator.width=8")
    study = ("study", "nss-small", str(image_folder), "--rows", "nss", "--trials", "1", "--workers", "1")
    study += tuple(word for size in sizes for word in ("--set", size))
    judged = ("--trunc", "1,.5", "--samples", "20", "--device", "cpu")
    return {
        "report": Case(("report", str(copy)), copy, "report.html"),
        "sample": Case(("sample", run, "--seeds", "0-31", "--out", str(out)), out),
        "sample --grid": Case(("sample", run, "--seeds", "0-31", "--grid", "--out", str(out / "grid.png")), out),
        "render .png": Case((*render, str(out / "large.png")), out),
        "render .tif": Case((*render, str(out / "large.tif")), out),
        "render .dzi": Case((*render, str(out / "large.dzi")), out),
        "upscale": Case(("upscale", *photos, "--decoder", run, "--out", str(out)), out),
        "video frames": Case((*film, str(out / "frames")), out, overwrites=False),
        "video .mp4": Case((*film, str(out / "film.mp4")), out),
        "finetune": Case((*tuned, str(out / "run")), out, kills=KILLS if THOROUGH else 1, seconds=0 if THOROUGH else 5),
        "evaluate": Case(("evaluate", str(copy), "--samples", "16"), copy, "evaluation.json"),
        "study": Case((*study, "--out", str(out)), out, seconds=8.0),
        "sweep": Case(("sweep", run, *judged, "--out", str(out / "sweep.html")), out),
    }


NAMES = ("report", "sample", "sample --grid", "render .png", "render .tif", "render .dzi", "upscale")
NAMES += ("video frames", "video .mp4", "finetune", "evaluate", "study", "sweep")


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_verb_leaves_whole_files_or_none(
    name: str, cases: dict[str, Case], trained_run: Path, tmp_path: Path
) -> None:
    if name == "study" and not THOROUGH:
        pytest.skip("its trials load torch anew, for seconds; tests/studies/test_trials.py kills one too")
    case, moments = cases[name], random.Random(name)
    shutil.copytree(trained_run, tmp_path / "copy")
    log, finished = tmp_path / "log", tmp_path / "finished"
    case.folder.mkdir(exist_ok=True)
    seconds, calls = (case.seconds, 0) if case.seconds else undisturbed(case.arguments, log)
    check_whole(case.folder)
    shutil.copytree(case.folder, finished)
    for number in range(case.kills):
        if number // 2 % 2 == 0 or not case.overwrites:
            remove(case.folder, case.products)
        elif not case.seconds:
            shutil.copytree(finished, case.folder, dirs_exist_ok=True)
        if number % 2 == 0 or calls == 0:
            kill_at(moments.uniform(0, seconds), case.arguments, log)
        else:
            fatal = moments.randrange(calls)
            wait(forked(lambda: main(case.arguments), log, lambda: die_at_call(fatal)))  # noqa: B023
        check_whole(case.folder)
    again(case, log)
    check_whole(case.folder)
    assert temporaries(case.folder) == []


def again(case: Case, log: Path) -> None:
    """The same command, after the last kill. A folder of frames that was finished just before is in its own way."""
    if not case.overwrites:
        remove(case.folder, case.products)
    if is_run(case.folder / "run"):
        assert wait(forked(lambda: main(["resume", str(case.folder / "run")]), log)) == 0, log.read_text()
    undisturbed(case.arguments, log)


def draw(path: Path) -> int:
    """A small picture, film or definition of a study, as the verbs write them."""
    strips = [np.full((3, 8, 3), shade, np.uint8) for shade in (10, 200)]
    if path.name == "study":
        StudyFolder.create(path, Study("tiny", "Which?", (), 1))
    elif path.suffix:
        write_strips(path, iter(strips), 8, 6)
    else:
        write_video(path, iter(strips), 10)
    return 0


def draw_another(path: Path) -> int:
    """Of another size, to be written over."""
    if path.suffix:
        write_strips(path, iter([np.zeros((40, 5, 3), np.uint8)]), 5, 40)
    return 0


@pytest.mark.parametrize("name", ["large.png", "large.tif", "large.dzi", "frames", "study"])
@pytest.mark.parametrize("before", [False, True])
def test_writers_killed_between_any_two_calls(name: str, before: bool, tmp_path: Path) -> None:
    """At the moments between two calls, where there is nothing or another picture in the place."""
    folder, earlier, log, path = tmp_path / "out", tmp_path / "earlier", tmp_path / "log", tmp_path / "out" / name
    earlier.mkdir()
    if before:
        assert wait(forked(lambda: draw_another(earlier / name), log)) == 0, log.read_text()
    for fatal in range(0, 200, 1 if THOROUGH else 3):
        remove(folder, "*")
        shutil.copytree(earlier, folder, dirs_exist_ok=True)
        code = wait(forked(lambda: draw(path), log, lambda: die_at_call(fatal)))  # noqa: B023
        assert code in (0, -signal.SIGKILL), log.read_text()
        check_whole(folder, frames=2)
        if path.name != "frames" or not path.exists():
            assert wait(forked(lambda: draw(path), log)) == 0, log.read_text()
        check_whole(folder, frames=2)
        assert path.exists()
        assert temporaries(folder) == []
        if code == 0 and fatal > 2:
            return
    pytest.fail("it never ran to its end")


def forked(work: Callable[[], int], log: Path, prepare: Callable[[], None] = lambda: None) -> int:
    """`work` in a process that has all modules already, in a group of its own. Returns its number."""
    child = os.fork()
    if child:
        with suppress(ProcessLookupError, PermissionError):  # it may have done so itself, or be gone
            os.setpgid(child, child)
        return child
    code = 70
    try:
        os.setpgid(0, 0)
        signal.alarm(_MOST_SECONDS)
        # Threads of OpenMP do not survive a fork, and the child would wait for them; with one core it starts none.
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})
        torch.set_num_threads(1)
        with open(log, "w", buffering=1) as said, redirect_stdout(said), redirect_stderr(said):
            try:
                prepare()
                code = work()
            except BaseException:
                traceback.print_exc()
    finally:
        os._exit(code)


def wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def undisturbed(arguments: tuple[str, ...], log: Path) -> tuple[float, int]:
    """How long the command takes, and how often it calls the file system."""
    count, began = log.with_name("calls"), time.monotonic()

    def work() -> int:
        counted = die_at_call(sys.maxsize)
        code = main(arguments)
        count.write_text(str(counted[0]))
        return code

    assert wait(forked(work, log)) == 0, log.read_text()
    return time.monotonic() - began, int(count.read_text())


def kill_at(moment: float, arguments: tuple[str, ...], log: Path) -> None:
    """Kill the command, its group, and the workers that it began in groups of their own."""
    child = forked(lambda: main(arguments), log)
    time.sleep(moment)
    workers = Path(f"/proc/{child}/task/{child}/children").read_text().split()
    for group in (child, *map(int, workers)):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    assert wait(child) in (0, -signal.SIGKILL), log.read_text()


def die_at_call(fatal: int) -> list[int]:
    """Let this process die at that call of the file system. The list's only number counts them."""
    count = [0]

    def dying(original: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            count[0] += 1
            if count[0] > fatal:
                os.killpg(0, signal.SIGKILL)
            return original(*arguments, **options)

        return call

    def write_half(path: Path, content: bytes) -> int:
        count[0] += 1
        if count[0] > fatal:
            write(path, content[: len(content) // 2])
            os.killpg(0, signal.SIGKILL)
        return write(path, content)

    for name in _CALLS:
        setattr(os, name, dying(getattr(os, name)))
    write = Path.write_bytes
    Path.write_bytes = write_half  # type: ignore[assignment, method-assign]
    return count


def remove(folder: Path, products: str) -> None:
    """What has a final name: temporary files stay as a kill left them."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob(products):
        if not path.name.endswith(".tmp"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def temporaries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.suffix in (".tmp", ".begun", ".replaced")]


def check_whole(folder: Path, frames: int = _FRAMES) -> None:
    """Every file and folder with a final name is complete."""
    for path in folder.rglob("*"):
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        check_folder(path, frames) if path.is_dir() else CHECKS[path.suffix](path)


def check_folder(folder: Path, frames: int) -> None:
    names = {path.name for path in folder.iterdir()}
    if folder.name == "frames":
        assert len(names) == frames
    elif folder.name == "run" or folder.name.startswith("seed-"):
        assert is_run(folder)
    elif folder.parent.name == "checkpoints":
        assert names == {"train_state.safetensors", "train_state.json"}


def check_picture(path: Path) -> None:
    assert path.suffix != ".png" or path.read_bytes()[-8:-4] == b"IEND", path
    with Image.open(path) as image:
        image.load()


def check_deep_zoom(path: Path) -> None:
    """Its tiles make a picture of just that size at each level."""
    size = next(iter(ElementTree.parse(path).getroot()))
    width, height = int(size.attrib["Width"]), int(size.attrib["Height"])
    tiles = path.with_name(f"{path.stem}_files")
    levels = (max(width, height) - 1).bit_length()
    assert {level.name for level in tiles.iterdir()} == {str(level) for level in range(levels + 1)}
    for level in range(levels, -1, -1):
        expected = {f"{x}_{y}.png" for x in range(-(-width // 256)) for y in range(-(-height // 256))}
        assert {tile.name for tile in (tiles / str(level)).iterdir()} == expected
        width, height = -(-width // 2), -(-height // 2)


def check_page(path: Path) -> None:
    assert path.read_text().rstrip().endswith("</html>")


def check_film(path: Path) -> None:
    assert imageio_ffmpeg.count_frames_and_secs(str(path))[0] == _FRAMES


def check_log(path: Path) -> None:
    """Of a log the last line alone may be torn."""
    for line in path.read_bytes().splitlines()[:-1]:
        json.loads(line)


CHECKS: dict[str, Callable[[Path], object]] = {
    ".png": check_picture,
    ".tif": check_picture,
    ".dzi": check_deep_zoom,
    ".html": check_page,
    ".mp4": check_film,
    ".jsonl": check_log,
    ".json": lambda path: json.loads(path.read_text()),
    ".yaml": lambda path: yaml.safe_load(path.read_text()),
    ".safetensors": lambda path: load(path.read_bytes()),
    ".md": Path.read_text,
    ".csv": Path.read_text,
    ".log": Path.read_text,  # what a worker printed: for people, torn or not
}
