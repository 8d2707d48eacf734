"""From a picture to latents, and from latents and directions to pictures: files, commands, and what is refused."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.exporting.models import LINES, model

import frugan
from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.model.latents import AboutLatents, read_latents, write_latents
from frugan.networks.biggan import BigGANGenerator
from frugan.networks.creps import CREPSGenerator
from frugan.use_cases.export_web import _card_of
from frugan.writing.pictures import to_uint8
from frugan.writing.row_names import with_row_names

QUICK = ["--steps", "3", "--starts", "1"]


@pytest.fixture(scope="module")
def photo(image_folder: Path) -> Path:
    return image_folder / "03.png"


@pytest.fixture(scope="module")
def latents(trained_run: Path, photo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("inverted") / "a"
    return frugan.invert(trained_run, photo, out, frugan.Inverting(steps=3, starts=1)).latents


def refused(arguments: list[str], out: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The sentence; nothing is written."""
    assert main(arguments) == 2
    assert not out.exists()
    said = capsys.readouterr().err.strip()
    assert said.startswith("frugan: ")
    assert "\n" not in said
    assert said.count("Traceback") == 0
    return said


def test_what_invert_writes_is_drawn_again_by_sample_and_video(
    trained_run: Path, latents: Path, tmp_path: Path
) -> None:
    folder = latents.parent
    assert {path.name for path in folder.iterdir()} == {
        "latents.npz",
        "reconstruction.png",
        "compared.png",
        "progress.png",
    }
    drawn = tmp_path / "drawn"
    assert main(["sample", str(trained_run), "--latents", str(latents), "--out", str(drawn)]) == 0
    with Image.open(drawn / "latents0000.png") as again, Image.open(folder / "reconstruction.png") as first:
        assert np.abs(np.asarray(again).astype(int) - np.asarray(first)).max() <= 1  # batches of 16 and of 1
        assert "frugan" not in again.text, "no seed draws it"  # type: ignore[attr-defined]
    film = tmp_path / "film"
    twice = ["--latents", str(latents), "--latents", str(latents)]
    assert main(["video", str(trained_run), *twice, "--seconds", "1", "--fps", "2", "--out", str(film)]) == 0
    assert len(list(film.glob("*.png"))) == 3


def test_numpy_reads_latents_without_unpickling_and_the_distances_are_measured(
    trained_run: Path, photo: Path, latents: Path
) -> None:
    with np.load(latents, allow_pickle=False) as arrays:
        about = json.loads(arrays["about"].tobytes())
        assert arrays["styles"].shape == (1, 8)
    loaded = frugan.load(trained_run)
    assert about["model"] == loaded.fingerprint()
    (drawn,) = loaded.pictures_of(read_latents(latents, loaded), 1)
    given = torch.from_numpy(np.asarray(Image.open(photo)).copy()).permute(2, 0, 1)[None] / 127.5 - 1
    assert about["distances"]["psnr"] == pytest.approx(
        float(-10 * torch.log10((drawn - given).square().mean() / 4)), abs=1e-3
    )


