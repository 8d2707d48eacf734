"""Models on a hub, against a server of our own that answers as it should, and as it should not."""

import base64
import importlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

import frugan
from frugan.cli import main
from frugan.codecs.identity import IdentityCodec
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.model.folder import GENERATOR_FILE, ModelDescription
from frugan.model.weights import write_weights
from frugan.networks.mlp import MLPGenerator
from frugan.system.errors import UserError

pytest.importorskip("huggingface_hub")
SHA = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """Repositories in memory; `answers` takes the place of any answer by a part of the path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, dict[str, bytes]] = {}
        self.sizes: dict[str, int | None] = {}
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.cards: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET(send=False)

    def do_GET(self, send: bool = True) -> None:
        self.server.asked.append(self.path)
        for part, answer in self.server.answers.items():
            if part in self.path:
                return self._answer(*answer, send=send)
        found = re.match(r"/api/models/([^/]+/[^/?]+)", self.path)
        if found and found[1] in self.server.repos:
            files = self.server.repos[found[1]]
            siblings = [{"rfilename": name, "size": self.server.sizes.get(name, len(files[name]))} for name in files]
            return self._json({"id": found[1], "modelId": found[1], "sha": SHA, "siblings": siblings}, send)
        found = re.match(rf"/([^/]+/[^/]+)/resolve/{SHA}/(.+)", self.path)
        if found and found[2] in self.server.repos.get(found[1], {}):
            content = self.server.repos[found[1]][found[2]]
            headers = {"X-Repo-Commit": SHA, "ETag": f'"{abs(hash(content)):x}"'}
            return self._answer(200, headers, content, send=send)
        self._answer(404, {"X-Error-Code": "RepoNotFound"}, b"{}", send=send)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append(self.path)
        if self.path == "/api/repos/create":
            asked = json.loads(body)
            self.server.repos.setdefault(f"{asked.get('organization', 'someone')}/{asked['name']}", {})
            return self._json({"url": f"http://127.0.0.1/{asked.get('organization')}/{asked['name']}"}, True)
        if self.path == "/api/validate-yaml":
            self.server.cards.append(json.loads(body)["content"])
            return self._json({"errors": [], "warnings": []}, True)
        if "/preupload/" in self.path:
            files = json.loads(body)["files"]
            return self._json(
                {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]}, True
            )
        repo = re.match(r"/api/models/([^/]+/[^/]+)/commit/", self.path)
        assert repo is not None, self.path
        for line in map(json.loads, body.splitlines()):
            if line["key"] == "file":
                self.server.repos[repo[1]][line["value"]["path"]] = base64.b64decode(line["value"]["content"])
        self._json({"commitUrl": f"http://127.0.0.1/{repo[1]}/commit/{SHA}", "commitOid": SHA}, True)

    def _json(self, content: object, send: bool) -> None:
        self._answer(200, {"Content-Type": "application/json"}, json.dumps(content).encode(), send=send)

    def _answer(self, status: int, headers: dict[str, str], content: bytes, send: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if send:
            self.wfile.write(content)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    server = Hub()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    constants = importlib.import_module("huggingface_hub.constants")
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    changed = {"ENDPOINT": endpoint, "HUGGINGFACE_CO_URL_TEMPLATE": template, "HF_HUB_CACHE": str(tmp_path / "hub")}
    for name, value in {**changed, "HF_HUB_DISABLE_XET": True}.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    torch.manual_seed(0)
    spec = Spec(MLPGenerator, latent_dim=4, width=8)
    ModelDescription(spec, Spec(IdentityCodec), None, (3, 8, 8), ImageShape(3, 8, 8)).write(folder)
    write_weights(folder / GENERATOR_FILE, spec.build(code_shape=(3, 8, 8)))
    card = '---\nlibrary_name: frugan\nlicense: unknown\n---\n\nfrugan.load("path/to/this/folder")\n'
    (folder / "README.md").write_text(card)
    (folder / "notes.txt").write_text("not for others")
    return folder


def test_a_model_goes_to_the_hub_and_comes_back(hub: Hub, model: Path, tmp_path: Path) -> None:
    told = frugan.push(model, "some/one", licence="cc-by-4.0")
    assert told.name == "hf://some/one"
    assert hub.cards == [hub.repos["some/one"]["README.md"].decode()]  # the client asks whether it is valid
    assert sorted(hub.repos["some/one"]) == ["README.md", "config.json", "generator.safetensors"]
    card = hub.repos["some/one"]["README.md"].decode()
    assert "license: cc-by-4.0" in card
    assert 'frugan.load("hf://some/one")' in card

    hub.repos["some/one"]["evil.pkl"] = b"never asked for"
    back = frugan.load("hf://some/one")
    assert torch.equal(back.sample([1, 2]), frugan.load(model).sample([1, 2]))
    assert back.info["origin"] == f"hf://some/one@{SHA}"
    assert not any("evil" in path for path in hub.asked)
    assert main(["sample", "hf://some/one", "--seeds", "0-1", "--out", str(tmp_path / "pictures")]) == 0
    assert len(list((tmp_path / "pictures").iterdir())) == 2


def test_what_was_fetched_serves_when_the_hub_is_gone(hub: Hub, model: Path) -> None:
    frugan.push(model, "some/one")
    before = frugan.load("hf://some/one").sample([3])
    hub.answers["/"] = (503, {}, b"gone")
    with pytest.raises(UserError, match="did not answer"):
        frugan.load("hf://some/other")
    assert torch.equal(frugan.load(f"hf://some/one@{SHA}").sample([3]), before)


@pytest.mark.parametrize(
    ("code", "problem"), [("RepoNotFound", "no such model"), ("RevisionNotFound", "no such revision")]
)
def test_what_was_fetched_is_not_what_the_hub_says_is_gone(hub: Hub, model: Path, code: str, problem: str) -> None:
    frugan.push(model, "some/one")
    frugan.load(f"hf://some/one@{SHA}")
    hub.answers["/api/models"] = (404, {"X-Error-Code": code}, b"{}")
    with pytest.raises(UserError, match=problem):
        frugan.load(f"hf://some/one@{SHA}")


def test_a_licence_takes_the_place_of_the_one_before(hub: Hub, model: Path) -> None:
    card = (model / "README.md").read_text()
    for before in ("mit", "(to be filled in by whoever publishes this model)"):
        (model / "README.md").write_text(card.replace("unknown", before))
        frugan.push(model, "some/one", licence="cc-by-4.0")
        pushed = hub.repos["some/one"]["README.md"].decode()
        assert pushed.splitlines()[:4] == ["---", "library_name: frugan", "license: cc-by-4.0", "---"]
    (model / "README.md").write_text("---\nlibrary_name: frugan\n---\nlicense: mit\n")
    with pytest.raises(UserError, match="no line"):
        frugan.push(model, "some/one", licence="cc-by-4.0")


@pytest.mark.parametrize(
    "name", ["hf://../../etc", "hf://a/..", "hf://a", "hf://a/b/c", "hf://a/b@../x", "hf://", "hf://-a/b", "hf://a/b\n"]
)
def test_names_that_are_none(hub: Hub, name: str, tmp_path: Path) -> None:
    assert main(["sample", name, "--out", str(tmp_path / "out")]) == 2
    assert hub.asked == []
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("part", "answer", "problem"),
    [
        ("/api/models", (200, {"Content-Type": "text/html"}, b"<html>hello</html>"), "did not answer"),
        ("/api/models", (302, {"Location": "/api/models/some/one?"}, b""), "did not answer"),
        ("/resolve/", (200, {}, b"<html>hello</html>"), "did not answer"),
        ("/resolve/", (302, {"Location": "ftp://127.0.0.1/x"}, b""), "did not answer"),
        ("/api/models", (404, {"X-Error-Code": "RepoNotFound"}, b"{}"), "no such model"),
        ("/api/models", (404, {"X-Error-Code": "RevisionNotFound"}, b"{}"), "no such revision"),
    ],
)
def test_endpoints_that_answer_otherwise(
    hub: Hub, model: Path, part: str, answer: tuple[int, dict[str, str], bytes], problem: str, tmp_path: Path
) -> None:
    frugan.push(model, "some/one")
    hub.answers[part] = answer
    with pytest.raises(UserError, match=problem):
        frugan.load("hf://some/one")


def test_files_that_are_too_large_are_not_fetched(hub: Hub, model: Path) -> None:
    frugan.push(model, "some/one")
    hub.sizes["generator.safetensors"] = 2**40
    hub.asked.clear()
    with pytest.raises(UserError, match="more than the weights of a network may have"):
        frugan.load("hf://some/one")
    assert not any("/resolve/" in path for path in hub.asked)
    hub.sizes["generator.safetensors"] = None
    with pytest.raises(UserError, match="no stated size"):
        frugan.load("hf://some/one")
    del hub.repos["some/one"]["generator.safetensors"]
    with pytest.raises(UserError, match="holds no model"):
        frugan.load("hf://some/one")


def test_what_cannot_be_pushed(hub: Hub, model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="user/name"):
        frugan.push(model, "../one")
    with pytest.raises(UserError, match="no trained model"):
        frugan.push(tmp_path / "nothing", "some/one")
    (model / "README.md").write_text("---\ntags: [\n---\n")
    with pytest.raises(UserError, match="front matter"):
        frugan.push(model, "some/one")
    assert hub.repos == {}
