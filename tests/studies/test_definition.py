"""Studies as they are written down: every row is a complete configuration, grids multiply, nothing changes unseen."""

import dataclasses
from pathlib import Path

import pytest

from frugan.config import RunConfig
from frugan.errors import UserError
from frugan.settings import dump, parse
from frugan.studies import STUDIES, find_study
from frugan.studies.definition import Row, Study, expand, parse_grid, with_values
from frugan.studies.folder import StudyFolder


@pytest.fixture
def study(tiny_config: RunConfig) -> Study:
    without = dataclasses.replace(tiny_config, sampler=dataclasses.replace(tiny_config.sampler, penalties=()))
    return Study("tiny", "Which?", (Row("with", tiny_config), Row("without", without)), 2)


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_names_its_rows_and_writes_them_to_yaml_and_back(name: str) -> None:
    study = find_study(name)
    assert len({row.name for row in study.rows}) == len(study.rows)
    assert study.question.endswith("?")
    for row in study.rows:
        assert parse(dump(row.config), row.name) == row.config


def test_the_settings_of_table_3_reach_both_optimizers() -> None:
    row = next(row for row in find_study("nss-table4-lsun-church").rows if row.name == "gan-gr")
    for optimizer in (row.config.sampler.generator_optimizer, row.config.sampler.discriminator_optimizer):
        assert (optimizer.lr, optimizer.beta1, optimizer.beta2) == (5e-4, 0.3, 0.999)
    assert row.config.sampler.penalties[0].weight == 10
    assert row.paper == "61.67 ± 5.07"


def test_a_grid_multiplies_rows_where_they_have_the_setting(study: Study) -> None:
    grid = parse_grid(["objective.lr=1e-4,2e-4", "objective.lambda=1, 5"])
    names = [row.name for row in expand(study, grid).rows]
    assert names == [
        "with lr=1e-4 lambda=1",
        "with lr=1e-4 lambda=5",
        "with lr=2e-4 lambda=1",
        "with lr=2e-4 lambda=5",
        "without lr=1e-4",
        "without lr=2e-4",
    ]
    last = expand(study, grid).rows[-1].config.sampler
    assert last.generator_optimizer.lr == last.discriminator_optimizer.lr == 2e-4


@pytest.mark.parametrize("text", ["objective.lr", "objective.lr=", "no.such.setting=1"])
def test_a_grid_that_means_nothing_is_refused(study: Study, text: str) -> None:
    with pytest.raises(UserError, match="--grid"):
        expand(study, parse_grid([text]))


def test_rows_can_be_chosen_and_misspelt_ones_are_named(study: Study) -> None:
    assert [row.name for row in study.only(["without"]).rows] == ["without"]
    with pytest.raises(UserError, match="did you mean 'without'"):
        study.only(["withuot"])


def test_unknown_studies_are_named() -> None:
    with pytest.raises(UserError, match="did you mean 'nss-small'"):
        find_study("nss-smal")


def test_a_folder_takes_more_trials_and_rows_but_no_other_settings(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "study"
    first = StudyFolder.create(path, dataclasses.replace(study, rows=study.rows[:1]))
    assert [(trial.row, trial.seed) for trial in first.trials()] == [("with", 0), ("with", 1)]
    more = StudyFolder.create(path, dataclasses.replace(study, rows=study.rows[1:], trials=3))
    assert [(trial.row, trial.seed) for trial in more.trials()][:3] == [("without", 0), ("with", 0), ("without", 1)]
    seeds = {parse(trial.config_file.read_text(), "").seed for trial in more.trials()}
    assert seeds == {0, 1, 2}
    changed = Row("with", with_values(study.rows[0].config, {"objective.lr": "0.5"}))
    with pytest.raises(UserError, match="has other settings"):
        StudyFolder.create(path, dataclasses.replace(study, rows=(changed,)))


def test_a_folder_of_something_else_is_not_touched(study: Study, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(UserError, match="not a study"):
        StudyFolder.create(tmp_path, study)
    with pytest.raises(UserError, match="not a study"):
        StudyFolder.open(tmp_path)
