"""Images that nothing trains on: split by content, recorded, and judged apart."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import frugan
from frugan.config.schema import RunConfig
from frugan.config.yaml import dump, parse
from frugan.data.cache import pack
from frugan.data.fit import Wanted
from frugan.data.hold_out import split, usual_fraction
from frugan.data.loader import Loader
from frugan.data.source import open_source
from frugan.judging.evaluation import Evaluation
from frugan.runs.prepare import create_run, open_held_out, prepare
from frugan.runs.train import train_part
from frugan.system.errors import UserError
from frugan.use_cases.plan import Plan


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
    _, more_held = split(whole, 0.6)  # holding out more keeps what was held out
    assert {*held.digests} < {*more_held.digests}
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


def test_what_is_usual_depends_on_the_number_and_on_what_trains(
    image_folder: Path, tiny_config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [usual_fraction(n, sampler=True) for n in (702, 1999, 2000)] == [0, 0, 0.1]
    assert [usual_fraction(n, sampler=False) for n in (99, 100)] == [0, 0.1]
    asked = Plan(str(image_folder), resolution=64)
    assert asked.configuration().data.hold_out is None
    assert dataclasses.replace(asked, hold_out=0.0).configuration().data.hold_out == 0
    monkeypatch.setattr("frugan.data.hold_out._ENOUGH_FOR_DECODERS", 40)  # as many as there are
    told: list[str] = []
    for part, held in (("sampler", 0), ("decoder", 0.1), (None, 0)):
        prepared = prepare(asked.configuration(), told.append, only=part)  # type: ignore[arg-type]
        assert prepared.config.data.hold_out == held
    assert "held out to judge on" in told[1]
    assert "held out" not in told[0] + told[2]


def test_a_configuration_of_before_holds_nothing_out(tiny_config: RunConfig, tmp_path: Path) -> None:
    before = dump(tiny_config).replace("  hold_out: 0.0\n", "")
    assert "hold_out" not in before
    assert parse(before, "config.yaml") == tiny_config
    (tmp_path / "config.yaml").write_text(before)
    assert Plan(config=tmp_path / "config.yaml").configuration().data.hold_out == 0
    assert open_held_out(tiny_config) is None


def test_a_run_trains_on_one_side_and_is_judged_on_both(tiny_config: RunConfig, tmp_path: Path) -> None:
    config = dataclasses.replace(tiny_config, data=dataclasses.replace(tiny_config.data, hold_out=0.3))
    prepared = prepare(config, lambda sentence: None)
    run = create_run(prepared, tmp_path / "run", replace=False)
    assert run.env().data.images == len(prepared.dataset) < 40
    for part in ("sampler", "decoder"):
        assert train_part(run, part)  # type: ignore[arg-type]
    held = open_held_out(run.config())
    assert held is not None
    assert len(held) + len(prepared.dataset) == 40
    result = frugan.compare_decoders([run.path])
    assert dict(result.images) == {"training": len(prepared.dataset), "held-out": len(held)}
    facts = run.env().data
    assert (facts.held_out, facts.held_out_fingerprint) == (len(held), held.fingerprint)
    assert facts.fingerprint == prepared.dataset.fingerprint != held.fingerprint
    evaluation = frugan.evaluate(run.path, samples=16)
    assert evaluation.protocol["held_out_fingerprint"] == held.fingerprint
    assert evaluation.copying is not None
    assert evaluation.copying.n == min(len(held), len(prepared.dataset))
    quality = evaluation.reconstruction and evaluation.reconstruction.held_out
    assert quality
    judged = {row.path: row.quality["held-out"]["psnr"] for row in result.rows}
    assert quality.psnr == pytest.approx(judged[str(run.path.resolve())], abs=0.3)  # of 8 bits there
    assert Evaluation.from_json(json.loads(json.dumps(evaluation.to_json()))) == evaluation
    page = frugan.report(run.path).read_text()
    assert f"{len(prepared.dataset)} images, and {len(held)} held out" in page
    assert "the decoder has not seen them" in page
    assert f"to the nearest of {len(held)} held out" in page
