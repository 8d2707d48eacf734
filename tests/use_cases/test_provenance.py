"""Pictures carry what they were drawn from, and are drawn again from that."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import frugan
from frugan.cli import main
from frugan.writing.pictures import write_picture
from frugan.writing.provenance import Provenance, read_provenance


def test_a_picture_says_where_it_comes_from_and_is_drawn_again(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Read back by Pillow; the same pixels come out; another model, other text and other files are refused."""
    made = frugan.sample(trained_run, tmp_path / "a", frugan.Drawing([7], truncation=0.8))
    with Image.open(made.files[0]) as opened:
        said = json.loads(opened.text["frugan"])
    model = frugan.load(trained_run)
    assert said == {
        "model": model.fingerprint(),
        "seed": 7,
        "truncation": 0.8,
        "label": None,
        "frugan": frugan.__version__,
    }
    assert main(["sample", str(trained_run), "--from-png", str(made.files[0]), "--out", str(tmp_path / "b")]) == 0
    again = tmp_path / "b" / "seed0007.png"
    assert again.read_bytes() == made.files[0].read_bytes()
    (bare,) = frugan.sample(model, tmp_path / "c", frugan.Drawing([7], truncation=0.8), metadata=False).files
    with Image.open(bare) as opened:
        assert opened.text == {}
        assert (np.asarray(opened) == np.asarray(Image.open(again))).all()
    next(model.generator.parameters()).data.mul_(1.5)
    for asked, path, problem in (
        (model, again, "drawn by another model, or another snapshot"),
        (trained_run, bare, "does not say which model"),
        (trained_run, trained_run / "config.yaml", "cannot be read as a PNG"),
    ):
        with pytest.raises(frugan.UserError, match=problem):
            frugan.sample(asked, tmp_path / "d", from_png=path)
    for text in ("[" * 4000, '{"model": "x", "seed": -1, "truncation": 1}', '{"seed": "\\u001b[2J"}', "{}", "NaN"):
        info = PngInfo()
        info.add_text("frugan", text)
        Image.new("RGB", (2, 2)).save(tmp_path / "odd.png", pnginfo=info)
        assert main(["sample", str(trained_run), "--from-png", str(tmp_path / "odd.png"), "--out", "d"]) == 2
        assert "\x1b" not in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_deep_pictures_say_so_too(tmp_path: Path) -> None:
    known = Provenance("abc", 3, 1.0)
    write_picture(tmp_path / "deep.png", np.zeros((4, 4, 3), np.uint16), known.to_text())
    assert read_provenance(tmp_path / "deep.png") == known
