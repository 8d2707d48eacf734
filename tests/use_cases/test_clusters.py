"""Training on clusters of like images: they are what a person would sort out, and stay the same for a run's life."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import frugan
from frugan.data.packed import PackedDataset
from frugan.runs import probe
from frugan.runs.folder import RunFolder
from frugan.runs.prepare import prepare
from frugan.system.errors import RunError, UserError

SETTINGS = ["evaluation.samples=8", "sampler.schedule.kimg=0.032", "decoder=null"]


@pytest.fixture(scope="module")
def three_kinds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stripes, rings and a grid, ten of each in colours of their own, named in no order."""
    folder = tmp_path_factory.mktemp("kinds")
    random = np.random.RandomState(0)
    y, x = np.mgrid[0:64, 0:64] / 8.0
    patterns = (np.sin(4 * x), np.sin(4 * np.hypot(x - 4, y - 4)), np.maximum(np.sin(3 * x), np.sin(3 * y)))
    for number in range(30):
        pattern = patterns[number % 3] > 0.3
        colours = random.randint(0, 256, (2, 3))
        pixels = np.where(pattern[..., None], colours[0], colours[1]).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(scope="module")
def trained(three_kinds: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    plan = frugan.Plan(str(three_kinds), recipe="quickstart", resolution=64, settings=SETTINGS, clusters=3)
    return RunFolder.open(frugan.train(plan, tmp_path_factory.mktemp("run") / "run").run)


def test_clusters_are_the_kinds(trained: RunFolder) -> None:
    labels = np.array(json.loads((trained.path / "clusters.json").read_text()))
    kinds = np.arange(30) % 3
    assert len({(int(kind), int(label)) for kind, label in zip(kinds, labels, strict=True)}) == 3
    assert trained.env().data.class_counts == {"cluster-0": 10, "cluster-1": 10, "cluster-2": 10}


def test_models_draw_from_a_cluster_that_is_asked_for(trained: RunFolder) -> None:
    model = frugan.load(trained.path)
    seeds = range(4)
    pictures = [model.sample(seeds, label=label) for label in (0, 1)]
    assert not torch.equal(*pictures)


def test_a_run_goes_on_with_the_clusters_that_it_began_with(trained: RunFolder, tmp_path: Path) -> None:
    before = (trained.path / "clusters.json").read_text()
    frugan.resume(trained.path, kimg=0.032)
    assert (trained.path / "clusters.json").read_text() == before
    for damaged in ("[0, 1]", "[", json.dumps([10**9] * 30), json.dumps([-1] * 30), json.dumps(["a"] * 30)):
        (trained.path / "clusters.json").write_text(damaged)
        with pytest.raises(RunError, match="Train anew"):
            frugan.resume(trained.path, kimg=0.032)
    (trained.path / "clusters.json").write_text(before)


def test_fine_tuning_keeps_the_clusters_that_the_generator_learned(
    three_kinds: Path, trained: RunFolder, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(trained.path, run)
    frugan.resume(run)  # other tests made it longer
    kept = run / "clusters.json"
    turned = [2 - label for label in json.loads(kept.read_text())]  # as rounding might number them elsewhere
    kept.write_text(json.dumps(turned))
    frugan.finetune(run, tmp_path / "fine", kimg=0.008)
    assert json.loads((tmp_path / "fine" / "clusters.json").read_text()) == turned
    shutil.copytree(three_kinds, tmp_path / "others")
    (tmp_path / "others" / "00.png").unlink()
    with pytest.raises(UserError, match="clusters of the run's own images"):
        frugan.finetune(run, tmp_path / "finer", data=str(tmp_path / "others"), kimg=0.008)


def test_who_goes_on_with_a_run_has_as_many_clusters(three_kinds: Path, trained: RunFolder) -> None:
    plan = frugan.Plan(str(three_kinds), recipe="quickstart", resolution=64, start=trained.path)
    config = plan.configuration()
    assert (config.data.clusters, config.data.classes) == (3, False)
    assert config.sampler.generator.arguments["classes"] == 3


def test_clusters_keep_their_meaning_where_a_training_goes_on_with_the_same_images(
    three_kinds: Path, trained: RunFolder, tmp_path: Path
) -> None:
    run, others = tmp_path / "run", tmp_path / "others"
    shutil.copytree(trained.path, run)
    turned = [2 - label for label in json.loads((run / "clusters.json").read_text())]
    (run / "clusters.json").write_text(json.dumps(turned))
    shutil.copytree(three_kinds, others)
    (others / "00.png").unlink()
    labels = []
    for images in (three_kinds, others):
        plan = frugan.Plan(str(images), recipe="quickstart", resolution=64, start=run)
        dataset = prepare(plan.configuration(), lambda text: None, start=run).dataset
        assert isinstance(dataset, PackedDataset)
        labels.append(dataset.labels.tolist())
    assert labels[0] == turned
    assert sorted(np.bincount(labels[1])) == [9, 10, 10]
    assert labels[1] != turned[1:], "the largest cluster comes first, whatever another run said"


def test_a_trial_knows_as_many_clusters_as_were_found(three_kinds: Path) -> None:
    plan = frugan.Plan(str(three_kinds), recipe="quickstart", resolution=64, settings=SETTINGS, clusters=30)
    config = prepare(plan.configuration(), lambda text: None).config
    assert config.sampler.generator.arguments["classes"] <= 7, "30 images have no more clusters than that"
    estimate = probe._probe(dataclasses.replace(config, threads=1), "sampler")
    assert estimate.images_per_second > 0


def test_classes_and_clusters_exclude_each_other(three_kinds: Path, tmp_path: Path) -> None:
    plan = frugan.Plan(str(three_kinds), recipe="quickstart", classes=True, clusters=2)
    with pytest.raises(UserError, match="0 where there are classes"):
        frugan.train(plan, tmp_path / "run")


def test_images_that_are_all_alike(tmp_path: Path) -> None:
    halves = np.zeros((64, 64, 3), np.uint8)
    halves[32:] = 255
    for number in range(8):
        Image.fromarray(halves).save(tmp_path / f"{number}.png")
    plan = frugan.Plan(str(tmp_path), recipe="quickstart", resolution=64, settings=SETTINGS, clusters=2)
    with pytest.raises(UserError, match="look alike"):
        frugan.train(plan, tmp_path / "run")


def test_one_cluster_is_none(three_kinds: Path) -> None:
    with pytest.raises(UserError, match=r"clusters.*at least 2, or 0 for none"):
        frugan.Plan(str(three_kinds), recipe="quickstart", clusters=1).configuration()
