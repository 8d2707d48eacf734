"""Images in shards: the same as packed ones, in an exact order, a few shards at a time, from a folder or a command."""

import dataclasses
import io
import random
import shlex
import shutil
import signal
import tarfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import frugan
from frugan.cli import main
from frugan.config.schema import DataConfig, RunConfig
from frugan.config.shape import ImageShape, PixelFormat
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.loader import Loader
from frugan.data.shard_index import parse_index
from frugan.data.shard_place import is_shards
from frugan.data.shards import ShardedImages, open_shards
from frugan.data.source import open_source
from frugan.ops.draws import held_rows
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import create_run, open_dataset, open_held_out, prepare
from frugan.runs.train import train_part
from frugan.system.errors import RunError, UserError

webdataset = pytest.importorskip("webdataset")


@pytest.fixture(scope="module")
def shards(image_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The 40 pictures, 6 a shard, some held out."""
    out = tmp_path_factory.mktemp("shards") / "out"
    frugan.pack_shards(str(image_folder), out, resolution=64, shard_size=6, hold_out=0.3)
    return out


def opened(folder: Path, lanes: int = 2) -> tuple[ShardedImages, ShardedImages]:
    training, held = open_shards(DataConfig(source=str(folder), resolution=64, hold_out=None, lanes=lanes))
    assert held is not None
    return training, held


def all_of(dataset: ShardedImages) -> np.ndarray:
    return dataset.read(np.arange(len(dataset)))[0]


def bytes_of(images: np.ndarray) -> Counter[bytes]:
    return Counter(image.tobytes() for image in images)


def test_shards_hold_what_packing_gives_split_by_content(image_folder: Path, shards: Path) -> None:
    packed = pack(open_source(image_folder), Wanted.square(64))
    training, held = opened(shards)
    assert bytes_of(np.concatenate([all_of(training), all_of(held)])) == bytes_of(packed.images)
    run = DataConfig(source=str(image_folder), resolution=64, hold_out=0.3)
    from frugan.data.opening import open_sides

    for of_shards, of_folder in zip((training, held), open_sides(run), strict=True):
        assert of_folder is not None
        assert len(of_shards) == len(of_folder)
        assert bytes_of(all_of(of_shards)) == bytes_of(of_folder.read(np.arange(len(of_folder)))[0])
    assert training.fingerprint != held.fingerprint


def test_other_readers_of_webdataset_read_them(shards: Path) -> None:
    files = [str(path) for path in sorted(shards.glob("training-*.tar"))]
    samples = list(webdataset.WebDataset(files, shardshuffle=False, empty_check=False).decode("pil"))
    training, _ = opened(shards)
    read = bytes_of(np.stack([np.asarray(sample["png"]).transpose(2, 0, 1) for sample in samples]))
    assert read == bytes_of(all_of(training))


@pytest.mark.parametrize(
    ("channels", "bits"), [(1, 8), (3, 8), (4, 8), (5, 8), (1, 16), (3, 16), (2, 32)], ids=lambda value: str(value)
)
def test_every_shape_and_depth_comes_back_bit_by_bit(channels: int, bits: int, tmp_path: Path) -> None:
    drawn = np.random.RandomState(0)
    for label in ("a", "b"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(5):
            values = drawn.randint(0, 256 if bits == 8 else 65536, (channels, 12, 20))
            array = values.astype(PixelFormat(bits).dtype)  # type: ignore[arg-type]
            path = tmp_path / "data" / label / f"{i}.npy"
            if channels == 4:
                Image.fromarray(array.transpose(1, 2, 0).copy(), "RGBA").save(path.with_suffix(".png"))
            else:
                np.save(path, array)
    wanted = Wanted(ImageShape(channels, 12, 20), PixelFormat(bits))  # type: ignore[arg-type]
    packed = pack(open_source(tmp_path / "data"), wanted)
    frugan.pack_shards(
        str(tmp_path / "data"),
        tmp_path / "out",
        resolution=(12, 20),
        channels=channels,
        bits=bits,  # type: ignore[arg-type]
        shard_size=4,
    )
    data = DataConfig(source=str(tmp_path / "out"), resolution=(12, 20), channels=channels, bits=bits)  # type: ignore[arg-type]
    found, held = open_shards(data)
    assert held is None
    assert (found.class_names, found.class_counts(), found.unlabelled()) == (("a", "b"), {"a": 5, "b": 5}, 0)
    assert found.pixels == packed.pixels
    pixels, labels = found.read(np.arange(10))
    expected = Counter((image.tobytes(), int(label)) for image, label in zip(packed.images, packed.labels, strict=True))
    assert Counter((image.tobytes(), int(label)) for image, label in zip(pixels, labels, strict=True)) == expected


def test_a_stream_is_a_function_of_seed_and_number_and_holds_few_shards(shards: Path) -> None:
    whole = Loader(opened(shards)[0], seed=3, mirror=True, batch=8)
    images = torch.cat([whole.batch(n, 8)[0] for n in range(0, 160, 8)])
    dataset, _ = opened(shards)
    pieces = Loader(dataset, seed=3, mirror=True, batch=8)
    for first in (72, 0, 8, 136, 80):
        assert torch.equal(pieces.batch(first, 8)[0], images[first : first + 8])
        assert dataset.reader.held() <= 6
    assert not torch.equal(Loader(dataset, seed=4, mirror=True, batch=8).batch(0, 8)[0], images[:8])


def test_two_ranks_see_every_picture_once_an_epoch_and_read_their_own_shards(shards: Path) -> None:
    epoch = len(opened(shards)[0])
    seen, read = Counter[bytes](), []
    for rank in range(2):
        dataset, _ = opened(shards)
        loader, own = Loader(dataset, seed=0, mirror=False, batch=4), held_rows(4, rank, 2, lambda rows: 0).numpy()
        loaded: list[int] = []
        load = dataset.reader._load
        dataset.reader._load = lambda shard, load=load, loaded=loaded: (loaded.append(shard), load(shard))[1]
        for nimg in range(0, epoch + 3, 4):
            numbers = nimg + own
            shown = loader.images(numbers[numbers < epoch])[0]
            seen.update(image.numpy().tobytes() for image in shown)
        read.append(set(loaded))
    expected = Loader(opened(shards)[0], seed=0, mirror=False).all_images(epoch)
    assert seen == Counter(image.numpy().tobytes() for image in next(expected)[0])
    count = -(-epoch // 6)
    assert all(len(own) <= count // 2 + 2 for own in read)  # a boundary, and what it expects of the next epoch


@pytest.mark.timeout(120)
def test_a_run_killed_at_five_moments_ends_as_one_that_was_not(
    shards: Path, tiny_config: RunConfig, tmp_path: Path
) -> None:
    schedule = dataclasses.replace(tiny_config.sampler.schedule, kimg=0.4, snapshots=16)
    config = dataclasses.replace(
        tiny_config,
        data=DataConfig(source=str(shards), resolution=64, hold_out=None, lanes=2),
        sampler=dataclasses.replace(tiny_config.sampler, schedule=schedule),
    )
    prepared = prepare(config, lambda sentence: None)
    assert prepared.config.data.hold_out == 0.3
    whole, killed = (create_run(prepared, tmp_path / name, replace=False) for name in ("whole", "killed"))
    assert run_and_kill(whole, None) == 0
    moments = random.Random(0)
    # Each time somewhere after one or two more snapshots of sixteen: in a step, or while something is written.
    for _ in range(5):
        more = moments.choice((1, 2)) if killed.part("sampler").newest_snapshot() else 1
        target = len(killed.part("sampler").snapshot_counts()) + more
        assert run_and_kill(killed, target, moments.uniform(0, 0.04)) == -signal.SIGKILL
    assert run_and_kill(killed, None) == 0
    snapshots = sorted(path.name for path in whole.part("sampler").snapshots.iterdir())
    assert len(snapshots) == 17
    for name in snapshots:
        ours, theirs = (run.part("sampler").snapshots / name for run in (whole, killed))
        assert ours.read_bytes() == theirs.read_bytes(), name
    lines = [[without_clock(line) for line in run.part("sampler").train_log.read()] for run in (whole, killed)]
    assert lines[0] == lines[1]
    assert len(open_dataset(config)) + len(open_held_out(config) or ()) == 40


def without_clock(line: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in line.items() if name != "clock"}


def run_and_kill(run: RunFolder, snapshots: int | None, later: float = 0.0) -> int:
    """The exit code of a process that trains the sampler, and that SIGKILL ends once there are so many snapshots."""
    process = get_context("fork").Process(target=train_in_child, args=(run,))
    process.start()
    while snapshots is not None and process.is_alive() and len(run.part("sampler").snapshot_counts()) < snapshots:
        time.sleep(0.005)
    time.sleep(later)
    if snapshots is not None:
        process.kill()
    process.join()
    return int(process.exitcode or 0)


def train_in_child(run: RunFolder) -> None:
    torch.set_num_threads(1)
    assert train_part(run, "sampler")


def test_evaluation_and_report_take_shards(shards: Path, tiny_config: RunConfig, tmp_path: Path) -> None:
    data = DataConfig(source=str(shards), resolution=64, hold_out=None)
    prepared = prepare(dataclasses.replace(tiny_config, data=data), lambda sentence: None)
    run = create_run(prepared, tmp_path / "run", replace=False)
    for part in ("sampler", "decoder"):
        assert train_part(run, part)  # type: ignore[arg-type]
    moved = tmp_path / "moved"
    shutil.copytree(shards, moved)
    finished = frugan.resume(run.path, data=str(moved))
    assert run.config().data.source == str(moved)
    assert finished.evaluation is not None
    assert finished.evaluation.protocol["real_fingerprint"] == prepared.dataset.fingerprint
    assert finished.evaluation.copying is not None
    again = frugan.evaluate(run.path, frugan.RealImages(str(shards)))
    assert again.protocol["real_fingerprint"] == prepared.dataset.fingerprint
    assert finished.report is not None
    assert f"{len(prepared.dataset)} images, and {run.env().data.held_out} held out" in finished.report.read_text()


def damaged_size(folder: Path) -> None:
    with (folder / "training-000000.tar").open("ab") as file:
        file.write(b"\0")


def damaged_bit(folder: Path) -> None:
    content = bytearray((folder / "training-000000.tar").read_bytes())
    content[700] ^= 1
    (folder / "training-000000.tar").write_bytes(content)


def gone(folder: Path) -> None:
    (folder / "training-000000.tar").unlink()


@pytest.mark.parametrize("damage", [damaged_size, damaged_bit, gone])
def test_damaged_shards_are_named(damage: Callable[[Path], None], shards: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(shards, folder)
    damage(folder)
    dataset, _ = opened(folder)
    for _ in range(2):  # it does not hang, and says it again
        with pytest.raises(RunError, match=r"training-000000\.tar (is not what was packed|cannot be read)"):
            dataset.read(np.array([0]))
    assert len(dataset.read(np.array([7]))[0]) == 1


def test_an_index_of_strangers_names_nothing_but_shards(shards: Path) -> None:
    content = (shards / "index.json").read_bytes()
    index = parse_index(content, "index")
    for name in ("../secret.tar", "/etc/passwd", "training-000000.tar; rm -rf x", "training-1.tar", "x"):
        first = dataclasses.replace(index.training.shards[0], name=name)
        side = dataclasses.replace(index.training, shards=(first, *index.training.shards[1:]))
        with pytest.raises(UserError, match="is no shard"):
            parse_index(dataclasses.replace(index, training=side).encoded(), "index")
    for count in (10**12, 400_000):  # whose memory would be taken before one is decoded
        first = dataclasses.replace(index.training.shards[0], count=count)
        side = dataclasses.replace(index.training, shards=(first, *index.training.shards[1:]))
        with pytest.raises(UserError, match="more than 4 GiB, the bound for a shard of images"):
            parse_index(dataclasses.replace(index, training=side).encoded(), "index")
    with pytest.raises(UserError, match="more than 4 GiB"):
        parse_index(dataclasses.replace(index, shape=(3, 2**20, 2**20)).encoded(), "index")
    for other in (b"", b"{", b"[]", b"{}", content.replace(b'"hold_out": 0.3', b'"hold_out": 0.0')):
        with pytest.raises(UserError, match="Copy it again"):
            parse_index(other, "index")


def test_what_does_not_fit_names_the_setting(shards: Path, image_folder: Path, tmp_path: Path) -> None:
    given = DataConfig(source=str(shards), resolution=64, hold_out=None)
    for change, said in (
        ({"resolution": 128}, "resolution: the shards hold images of 64 x 64"),
        ({"channels": 1}, "channels: the shards hold RGB of 8 bits"),
        ({"hold_out": 0.1}, "hold_out 0.1: of the shards, 0.3 was held out"),
    ):
        with pytest.raises(UserError, match=said):
            open_shards(dataclasses.replace(given, **change))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="already exists"):
        frugan.pack_shards(str(image_folder), shards, resolution=64)
    with pytest.raises(UserError, match=r"shard_size 400000: of 64 x 64, a shard holds 349525 images at most"):
        frugan.pack_shards(str(image_folder), tmp_path / "none", resolution=64, shard_size=400_000)
    with pytest.raises(UserError, match="shards, packed for training: give the images that they were made of"):
        frugan.check_data(str(shards))
    with pytest.raises(UserError, match="leaves no image on one side"):
        frugan.pack_shards(str(image_folder), tmp_path / "none", resolution=64, hold_out=1e-9)


def test_a_command_is_run_only_with_the_permission(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = f"pipe:cat {shards}/{{}}"
    data = DataConfig(source=place, resolution=64, hold_out=None)
    with pytest.raises(UserError, match="FRUGAN_ALLOW_PIPE=1"):
        open_shards(data)
    monkeypatch.setenv("FRUGAN_ALLOW_PIPE", "1")
    found, _ = open_shards(data)
    assert (all_of(found) == all_of(opened(shards)[0])).all()
    with pytest.raises((UserError, RunError)):
        open_shards(dataclasses.replace(data, source="pipe:false {}"))
    for place in ("https://x/$(touch y)", "s3://bucket/photos", "http://x/'; touch y; '", "file:///etc"):
        assert is_shards(place)
        with pytest.raises(UserError, match="cannot be opened"):
            open_shards(dataclasses.replace(data, source=place))


def test_the_verb_packs_and_the_same_images_give_the_same_shards(
    image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        out = str(tmp_path / name)
        assert (
            main(["data", "pack", str(image_folder), "--shards", out, "--resolution", "64", "--shard-size", "16"]) == 0
        )
    assert "40 images of 64 x 64 in 3 shards" in capsys.readouterr().out
    for path in (tmp_path / "one").iterdir():
        if path.suffix == ".tar":
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
            with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as tar:
                assert all(member.name.count("/") == 0 for member in tar)


def test_a_folder_is_written_anew_only_if_a_killed_packing_left_it(image_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def killed(stage: str, done: int, total: int) -> None:
        if done == 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        frugan.pack_shards(str(image_folder), out, resolution=64, shard_size=4, watcher=frugan.Watcher(on_stage=killed))
    assert len(list(out.glob("*.tar"))) == 7
    with pytest.raises(UserError, match="no image"):
        open_source(out)
    packed = frugan.pack_shards(str(image_folder), out, resolution=64, shard_size=32)
    names = {"index.json", "training-000000.tar", "training-000001.tar"}
    assert {path.name for path in out.iterdir()} == names  # none of the seven is left
    assert packed.shards == 2
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "training-000000.tar").write_text("mine")
    with pytest.raises(UserError, match="already exists, and holds something"):
        frugan.pack_shards(str(image_folder), foreign, resolution=64)
    (out / "unfinished").touch()
    (out / "notes.tar").write_text("mine")
    with pytest.raises(UserError, match="already exists, and holds something"):
        frugan.pack_shards(str(image_folder), out, resolution=64)
    assert (foreign / "training-000000.tar").read_text() == (out / "notes.tar").read_text() == "mine"


def test_a_plan_takes_shape_and_depth_from_the_shards(image_folder: Path, tmp_path: Path) -> None:
    """So the command that a packing prints works as it stands."""
    packed = frugan.pack_shards(
        str(image_folder), tmp_path / "a b", resolution=(48, 64), channels=1, bits=16, shard_size=64
    )
    assert "48 x 64, grey in 1 shard;" in packed.text()
    _, verb, data, *_ = shlex.split(packed.text().partition("train on them: ")[2])
    assert (verb, data) == ("train", str(tmp_path / "a b"))
    config = frugan.Plan(data).on_images().data
    assert (config.shape, config.bits) == ((1, 48, 64), 16)
    assert len(open_shards(dataclasses.replace(config, hold_out=None))[0]) == 40
    asked = frugan.Plan(data, resolution=32).on_images().data
    with pytest.raises(UserError, match="the shards hold images of 48 x 64"):
        open_shards(dataclasses.replace(asked, hold_out=None))
