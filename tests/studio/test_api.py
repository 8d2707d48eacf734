"""Every address of the studio: what it answers, and what it says to nonsense."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

CHANGES = {"frugan-studio": "1"}


def png(side: int = 20) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.RandomState(0).randint(0, 255, (side, side, 3), np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


def test_home_lists_runs_models_and_studies_and_what_is_damaged(client: TestClient, world: Path) -> None:
    broken = world / "broken"
    broken.mkdir()
    (broken / "config.yaml").write_text("<b>no</b>: [")
    try:
        found = client.get("/api/home").json()
    finally:
        (broken / "config.yaml").unlink()
        broken.rmdir()
    entries = {entry["name"]: entry for entry in found["entries"]}
    assert set(entries) == {"tiny", "creps", "study", "broken"}
    assert entries["tiny"]["kind"] == "run"
    assert entries["tiny"]["state"] == "finished"
    assert entries["tiny"]["progress"] == 1
    assert entries["study"]["state"] == "new"
    assert entries["broken"]["state"] == "damaged"
    assert "not valid YAML" in entries["broken"]["problem"]
    assert found["folders"] == [{"place": "0", "path": str(world)}]


def test_a_run_tells_how_far_it_is(client: TestClient) -> None:
    run = client.get("/api/run", params={"place": "0/tiny"}).json()
    assert [part["name"] for part in run["parts"]] == ["sampler", "decoder"]
    assert all(part["finished"] for part in run["parts"])
    assert run["samples"][-1] == 160
    figures = client.get("/api/run/curves", params={"place": "0/tiny"}).json()["figures"]
    assert sum("<svg" in figure for figure in figures) >= 3
    sheet = client.get("/api/run/samples", params={"place": "0/tiny", "nimg": 160})
    assert Image.open(io.BytesIO(sheet.content)).format == "PNG"
    assert client.get("/api/run/samples", params={"place": "0/tiny", "nimg": 161}).status_code == 400


def test_models_tell_what_they_can_do(client: TestClient) -> None:
    tiny = client.get("/api/model", params={"place": "0/tiny"}).json()["facts"]
    creps = client.get("/api/model", params={"place": "0/creps"}).json()["facts"]
    assert (tiny["size"], tiny["zooms"], tiny["layers"]) == ([64, 64], False, 0)
    assert tiny["snapshots"] == [0, 80, 160]
    assert (creps["size"], creps["zooms"], creps["layers"] > 2) == ([32, 32], True, True)


def test_pictures_are_kept_by_browsers_under_addresses_that_say_it_all(client: TestClient) -> None:
    stamp = client.get("/api/model", params={"place": "0/creps"}).json()["stamp"]
    asked = {"place": "0/creps", "seed": "3", "whole": "128,128", "corner": "0,0", "size": "64,64"}
    final = client.get("/api/tile", params={**asked, "stamp": stamp})
    assert "immutable" in final.headers["cache-control"]
    assert client.get("/api/tile", params={**asked, "stamp": "old"}).headers["cache-control"] == "no-cache"
    assert Image.open(io.BytesIO(final.content)).size == (64, 64)
    seed = client.get("/api/picture", params={"place": "0/tiny", "seed": "3", "snapshot": "80", "save": "1"})
    assert seed.headers["content-disposition"] == 'attachment; filename="seed3.png"'
    assert client.get("/api/thumbnail", params={"place": "0/creps"}).headers["content-type"] == "image/png"
    assert client.get("/api/thumbnail", params={"place": "0/tiny"}).headers["content-type"] == "image/png"


NONSENSE = [
    {"seed": "-1"},
    {"seed": "4294967296"},
    {"seed": "1e3"},
    {"seed": "nan"},
    {"seed": "9" * 400},
    {"seed": "٣"},
    {"seed": "x"},
    {"truncation": "nan"},
    {"truncation": "inf"},
    {"truncation": "-1"},
    {"truncation": "1e999"},
    {"distance": "1.01"},
    {"distance": "NaN"},
    {"others": "1,2", "parts": "1"},
    {"others": "1,2,3,4,5", "parts": "0,0,0,0,0"},
    {"others": "1", "parts": "2"},
    {"others": ",".join("1" * 100)},
    {"style": "-2"},
    {"style": "4", "layers": "2,1"},
    {"style": "4", "layers": "0,500"},
    {"label": "cat"},
    {"label": "x" * 5000},
    {"snapshot": "7"},
    {"snapshot": "-1"},
    {"snapshot": "../../x"},
]
NONSENSE_TILES = [
    {"whole": "0,0"},
    {"whole": "-5,5"},
    {"whole": "64"},
    {"whole": "64,64,64"},
    {"whole": "nan,64"},
    {"whole": "1e9,1e9"},
    {"whole": "99999999999,1"},
    {"size": "0,5"},
    {"size": "5000,5000"},
    {"size": "-1,1"},
    {"corner": "99999999999999,0"},
    {"corner": "x,y"},
    {"corner": ""},
    {"outside": "everywhere"},
    {"supersample": "3"},
    {"supersample": "0"},
    {"supersample": "8", "size": "1024,1024"},
]


@pytest.mark.parametrize("values", NONSENSE, ids=lambda values: repr(values)[:40])
def test_pictures_refuse_nonsense_in_sentences(client: TestClient, values: dict[str, str]) -> None:
    answer = client.get("/api/picture", params={"place": "0/tiny", **values})
    assert answer.status_code == 400, answer.text[:200]
    assert 10 < len(answer.json()["error"]) < 500


@pytest.mark.parametrize("values", NONSENSE_TILES, ids=lambda values: repr(values)[:40])
def test_tiles_refuse_nonsense_in_sentences(client: TestClient, values: dict[str, str]) -> None:
    asked = {"place": "0/creps", "whole": "64,64", "corner": "0,0", "size": "64,64", **values}
    answer = client.get("/api/tile", params=asked)
    assert answer.status_code == 400, answer.text[:200]
    assert 10 < len(answer.json()["error"]) < 500


BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b'{"kind": NaN}',
    b'{"kind": 1e999}',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"kind": "fly"}',
    b'{"kind": {}}',
    b'{"kind": "train"}',
    b'{"kind": "resume", "place": 5}',
    b'{"kind": "\\ud800"}',
    b'{"kind": "train", "data": "noto-people", "recipe": "nope", "name": "x"}',
    b'{"kind": "train", "data": "noto-people", "recipe": "quickstart", "minutes": -1, "name": "x"}',
    b'{"kind": "train", "data": "noto-people", "recipe": "quickstart", "minutes": true, "name": "x"}',
    b'{"kind": "train", "data": "noto-people", "recipe": "quickstart", "minutes": 1e300, "name": "x"}',
    b'{"kind": "train", "data": "noto-people", "recipe": "quickstart", "resolution": 1e10, "name": "x"}',
    b'{"kind": "resume", "place": "0/tiny", "kimg": "NaN"}',
    b'{"kind": "render", "place": "0/creps", "size": [0, 5]}',
    b'{"kind": "render", "place": "0/creps", "size": [99999999, 5]}',
    b'{"kind": "render", "place": "0/creps", "size": "x"}',
    b'{"kind": "render", "place": "0/creps", "size": [64, 64], "crop": [0, 0]}',
    b'{"kind": "render", "place": "0/creps", "size": [64, 64], "crop": [1, 1, 0, 0]}',
    b'{"kind": "render", "place": "0/creps", "size": [64, 64], "ending": "sh"}',
    b'{"kind": "enlarge", "image": "0/none.png", "decoder": "0/tiny"}',
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
def test_jobs_refuse_nonsense_in_sentences(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/jobs", content=body, headers=CHANGES)
    assert answer.status_code in (400, 403), answer.text[:200]
    assert 10 < len(answer.json()["error"]) < 2000


def test_large_bodies_and_unknown_addresses(client: TestClient) -> None:
    large = b'{"kind": "' + b"x" * 2**20 + b'"}'
    assert client.post("/api/jobs", content=large, headers=CHANGES).status_code == 413
    assert client.get("/api/nothing").status_code == 404
    assert client.get("/nothing").status_code == 404
    assert client.delete("/api/jobs", headers=CHANGES).status_code == 405
    assert "error" in client.get("/api/jobs/result", params={"number": "7"}).json()
    assert client.get("/api/jobs/log", params={"number": "999999999999"}).status_code == 400


def test_favourites_live_beside_the_run_and_names_are_text(client: TestClient, world: Path) -> None:
    chosen = [
        {
            "name": "<img src=x onerror=alert(1)>",
            "wish": {"seed": 3, "truncation": 0.7, "distance": 0.2, "variation": 8},
        }
    ]
    asked = {"params": {"place": "0/tiny"}, "headers": CHANGES}
    assert client.put("/api/favourites", json={"favourites": chosen}, **asked).status_code == 200  # type: ignore[arg-type]
    kept = json.loads((world / "tiny" / "favourites.json").read_text())
    assert kept["favourites"][0]["wish"]["seed"] == 3
    found = client.get("/api/favourites", params={"place": "0/tiny"}).json()["favourites"]
    assert found[0]["name"] == chosen[0]["name"]
    for wrong in ([{}], [3], "x", [{"name": "x", "wish": {"seed": -1}}], [{"name": "x", "wish": {"seed": "NaN"}}]):
        assert client.put("/api/favourites", json={"favourites": wrong}, **asked).status_code == 400  # type: ignore[arg-type]
    (world / "tiny" / "favourites.json").write_text("[")
    assert client.get("/api/favourites", params={"place": "0/tiny"}).status_code == 400
    (world / "tiny" / "favourites.json").unlink()
    assert client.get("/api/favourites", params={"place": "0/photos"}).status_code == 400


def test_uploads_are_looked_at_and_never_believed_by_name(client: TestClient, world: Path) -> None:
    def sent(content: bytes, **values: str) -> tuple[int, dict[str, str]]:
        answer = client.post("/api/uploads", params=values, content=content, headers=CHANGES)
        return answer.status_code, answer.json()

    status, found = sent(png(), name="../../../evil.sh", data="dropped")
    assert (status, found["place"]) == (201, "0/dropped/evil.png")
    assert sent(png(), name="evil.png", data="dropped")[1]["place"] == "0/dropped/evil-2.png"
    status, found = sent(png(), name="a.html")
    assert status == 201
    shown = client.get("/api/uploads/file", params={"place": found["place"]})
    assert shown.headers["content-type"] == "image/png"
    assert shown.content == png()
    bomb = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x02\x00\x00\x00"
    for content in (b"", b"<script>", b"PK\3\4", png()[:60], bomb, b"GIF89a"):
        status, found = sent(content, name="x.png", data="dropped")
        assert status == 400, content
    assert sorted(path.name for path in (world / "dropped").iterdir()) == ["evil-2.png", "evil.png"]
    for data in ("../x", "a/b", ".x", "tiny", "nul"):
        assert sent(png(), name="x.png", data=data)[0] == 400, data
    assert sent(png(), name="x.png", kind="zip")[0] == 400
    assert sent(png(), name="x.zip", kind="zip", data="zipped")[0] == 400
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("../../x.png", png())
    assert sent(held.getvalue(), name="x.zip", kind="zip", data="zipped")[1]["place"] == "0/zipped.zip"
    assert sent(held.getvalue(), name="x.zip", kind="zip", data="zipped")[0] == 400  # it is there
    assert not list((world / ".studio" / "incoming").iterdir())
    assert client.get("/api/uploads/file", params={"place": "0/tiny/config.yaml"}).status_code == 400


def test_comparing_shows_what_differs(client: TestClient) -> None:
    found = client.get("/api/compare", params={"places": "0/tiny,0/creps"}).json()
    assert [entry["name"] for entry in found["entries"]] == ["tiny", "creps"]
    assert {"recipe", "codec.levels"} <= {row["name"] for row in found["settings"]}
    assert client.get("/api/compare", params={"places": ",".join(["0/tiny"] * 9)}).status_code == 400
    same = client.get("/api/compare", params={"places": "0/tiny,0/tiny"}).json()
    assert same["settings"] == []


def test_a_study_shows_its_trials(client: TestClient) -> None:
    found = client.get("/api/study", params={"place": "0/study"}).json()
    assert found["question"] == "Which?"
    assert [(trial["row"], trial["state"]) for trial in found["trials"]] == [("only", "new")]
    assert found["rows"][0]["mean"] == "not measured yet"


def test_recipes_are_listed(client: TestClient) -> None:
    groups = client.get("/api/recipes").json()["groups"]
    assert groups[0]["recipes"][0]["name"] == "quickstart"
