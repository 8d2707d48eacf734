"""Folders of exported pages: what is in them, where it comes from, and what is refused."""

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
import torch

import frugan.use_cases.export_web as use_case
from frugan import RunError, UserError, export_web
from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.shape import ImageShape, PixelFormat
from frugan.config.spec import Spec
from frugan.exporting import scripts
from frugan.exporting.browser_runtime import FILES, VERSION, browser_runtime
from frugan.exporting.scripts import linked
from frugan.model.folder import GENERATOR_FILE, ModelDescription
from frugan.model.weights import write_weights
from frugan.networks.creps import CREPSGenerator

from .models import SAMPLERS, SMALL_CREPS, small_creps

Page = Any  # Playwright's


def some_runtime(folder: Path) -> Path:
    """Files with the names of onnxruntime-web, and nothing in them."""
    (folder / "dist").mkdir(parents=True)
    for name in FILES:
        (folder / "dist" / name).write_text(f"// {name}")
    return folder


def test_a_page_that_cannot_read_its_model_from_a_disk_says_what_to_do(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use_case, "_write_graph", lambda model, path: 0.0)  # which takes seconds, and is tested above
    made = export_web(SAMPLERS["mlp"](), tmp_path / "page", some_runtime(tmp_path / "package"))
    assert made.needs_server
    assert "python -m http.server" in made.text()
    written = {path.name: path for path in (tmp_path / "page" / "ort").iterdir()}
    assert written.keys() == {*FILES, "LICENSE.txt", "ThirdPartyNotices.txt"}
    assert "MIT License" in written["LICENSE.txt"].read_text()
    page.goto((tmp_path / "page" / "index.html").as_uri())
    page.get_by_text("Type `python -m http.server` in its folder").wait_for()


def npm_that_packs(folder: Path, members: dict[str, bytes]) -> Path:
    """A program that is called as npm is, and writes such an archive."""
    folder.mkdir()
    with tarfile.open(folder / "packed.tgz", "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    program = folder / "npm"
    program.write_text(f'#!/bin/sh\n[ "$1 $3" = "pack onnxruntime-web@{VERSION}" ] && cp {folder}/packed.tgz "$5"\n')
    program.chmod(0o755)
    return program


def test_of_the_package_that_npm_fetches_only_known_files_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = {f"package/dist/{name}": name.encode() for name in FILES}
    npm = npm_that_packs(tmp_path / "sound", sound | {"package/dist/../../evil.js": b"evil", "/evil.js": b"evil"})
    monkeypatch.setattr("shutil.which", lambda name: str(npm))
    files = browser_runtime(None)
    assert files.keys() == {*FILES, "LICENSE.txt", "ThirdPartyNotices.txt"}
    assert all(files[name] == name.encode() for name in FILES)
    npm = npm_that_packs(tmp_path / "lacking", dict(list(sound.items())[1:]))
    with pytest.raises(RunError, match=r"lacks ort\.wasm\.min\.js"):
        browser_runtime(None)
    npm.write_text("#!/bin/sh\necho no such registry >&2\nexit 1\n")
    with pytest.raises(RunError, match="could not fetch onnxruntime-web: no such registry"):
        browser_runtime(None)


def test_modules_are_small_and_plain() -> None:
    for path in (Path(scripts.__file__).parent / "page").glob("*.js"):
        text = path.read_text()
        assert text.count("\n") <= 350
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
        assert not re.search(r"\bfetch\(|XMLHttpRequest|\bimport\(|https://", text)


def test_only_modules_of_the_one_form_are_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "a.js": 'import { b } from "./b.js";\nb();',
        "b.js": 'import { a } from "./a.js";\nexport const b = 1;',
        "c.js": 'import * as all from "./b.js";',
        "d.js": "export default 1;",
        "e.js": 'const later = import("./b.js");',
        "f.js": 'import { g } from "./g.js";\nglobalThis.found = g() + 1;',
        "g.js": "const hidden = 41;\nexport function g() { return hidden; }",
    }
    monkeypatch.setattr(scripts, "page_file", texts.__getitem__)
    with pytest.raises(ValueError, match=r"import each other: a\.js -> b\.js -> a\.js"):
        linked("a.js")
    for name in ("c.js", "d.js", "e.js"):
        with pytest.raises(ValueError, match="cannot be linked"):
            linked(name)
    assert "export" not in linked("f.js")


@pytest.fixture
def folder_of_creps(tmp_path: Path) -> Path:
    """A model folder with a card."""
    torch.manual_seed(0)
    spec, folder = Spec(CREPSGenerator, **SMALL_CREPS), tmp_path / "creps"
    folder.mkdir()
    ModelDescription(spec, Spec(IdentityCodec), None, (3, 16, 16), ImageShape(3, 16, 16)).write(folder)
    write_weights(folder / GENERATOR_FILE, spec.build(code_shape=(3, 16, 16)))
    (folder / "README.md").write_text("# A card")
    return folder


def test_the_command_writes_a_folder_with_card_and_licence(
    folder_of_creps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page").mkdir()  # empty: it may be there
    assert main(["export", str(folder_of_creps), "--web", str(tmp_path / "page"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["viewer"] == "frugan"
    assert not said["needs_server"]
    assert said["files"] == {path.name: path.stat().st_size for path in (tmp_path / "page").iterdir()}
    assert (tmp_path / "page" / "model-card.md").read_text() == "# A card"
    assert "Apache License" in (tmp_path / "page" / "LICENSE.txt").read_text()
    for file in (tmp_path / "page").iterdir():
        assert str(tmp_path) not in file.read_text(), "it tells where it was made"


def test_what_cannot_be_done_is_said_and_nothing_is_written(
    folder_of_creps: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    run, new = str(folder_of_creps), str(tmp_path / "new")
    before = sorted(tmp_path.rglob("*"))
    for arguments, problem in (
        ([run, "--web", str(tmp_path / "full")], "full: holds something already"),
        ([run, "--web", str(tmp_path / "full" / "mine.txt")], "mine.txt: holds something already"),
        ([run, "--web", new, "--ort", str(tmp_path / "none")], "none: no such folder"),
        ([run, "--web", new, "--out", "model.onnx"], "--out: give either this, a file, or --web, a folder"),
        ([run], "--out: give either this"),
        ([run, "--out", "m.onnx", "--ort", run], "goes with --web"),
        ([run, "--web", new, "--part", "sampler"], "--part: this and --pixels go with --out"),
        ([str(tmp_path / "full"), "--web", new], "full"),
    ):
        assert main(["export", *arguments]) == 2
        assert problem in " ".join(capsys.readouterr().err.split())
    assert sorted(tmp_path.rglob("*")) == before


def test_models_that_a_page_cannot_show_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bands, deep, other = small_creps((5, 16, 16)), small_creps(), SAMPLERS["mlp"]()
    deep.pixels = PixelFormat(16, 0, 65535)
    for made, problem in ((bands, "5 channels of 8 bits"), (deep, "3 channels of 16 bits")):
        with pytest.raises(UserError, match=problem):
            export_web(made, tmp_path / "page")
    with pytest.raises(UserError, match=r"lacks ort\.wasm\.min\.js"):
        export_web(other, tmp_path / "page", tmp_path)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(UserError, match="Install npm"):
        export_web(other, tmp_path / "page")
    assert list(tmp_path.iterdir()) == []
