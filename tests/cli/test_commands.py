"""Every verb through the command line: results, messages, exit codes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frugan.cli import VERBS, main
from frugan.cli.parsing import parse_seeds
from frugan.config.schema import RunConfig
from frugan.config.yaml import dump
from frugan.requests.drawing import Drawing
from frugan.system.errors import UserError


@pytest.fixture
def config_file(tiny_config: RunConfig, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(dump(tiny_config))
    return path


@pytest.fixture
def run_copy(trained_run: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "a run"
    shutil.copytree(trained_run, copy)
    return copy


def frugan(*arguments: object) -> int:
    """As typed; flags that cannot be parsed end in SystemExit like in a terminal."""
    try:
        return main([str(a) for a in arguments])
    except SystemExit as end:
        return int(end.code or 0)


def test_help_of_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert frugan("--help") == 0
    listed = capsys.readouterr().out
    assert all(verb in listed for verb in VERBS)
    for verb in VERBS:
        assert frugan(verb, "--help") == 0
        assert f"frugan {verb}" in capsys.readouterr().out
    assert frugan() == 2
    assert frugan("--version") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("trian",), "did you mean 'train'"),
        (("train", "--recipe", "quikstart"), "did you mean 'quickstart'"),
        (("train",), "needs DATA"),
        (("train", "/no/such/folder"), "/no/such/folder"),
        (("train", "--recipe", "quickstart", "--resolution", "16"), "needs codes of at least 8 x 8, got 4 x 4"),
        (("train", "--recipe", "quickstart", "--resolution", "96x"), "height x width, such as 96x160, got '96x'"),
        (("train", "--recipe", "quickstart", "--channels", "cmyk"), "rgb, grey, rgba or a number of bands"),
        (("train", "--recipe", "quickstart", "--device", "cuda:99"), "--device cuda:99"),
        (("train", "--recipe", "quickstart", "--device", "gpu"), "one of auto, cpu, cuda"),
        (("train", "--recipe", "quickstart", "--set", "data.mirorr=1"), "did you mean 'mirror'"),
        (("train", "--recipe", "quickstart", "--set", "decoder.crop=-1"), "decoder.crop"),
        (("train", "--recipe", "quickstart", "--set", "sampler.generator.width=-3"), "negative dimension"),
        (("train", "--recipe", "quickstart", "--set", "sampler.generator.latent_dim=0"), "a setting is 0"),
        (("resume", "/no/such/run"), "no such folder"),
        (("report", "/no/such/run"), "no such folder"),
        (("sample", "/no/such/run", "--out", "x"), "no such folder"),
        (("evaluate", "/no/such/run"), "no such folder"),
        (("evaluate", "/no/such/run", "--upsample"), "--upsample: only with --data"),
        (("sample", "/no/such/run", "--out", "x", "--seeds", "3-1"), "--seeds"),
        (("sample", "/no/such/run", "--out", "x.png"), "with --grid"),
        (("sample", ".", "--out", "x.gif", "--grid"), "--out x.gif: a sheet is a file that ends in .png, .jpg, .jpeg"),
        (("sample", ".", "--out", __file__), "a folder, for one file a seed"),
        (("render", ".", "--out", "x.png", "--supersample", "0"), "--supersample 0"),
        (("video", ".", "--out", "x", "--fps", "0"), "--fps 0"),
        (("upscale", __file__, "--decoder", ".", "--tile", "10"), "--tile 10"),
        (("upscale", __file__, __file__, "--decoder", "."), "another --out each"),
        (("data", "chekc", "x"), "frugan data check DATA"),
        (("data", "check", "/no/such/folder"), "/no/such/folder"),
    ],
)
def test_wrong_use_exits_2_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert frugan(*arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("verb", VERBS)
def test_every_flag_is_explained(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A docstring that cannot be parsed leaves flags without a word, and its raw text above them."""
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    printed = capsys.readouterr().out
    assert f"frugan {verb}" in printed
    assert "Args:" not in printed
    assert "(default: None)" not in printed
    assert "(default: '')" not in printed


