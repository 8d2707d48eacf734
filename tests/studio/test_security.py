"""Who may ask, and what for: every refusal that the studio promises."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from frugan.studio.places import OutsideError, Places
from frugan.studio.security import Rules, is_loopback
from frugan.studio.server import application, open_studio_of
from frugan.studio.shelf import entries
from frugan.system.errors import UserError

HERE, CHANGES = "http://127.0.0.1:8000", {"frugan-studio": "1"}
ABROAD = "http://192.168.1.5:8000"


@pytest.fixture(scope="module")
def abroad(world: Path) -> Iterator[tuple[TestClient, str]]:
    """A studio that others can reach, and its token."""
    rules = Rules.of("0.0.0.0")
    with TestClient(
        application(open_studio_of([world], "cpu"), rules), base_url=ABROAD, follow_redirects=False
    ) as opened:
        yield opened, rules.token


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"host": "localhost:9000"}, True),  # a tunnel
        ({"host": "[::1]:8000"}, True),
        ({"host": "evil.example"}, False),
        ({"host": "evil.example:8000"}, False),
        ({"host": "127.0.0.1.evil.example"}, False),
        ({"host": "localhost@evil.example"}, False),
        ({"host": "192.168.1.5"}, False),
        ({"host": ""}, False),
        ({"origin": HERE}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://127.0.0.1:9999"}, False),
        ({"origin": "https://127.0.0.1:8000"}, False),
        ({"origin": "null"}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}, False),
    ],
)
def test_hosts_and_origins(client: TestClient, headers: dict[str, str], allowed: bool) -> None:
    answer = client.get("/api/recipes", headers=headers)
    assert answer.status_code == (200 if allowed else 403)
    assert allowed or answer.json()["error"].endswith(".")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/jobs"),
        ("POST", "/api/jobs/stop"),
        ("POST", "/api/uploads"),
        ("PUT", "/api/favourites?place=0/tiny"),
    ],
)
def test_changes_need_the_header_that_no_other_site_can_send(client: TestClient, method: str, path: str) -> None:
    for headers in ({}, {"frugan-studio": "0"}, {"frugan-studio": "1", "origin": "http://evil.example"}):
        assert client.request(method, path, headers=headers, json={}).status_code == 403
    assert client.request(method, path, headers=CHANGES, json={}).status_code == 400


def test_every_answer_forbids_scripts_of_others(client: TestClient) -> None:
    for path in ("/", "/static/app.js", "/api/recipes", "/api/nothing", "/nothing"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
    assert "<script>" not in client.get("/").text
    assert "style=" not in client.get("/").text
    report = client.get("/api/report", params={"place": "0/tiny"})
    assert report.status_code == 400  # none was written


def test_a_report_has_no_rights(client: TestClient, world: Path) -> None:
    (world / "tiny" / "report.html").write_text("<script>alert(1)</script>")
    try:
        policy = client.get("/api/report", params={"place": "0/tiny"}).headers["content-security-policy"]
    finally:
        (world / "tiny" / "report.html").unlink()
    assert policy.startswith("sandbox;")
    assert "script-src" not in policy


def test_others_need_the_token(abroad: tuple[TestClient, str]) -> None:
    client, token = abroad
    for path in ("/", "/api/recipes", "/static/app.js", f"/api/recipes?token={token}", "/?token=wrong", "/?token="):
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert "token" in answer.json()["error"]
    assert client.get("/api/recipes", headers={"authorization": f"Bearer {token}"}).status_code == 200
    assert client.get("/api/recipes", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert (
        client.get("/api/recipes", headers={"cookie": "frugan-studio-8000=\xff".encode("latin-1")}).status_code == 401
    )  # type: ignore[dict-item]
    opened = client.get(f"{ABROAD}//evil.example/run?place=0/tiny&token={token}")
    assert opened.status_code == 303
    assert opened.headers["location"] == "/evil.example/run?place=0%2Ftiny"
    cookie = opened.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert client.get("/api/recipes").status_code == 200  # with the cookie
    assert client.get("/api/recipes", headers={"host": "evil.example"}).status_code == 403


def test_a_token_is_asked_of_all_but_the_loopback() -> None:
    assert all(is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "127.0.0.2"))
    assert not any(is_loopback(host) for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", ""))
    assert Rules.of("127.0.0.1").token == ""
    assert len(Rules.of("0.0.0.0").token) >= 32
    assert Rules.of("0.0.0.0").token != Rules.of("0.0.0.0").token


WAYS_OUT = (
    "0/../secret.txt",
    "0/link",
    "0/link/secret.txt",
    "0//etc/passwd",
    "0/tiny/../../..",
    "/etc/passwd",
    "../",
    "",
    "0/\0",
    "1/x",
    "-1/x",
    "00000/x",
    "٠/x",
    "0/" + "x" * 5000,
    "0/..%2f..",
    "0/\udcff",
    "0/~root",
    "file:///etc/passwd",
    "0\\..\\..",
)


@pytest.mark.parametrize("place", WAYS_OUT, ids=range(len(WAYS_OUT)))
def test_no_way_leads_out_of_the_folders(client: TestClient, world: Path, place: str) -> None:
    places = Places.of([world])
    with contextlib.suppress(OutsideError):
        assert world in (found := places.path(place)).parents or found == world
    if "\udcff" in place:
        return  # no client can send it
    for path in (
        "/api/model",
        "/api/run",
        "/api/thumbnail",
        "/api/report",
        "/api/study",
        "/api/favourites",
        "/api/uploads/file",
    ):
        answer = client.get(path, params={"place": place})
        assert answer.status_code in (400, 403, 404), (path, answer.text)
        assert "secret" not in answer.text.replace("secret.txt", "")
    for kind in ("resume", "evaluate", "report", "render"):
        content = {"kind": kind, "place": place, "size": [64, 64]}
        answer = client.post("/api/jobs", json=content, headers=CHANGES)
        assert answer.status_code in (400, 403, 404), (kind, answer.text)
    for content in (
        {"kind": "train", "folder": place, "name": "x"},
        {"kind": "enlarge", "image": place, "decoder": "0/tiny"},
    ):
        asked = {"data": "noto-people", "recipe": "no-such", **content}
        assert client.post("/api/jobs", json=asked, headers=CHANGES).status_code in (400, 403, 404)


@pytest.mark.parametrize("name", ["../x", "/x", "..", ".hidden", "a/b", "a\\b", "nul", "x" * 500, "\n", "tiny"])
def test_new_things_have_names_that_stay_inside(client: TestClient, world: Path, name: str) -> None:
    content = {"kind": "train", "data": "noto-people", "recipe": "quickstart", "folder": "0", "name": name}
    assert client.post("/api/jobs", json=content, headers=CHANGES).status_code == 400
    with pytest.raises(UserError):
        Places.of([world]).new("0", name)


@pytest.mark.parametrize("data", ["/etc", "../", "link", "cifar10", "hf:x/y", "", "no-such", "0/photos", "~"])
def test_images_are_inside_too(client: TestClient, data: str) -> None:
    for kind in ("check", "estimate", "train"):
        content = {"kind": kind, "data": data, "recipe": "quickstart", "name": "new"}
        assert client.post("/api/jobs", json=content, headers=CHANGES).status_code in (400, 403)


@pytest.mark.parametrize(
    "path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py", "/static//etc/passwd"]
)
def test_the_static_folder_is_all_that_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("name", ["generator.safetensors", "sampler/log", "extra"])
def test_models_that_hold_a_link_out_of_the_folders_are_refused(world: Path, tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside" / "model"
    shutil.copytree(world / "creps", inside)
    (tmp_path / "outside").write_bytes((inside / "generator.safetensors").read_bytes())
    places = Places.of([tmp_path / "inside"])
    within = inside / "also"
    within.symlink_to(inside / "config.json")
    assert places.path("0/model") == inside.resolve()
    (inside / name).parent.mkdir(exist_ok=True)
    (inside / name).unlink(missing_ok=True)
    (inside / name).symlink_to(tmp_path / "outside")
    with pytest.raises(OutsideError, match="lies outside"):
        places.path("0/model")
    (listed,) = entries(places)
    assert listed.state == "damaged"
    assert "outside" in listed.problem
