"""Studies as they are written down: every row is a complete configuration, grids multiply, nothing changes unseen."""

import dataclasses
from pathlib import Path

import pytest

from frugan.cli import main
from frugan.config.published import in_words
from frugan.config.schema import RunConfig
from frugan.config.yaml import dump, parse
from frugan.studies import STUDIES, find_study
from frugan.studies.definition import Row, Study, expand, parse_space, with_values
from frugan.studies.folder import StudyFolder
from frugan.studies.recipe_study import RecipeStudy
from frugan.system.errors import RunError, UserError


@pytest.fixture
def study(tiny_config: RunConfig) -> Study:
    without = dataclasses.replace(tiny_config, sampler=dataclasses.replace(tiny_config.sampler, penalties=()))
    return Study("tiny", "Which?", (Row("with", tiny_config), Row("without", without)), 2)


def rows_of(name: str) -> Study:
    kind = find_study(name)
    assert isinstance(kind, RecipeStudy)
    return kind.study


@pytest.mark.parametrize("name", sorted(STUDIES.keys() - {"nss-hadamard"}))  # whose rows are no recipes
def test_every_study_names_its_rows_and_writes_them_to_yaml_and_back(name: str) -> None:
    study = rows_of(name)
    assert len({row.name for row in study.rows}) == len(study.rows)
    assert study.question.endswith("?")
    for row in study.rows:
        assert parse(dump(row.config), row.name) == row.config


def test_the_settings_of_table_3_reach_both_optimizers() -> None:
    row = next(row for row in rows_of("nss-table4-lsun-church").rows if row.name == "gan-gr")
    for optimizer in (row.config.sampler.generator_optimizer, row.config.sampler.discriminator_optimizer):
        assert (optimizer.lr, optimizer.beta1, optimizer.beta2) == (5e-4, 0.3, 0.999)
    assert row.config.sampler.penalties[0].weight == 10
    assert in_words(row.paper) == "FID 61.67 ± 5.07, IS 2.97 ± 0.11 (NSS, table 4)"


def test_a_grid_multiplies_rows_where_they_have_the_setting(study: Study) -> None:
    grid = parse_space(["objective.lr=1e-4,2e-4", "objective.lambda=1, 5"])
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
    with pytest.raises(UserError, match="space"):
        expand(study, parse_space([text]))


def test_rows_can_be_chosen_and_misspelt_ones_are_named(study: Study) -> None:
    assert [row.name for row in study.only(["without"]).rows] == ["without"]
    with pytest.raises(UserError, match="did you mean 'without'"):
        study.only(["withuot"])


def test_unknown_studies_are_named() -> None:
    with pytest.raises(UserError, match="did you mean 'nss-small'"):
        find_study("nss-smal")


def test_rows_that_would_share_a_name_or_a_file_are_refused_or_kept_apart(study: Study) -> None:
    with pytest.raises(UserError, match="'with' appears twice"):
        study.only(["with", "with"])
    names = ["a/b", "a_b", "a b", "A_b2", "x" * 300, "x" * 301]
    assert len({Row(name, study.rows[0].config).file_name for name in names}) == len(names)
    assert all(len(Row(name, study.rows[0].config).file_name) < 120 for name in names)


def test_settings_that_only_some_rows_have_vary_there_alone() -> None:
    rows = expand(rows_of("nss-small").only(["nss", "gan"]), {"sampler.stabilizer.start": ["32", "64"]}).rows
    assert [row.name for row in rows] == ["nss start=32", "nss start=64", "gan"]
    assert rows[1].paper == ()
    assert rows[2].paper[0].value == "97.71 ± 4.91"


def test_settings_whose_last_words_are_alike_are_named_in_full(study: Study) -> None:
    grid = {"sampler.generator.width": ["8"], "sampler.discriminator.width": ["16"]}
    name = expand(study, grid).rows[0].name
    assert name == "with sampler.generator.width=8 sampler.discriminator.width=16"


def test_a_folder_takes_more_trials_and_rows_but_no_other_settings(study: Study, tmp_path: Path) -> None:
    path = tmp_path / "study"
    first = StudyFolder.create(path, dataclasses.replace(study, rows=study.rows[:1]))
    assert [(trial.row, trial.seed) for trial in first.trials()] == [("with", 0), ("with", 1)]
    more = StudyFolder.create(path, dataclasses.replace(study, rows=study.rows[1:], trials=3))
    assert [(trial.row, trial.seed) for trial in more.trials()][:3] == [("with", 0), ("without", 0), ("with", 1)]
    assert {trial.row for trial in more.trials(["without"])} == {"without"}
    assert {parse(trial.config_file.read_text(), "").seed for trial in more.trials()} == {0, 1, 2}
    again = StudyFolder.create(path, dataclasses.replace(study, trials=1))
    assert again.read_study().trials == 3  # nothing is taken away
    changed = Row("with", with_values(study.rows[0].config, {"objective.lr": "0.5"}))
    with pytest.raises(UserError, match=r"has other settings \('lr: 0.001' there, 'lr: 0.5' here\)"):
        StudyFolder.create(path, dataclasses.replace(study, rows=(changed,)))


def test_another_number_of_workers_or_cores_is_no_other_study(study: Study, tmp_path: Path) -> None:
    StudyFolder.create(tmp_path / "study", study)
    more_threads = study.with_settings(lambda config: dataclasses.replace(config, threads=7))
    kept = StudyFolder.create(tmp_path / "study", more_threads).read_study()
    assert all(row.config.threads == 1 for row in kept.rows)


def test_two_processes_do_not_conduct_one_study(study: Study, tmp_path: Path) -> None:
    folder = StudyFolder.create(tmp_path / "study", study)
    with folder.locked(), pytest.raises(RunError, match="another process"), folder.locked():
        pass


def test_a_folder_of_something_else_is_not_touched(study: Study, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(UserError, match="not a study"):
        StudyFolder.create(tmp_path, study)
    with pytest.raises(UserError, match="not a study"):
        StudyFolder.open(tmp_path)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("nss-small", "--workers", "-1"), "--workers -1"),
        (("nss-small", "--trials", "0"), "--trials 0"),
        (("nss-small", "--rows", "nss,nss"), "appears twice"),
        (("nss-small", "--rows", "nsss"), "did you mean 'nss'"),
        (("nss-small", "/no/such/photos"), "/no/such/photos"),
        (("nss-small", "--report-only", "--rows", "nss"), "--rows: does nothing beside --report-only"),
        (("nss-small", "--report-only"), "not a study"),
        (("nss-hadamard", "photos"), "DATA: does nothing beside nss-hadamard"),
        (("nss-small", "--search", "3", "--ray", "auto"), "--ray: does nothing beside --search"),
        (("nss-smal",), "did you mean 'nss-small'"),
    ],
)
def test_wrong_flags_are_told_before_anything_is_made(
    flags: tuple[str, ...],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["study", *flags]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_studies_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in STUDIES)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": 1}', "[" * 10_000])
def test_a_damaged_definition_is_a_sentence(study: Study, tmp_path: Path, content: str) -> None:
    folder = StudyFolder.create(tmp_path / "study", study)
    folder.definition_file.write_text(content)
    with pytest.raises(UserError, match=folder.definition_file.name):
        folder.read_study()