def test_help_says_defaults_of_zero_and_what_is_required(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["render", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "Seed of the picture. (default: 0)" in printed
    with pytest.raises(SystemExit):
        main(["evaluate-decoder", "--help"])
    printed = capsys.readouterr().out
    assert "(required)" in printed
    assert "None" not in printed


def test_unknown_flags_exit_2() -> None:
    assert frugan("train", "--nonsense", "3") == 2


def test_seeds() -> None:
    assert parse_seeds("0-3,7") == [0, 1, 2, 3, 7]
    assert parse_seeds("5-4000000000") == range(5, 4000000001)  # as long as one likes
    for wrong in ("", "a", "3-1", "1-", "-4", "4294967296", "٣"):
        with pytest.raises(UserError, match="seeds"):
            Drawing(parse_seeds(wrong))


def test_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    assert frugan("recipes") == 0
    listed = capsys.readouterr().out
    assert "quickstart" in listed
    assert "nsb-gan-w-dcgan" in listed
    assert frugan("recipes", "quickstart") == 0
    assert "class: frugan.networks.dcgan.DCGANGenerator" in capsys.readouterr().out


def test_dry_run_prints_settings_and_estimates_and_makes_nothing(
    config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert frugan("train", "--config", config_file, "--out", out, "--seed", "5", "--dry-run") == 0
    printed = capsys.readouterr().out
    assert "seed: 5" in printed
    assert "# sampler: generator" in printed
    assert "# decoder: decoder" in printed
    assert "M parameters" in printed
    assert "minutes in all" in printed
    assert not out.exists()


def test_train_both_parts_then_use_the_run(
    config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main job in one command: two processes, evaluation, report; then every other verb on the result."""
    out = tmp_path / "my run"
    assert frugan("train", "--config", config_file, "--out", out) == 0
    said = capsys.readouterr().err
    assert "sampler 100 %" in said
    for name in ("config.yaml", "env.json", "report.html", "evaluation.json", "model/README.md"):
        assert (out / name).is_file(), name
    assert (out / "model" / "decoder.safetensors").is_file()
    # A model is copied to others, who need not learn where its images lay.
    texts = [(out / "model" / name).read_text() for name in ("README.md", "config.json")]
    assert not any(str(tmp_path.parent) in text for text in texts)

    # The folder is taken now.
    assert frugan("train", "--config", config_file, "--out", out) == 2
    assert "frugan resume" in capsys.readouterr().err

    assert frugan("sample", out, "--seeds", "0-4", "--out", tmp_path / "pictures") == 0
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [p.name for p in pictures] == [f"seed{i:04d}.png" for i in range(5)]
    assert frugan("sample", out, "--seeds", "0-4", "--out", tmp_path / "grid.png", "--grid", "--trunc", "0.7") == 0
    assert Image.open(tmp_path / "grid.png").size[0] % 64 == 0

    capsys.readouterr()
    assert frugan("evaluate", out, "--samples", "8", "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["metric"] == "FD-EffNetLite0"
    assert result["protocol"]["n_fake"] == 8
    assert result["warnings"]

    # Resuming a finished run does nothing.
    capsys.readouterr()
    assert frugan("resume", out) == 0
    assert "is finished and evaluated" in capsys.readouterr().err


def test_one_part_at_a_time(config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "parts"
    assert frugan("train", "--config", config_file, "--out", out, "--part", "decoder") == 0
    said = capsys.readouterr().err
    assert "frugan evaluate-decoder" in said
    assert "the sampler, too: frugan resume" in said
    assert frugan("sample", out, "--out", tmp_path / "none") == 2
    assert "it has no trained sampler. Train it with `frugan resume`" in capsys.readouterr().err
    assert not (out / "report.html").exists()
    assert frugan("resume", out, "--part", "sampler") == 0
    assert (out / "report.html").exists()


def test_evaluate_an_earlier_snapshot_and_other_data(
    run_copy: Path, image_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frugan("evaluate", run_copy, "--samples", "8", "--snapshot", "80", "--json") == 0
    said = capsys.readouterr()
    early = json.loads(said.out)
    assert early["nimg"] == 80
    assert not early["kept"]
    assert "not kept in" in said.err
    assert not (run_copy / "evaluation.json").exists()  # only the final state's result is kept
    assert frugan("evaluate", run_copy / "model", "--samples", "8") == 2
    assert "--data" in capsys.readouterr().err
    assert frugan("evaluate", run_copy / "model", "--samples", "8", "--data", image_folder) == 0
    assert "FD-EffNetLite0" in capsys.readouterr().out


def test_replace_never_deletes_what_is_not_a_run(
    config_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    precious = tmp_path / "thesis"
    precious.mkdir()
    (precious / "chapter1.tex").write_text("...")
    assert frugan("train", "--config", config_file, "--out", precious, "--replace") == 2
    assert "it is not a run" in capsys.readouterr().err
    assert (precious / "chapter1.tex").exists()


def test_changed_images_are_noticed_on_resume(
    tiny_config: RunConfig, image_folder: Path, run_copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other images"
    shutil.copytree(image_folder, other)
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(other / "00.png")
    config = (run_copy / "config.yaml").read_text().replace(str(image_folder), str(other))
    (run_copy / "config.yaml").write_text(config)
    assert frugan("resume", run_copy, "--part", "sampler") == 2
    assert "the images have changed since this run began" in capsys.readouterr().err


def test_bad_data_stops_before_anything_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, texts = tmp_path / "empty", tmp_path / "texts"
    empty.mkdir()
    texts.mkdir()
    (texts / "notes.txt").write_text("no picture")
    for folder in (empty, texts):
        assert frugan("train", folder, "--out", tmp_path / "out") == 2
        assert str(folder) in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_small_images_are_told_and_enlarged_only_on_request(
    image_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("train", image_folder, "--recipe", "quickstart", "--resolution", "128", "--dry-run")
    assert frugan(*arguments) == 2
    assert "upsample" in capsys.readouterr().err
    assert frugan(*arguments, "--upsample", "--set", "minutes=0", "--set", "decoder=null") == 0


def test_data_check(image_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert frugan("data", "check", image_folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)
    assert frugan("data", "check", image_folder) == 0
    assert "40" in capsys.readouterr().out


def test_the_module_is_the_command() -> None:
    result = subprocess.run([sys.executable, "-m", "frugan", "--version"], capture_output=True, text=True)
    assert result.returncode == 0
    assert result.stdout.startswith("frugan ")


def test_flags_of_train_are_those_of_a_plan() -> None:
    """The command line and Python say the same in two languages; neither may forget a field, or begin elsewhere."""
    from dataclasses import fields

    from frugan.cli.shape_flags import ShapeFlags
    from frugan.cli.train import Flags
    from frugan.use_cases.plan import Plan

    flags = {field.name: field.default for field in (*fields(Flags), *fields(ShapeFlags))}
    flags |= {"resolution": None, "channels": None}  # text on the command line, "" where a plan has None
    assert {field.name: field.default for field in fields(Plan)}.items() <= flags.items()