def test_pictures_that_do_not_fit_are_refused_or_made_to_fit(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wide, out = tmp_path / "wide.png", tmp_path / "out"
    Image.new("RGB", (80, 40), "red").save(wide)
    said = refused(["invert", str(trained_run), str(wide), "--out", str(out)], out, capsys)
    assert "has 80 x 40 pixels, and the model draws 64 x 64" in said
    assert "--fit" in said
    (tmp_path / "broken.png").write_bytes(wide.read_bytes()[:60])
    for name, problem in (("broken.png", "broken.png"), ("none.png", "no such file")):
        assert problem in refused(["invert", str(trained_run), str(tmp_path / name), "--out", str(out)], out, capsys)
    said = refused(
        ["invert", str(trained_run), str(wide), "--fit", "pad", "--class", "1", "--out", str(out)], out, capsys
    )
    assert "not class-conditional" in said
    assert main(["invert", str(trained_run), str(wide), "--fit", "pad", *QUICK, "--out", str(out)]) == 0
    sheet = np.asarray(Image.open(out / "compared.png"))
    assert sheet.shape == (64, 192, 3)
    assert (sheet[2, :64] == 255).all(), "padded with white"
    assert (sheet[32, :64] == (255, 0, 0)).all()


def archive(packing: int = zipfile.ZIP_STORED, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as written:
        for name, content in members.items():
            written.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def array(values: object) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(values), allow_pickle=True)
    return buffer.getvalue()


def damaged_lzma() -> bytes:
    whole = bytearray(archive(zipfile.ZIP_LZMA, styles=bytes(1000), about=b""))
    begin = 30 + len("styles.npy") + 9  # of the compressed bytes, after the headers of the zip and of LZMA
    whole[begin : begin + 6] = b"\xff" * 6
    return bytes(whole)


def about(**said: object) -> bytes:
    return array(np.frombuffer(json.dumps(said).encode(), np.uint8))


STYLES = array(np.zeros((1, 8), np.float32))
MALFORMED = {
    "no zip": b"latents",
    "cut off": archive(styles=STYLES, about=about(model="x"))[:-30],
    "damaged LZMA": damaged_lzma(),
    "nothing about it": archive(styles=STYLES),
    "objects": archive(styles=array([{"a": 1}]), about=about(model="x")),
    "not finite": archive(styles=array(np.full((1, 8), np.nan, np.float32)), about=about(model="x")),
    "doubles": archive(styles=array(np.zeros((1, 8))), about=about(model="x")),
    "no JSON": archive(styles=STYLES, about=array(np.frombuffer(b"{", np.uint8))),
    "no object": archive(styles=STYLES, about=array(np.frombuffer(b"[]", np.uint8))),
    "another model": archive(styles=STYLES, about=about(model="x")),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_malformed_latents_are_a_sentence(
    kind: str, trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "bad.npz", tmp_path / "out"
    path.write_bytes(MALFORMED[kind])
    said = refused(["sample", str(trained_run), "--latents", str(path), "--out", str(out)], out, capsys)
    assert "bad.npz" in said
    if kind == "another model":
        assert "latents of another model" in said


def test_a_shape_of_another_model_is_refused_whatever_the_file_says(trained_run: Path, tmp_path: Path) -> None:
    loaded = frugan.load(trained_run)
    write_latents(tmp_path / "a.npz", torch.zeros(1, 9), AboutLatents(loaded.fingerprint()))
    with pytest.raises(frugan.UserError, match=r"shape \(1, 9\), not \(1, 8\)"):
        read_latents(tmp_path / "a.npz", loaded)


def test_directions_are_named_shown_and_followed(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The picture is the one of latents that were moved by hand; another model's are refused."""
    folder, out = tmp_path / "found", tmp_path / "out"
    found = frugan.directions(trained_run, folder, frugan.Exploring(count=3, names={2: "<b>smile"}, pictures=1))
    assert found.names == ("1", "<b>smile", "3")
    page = found.page.read_text()
    assert page.count("<h2>") == 3
    assert "&lt;b&gt;smile" in page
    assert "<b>smile" not in page
    assert page.count("<img") == 3
    asked = ["sample", str(trained_run), "--seeds", "4", "--directions", str(found.file), "--out", str(out)]
    assert "no such direction" in refused([*asked, "--direction", "frown=1"], out, capsys)
    assert "such as smile=2" in refused([*asked, "--direction", "smile"], out, capsys)
    assert main([*asked, "--direction", "<b>smile=2", "--direction", "3=-1"]) == 0
    loaded = frugan.load(trained_run)
    with np.load(found.file, allow_pickle=False) as arrays:
        vectors = torch.from_numpy(arrays["vectors"])
    (expected,) = loaded.pictures_of(loaded.styles([4]) + 2 * vectors[1] - vectors[2], 1)
    drawn = np.asarray(Image.open(out / "seed0004.png")).astype(int)
    assert np.abs(drawn - to_uint8(expected)[0]).max() <= 1
    next(loaded.generator.parameters()).data.mul_(1.5)
    moved = frugan.Drawing([4], directions=found.file, moves=[("1", 1.0)])
    with pytest.raises(frugan.UserError, match="directions of another model"):
        frugan.sample(loaded, tmp_path / "other", moved)
    assert not (tmp_path / "other").exists()


def test_names_of_directions_that_there_are_not_are_refused(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for names, problem in (
        (["9=a"], "from 1 to 8"),
        (["1=2"], "no number"),
        (["1=a", "2=a"], "same name"),
        (["a"], "3=smile"),
    ):
        given = [word for name in names for word in ("--name", name)]
        assert problem in refused(["directions", str(trained_run), *given, "--out", str(out)], out, capsys)


def test_latents_do_not_go_with_what_they_decide(trained_run: Path, latents: Path, tmp_path: Path) -> None:
    for wrong in ({"truncation": 0.5}, {"label": 0}):
        with pytest.raises(frugan.ArgumentError, match="does not go with"):
            frugan.Drawing(latents=[latents], **wrong)  # type: ignore[arg-type]
    with pytest.raises(frugan.ArgumentError, match="from_png"):
        frugan.sample(trained_run, tmp_path / "x", frugan.Drawing(latents=[latents]), from_png=latents)
    assert not (tmp_path / "x").exists()


def test_render_draws_latents_at_any_size(tmp_path: Path) -> None:
    """As the seed that they are of."""
    torch.manual_seed(0)
    loaded = model(CREPSGenerator((3, 16, 16), **LINES), IdentityCodec())
    write_latents(tmp_path / "a.npz", loaded.styles([7]), AboutLatents(loaded.fingerprint()))
    frame = frugan.Frame((40, 24))
    for name, drawing in (("a.png", frugan.Drawing([7])), ("b.png", frugan.Drawing(latents=[tmp_path / "a.npz"]))):
        frugan.render(loaded, tmp_path / name, drawing, frame, metadata=False)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_sheets_of_classes_have_their_names_beside_the_rows(tmp_path: Path) -> None:
    """Rows of pictures stay as they are, in their order; each name is drawn, and different names differ."""
    torch.manual_seed(0)
    generator = BigGANGenerator((3, 32, 32), channels=4, attention=0, classes=3, latent_dim=20, shared_dim=8)
    loaded = model(generator, IdentityCodec())
    (file,) = frugan.sample(loaded, tmp_path / "a.png", frugan.Drawing([1, 2]), sheet=True, each_class=True).files
    sheet = np.asarray(Image.open(file))
    expected = np.concatenate(
        [np.concatenate(to_uint8(loaded.sample([1, 2], label=label)), axis=1) for label in range(3)]
    )
    assert (sheet[:, -64:] == expected).all()
    assert sheet.shape[0] == 96
    names = [sheet[32 * row : 32 * row + 32, :-64] for row in range(3)]
    assert all((name < 128).any() for name in names)
    assert (names[0] != names[1]).any()
    assert (names[1] != names[2]).any()


def test_names_are_cut_off_and_unknown_letters_become_numbers() -> None:
    sheet = np.zeros((60, 10, 3), np.uint8)
    plain, long, foreign = ("cat", "c" * 500, "\u732b")
    widths = {len(with_row_names(sheet, [name] * 3)[0]) for name in (plain, foreign)}
    assert with_row_names(sheet, [long] * 3).shape[1] < 500
    numbered, named = (with_row_names(sheet, names) for names in (["0", "1", "2"], [foreign] * 3))
    assert (numbered == named).all()
    assert len(widths) == 2


@pytest.fixture
def in_package(trained_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model inside the package; this process works in an empty folder."""
    shutil.copytree(trained_run / "model", tmp_path / "package" / "noto-people")
    monkeypatch.setattr("frugan.model.place.shipped_folder", lambda: tmp_path / "package")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return "noto-people"


def test_directions_of_a_model_inside_the_package_need_a_folder(
    in_package: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside it nothing is written, and a folder of its name here would hide it."""
    here = tmp_path / "here"
    assert "--out" in refused(["directions", in_package, "--count", "1"], here / in_package, capsys)
    out = here / "out"
    assert "--directions" in refused(["sample", in_package, "--direction", "1=2", "--out", "out"], out, capsys)
    assert main(["directions", in_package, "--count", "1", "--pictures", "1", "--out", "found"]) == 0
    moved = ["--direction", "1=2", "--directions", "found/directions.npz"]
    assert main(["sample", in_package, "--seeds", "1", *moved, "--out", "out"]) == 0


def test_a_page_of_a_model_inside_the_package_has_its_card(in_package: str, tmp_path: Path) -> None:
    card = tmp_path / "package" / in_package / "README.md"
    card.write_text("---\nlicense: mit\n---\n")
    assert _card_of(in_package) == card.read_text()
