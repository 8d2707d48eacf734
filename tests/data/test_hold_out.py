"""Images that nothing trains on: split by content, recorded, and judged apart."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import frugan
from frugan.config.schema import RunConfig
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.hold_out import split
from frugan.data.loader import Loader
from frugan.data.source import open_source
from frugan.runs.prepare import create_run, open_dataset, prepare
from frugan.runs.train import train_part
from frugan.system.errors import UserError


def test_the_split_is_of_content_alone(image_folder: Path, tmp_path: Path) -> None:
    whole = pack(open_source(image_folder), Wanted.square(64))
    training, held = split(whole, 0.3)
    assert len(training) + len(held) == len(whole) == 40
    assert 5 <= len(held) <= 20
    assert not {*training.digests} & {*held.digests}
    renamed = tmp_path / "renamed"  # names in reverse order, a copy, and one image less
    renamed.mkdir()
    for i, name in enumerate(sorted(whole.names, reverse=True)[1:]):
        shutil.copy(image_folder / name, renamed / f"{i:03d}.png")
    shutil.copy(image_folder / whole.names[0], renamed / "copy.png")
    again_training, again_held = split(pack(open_source(renamed), Wanted.square(64)), 0.3)
    assert {*again_held.digests} <= {*held.digests}
    assert {*again_training.digests} <= {*training.digests}
    for n in (3, 17):  # a loader reads the rows that it should
        index, _ = Loader(held, seed=0, mirror=False).places(np.array([n]))
        image = Loader(held, seed=0, mirror=False).batch(n, 1)[0][0]
        row = whole.names.index(held.names[int(index[0])])
        assert torch.equal(image, torch.from_numpy(np.array(whole.images[row])).float() / 127.5 - 1)


def test_no_side_may_be_empty(image_folder: Path) -> None:
    whole = pack(open_source(image_folder), Wanted.square(64))
    for fraction in (1e-9, 1 - 1e-12):
        with pytest.raises(UserError, match="leaves none on one side"):
            split(whole, fraction)


def test_a_run_trains_on_one_side_and_is_judged_on_both(tiny_config: RunConfig, tmp_path: Path) -> None:
    config = dataclasses.replace(tiny_config, data=dataclasses.replace(tiny_config.data, hold_out=0.3))
    prepared = prepare(config, lambda sentence: None)
    run = create_run(prepared, tmp_path / "run", replace=False)
    assert run.env().data.images == len(prepared.dataset) < 40
    for part in ("sampler", "decoder"):
        assert train_part(run, part)  # type: ignore[arg-type]
    held = open_dataset(run.config(), side="held-out")
    assert len(held) + len(prepared.dataset) == 40
    result = frugan.compare_decoders([run.path])
    assert dict(result.images) == {"training": len(prepared.dataset), "held-out": len(held)}
    page = frugan.report(run.path).read_text()
    assert f"to the nearest of the {len(held)} held out" in page
