"""A folder as a studio sees it: a run with a decoder, a model of coordinates, a study, a photo."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from starlette.testclient import TestClient

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.model.folder import GENERATOR_FILE, ModelDescription
from frugan.model.weights import write_weights
from frugan.networks.creps import CREPSGenerator
from frugan.studies.definition import Row, Study
from frugan.studies.folder import StudyFolder
from frugan.studio.security import Rules
from frugan.studio.server import application, open_studio_of

SMALL = {"latent_dim": 16, "style_dim": 24, "channel_base": 512, "channel_max": 32, "mapping_layers": 2}
HERE = "http://127.0.0.1:8000"
CHANGES = {"frugan-studio": "1"}


def write_creps(folder: Path) -> Path:
    """A model of coordinates with random weights."""
    torch.manual_seed(0)
    spec = Spec(CREPSGenerator, **SMALL)
    folder.mkdir(parents=True)
    ModelDescription(spec, Spec(IdentityCodec), None, (3, 32, 32), ImageShape(3, 32, 32)).write(folder)
    write_weights(folder / GENERATOR_FILE, spec.build(code_shape=(3, 32, 32)))
    return folder


@pytest.fixture(scope="session")
def world(
    trained_run: Path, tiny_config: RunConfig, image_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("studio") / "world"
    folder.mkdir()
    shutil.copytree(trained_run, folder / "tiny")
    shutil.copytree(image_folder, folder / "photos")
    write_creps(folder / "creps")
    StudyFolder.create(folder / "study", Study("question", "Which?", (Row("only", tiny_config),), 1))
    (folder.parent / "secret.txt").write_text("secret")
    (folder / "link").symlink_to(folder.parent)
    return folder


@pytest.fixture(scope="session")
def client(world: Path) -> Iterator[TestClient]:
    studio = open_studio_of([world], "cpu")
    with TestClient(application(studio, Rules.of("127.0.0.1")), base_url=HERE) as opened:
        yield opened
