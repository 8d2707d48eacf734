"""The offline judge is the published network, and judges what will be saved."""

import hashlib
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from frugan.features.choose import load_extractor
from frugan.features.efficientnet_lite0 import FEATURE_DIM, EfficientNetFeatures
from frugan.system.errors import UserError

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def extractor() -> EfficientNetFeatures:
    return EfficientNetFeatures(CPU)


@pytest.mark.parametrize("size", [32, 64, 65, 96])
def test_features_have_the_right_shape_at_any_size(extractor: EfficientNetFeatures, size: int) -> None:
    features = extractor.features(torch.rand(2, 3, size, size) * 2 - 1)
    assert features.shape == (2, FEATURE_DIM)
    assert torch.isfinite(features).all()


def test_it_recognises_what_is_drawn(extractor: EfficientNetFeatures) -> None:
    """A chequerboard of dark and light squares is ImageNet's class 917 "comic book"/"crossword" family, not noise.

    No photograph may ship with the tests, so this checks the classifier end to end on a synthetic crossword puzzle.
    """
    torch.manual_seed(0)
    cells = (torch.rand(1, 1, 15, 15) < 0.25).float()
    image = 1 - 2 * F.interpolate(cells, size=224, mode="nearest")
    lines = (torch.arange(224) % 15 == 0).float()
    image = torch.where((lines[:, None] + lines[None, :])[None, None] > 0, -1.0, image).expand(1, 3, -1, -1)
    logits = extractor.network._fc(extractor.network(image))
    assert 918 in logits.topk(3).indices[0].tolist()  # 918 = crossword puzzle


def test_values_are_judged_as_saved(extractor: EfficientNetFeatures) -> None:
    image = torch.rand(1, 3, 32, 32) * 2 - 1
    saved = ((image + 1) * 127.5).round() / 127.5 - 1
    assert torch.equal(extractor.features(image), extractor.features(saved))
    assert torch.equal(extractor.features(image * 3), extractor.features((image * 3).clamp(-1, 1)))


def test_batches_do_not_matter(extractor: EfficientNetFeatures) -> None:
    images = torch.rand(5, 3, 32, 32) * 2 - 1
    alone = torch.cat([extractor.features(image[None]) for image in images])
    assert torch.allclose(extractor.features(images), alone, atol=1e-5)


def test_resizing_is_recorded() -> None:
    resized = EfficientNetFeatures(CPU, size=64)
    assert resized.protocol()["resize"] == "bilinear antialiased to 64"
    assert resized.features(torch.rand(1, 3, 128, 128)).shape == (1, FEATURE_DIM)


def test_same_padding_equals_tensorflows() -> None:
    """Output ceil(size / stride), the odd pixel at the bottom right: convolving ones counts the inputs."""
    from frugan.features.efficientnet_lite0 import _SameConv

    convolution = _SameConv(1, 1, kernel=3, stride=2)
    torch.nn.init.ones_(convolution.weight)
    counts = convolution(torch.ones(1, 1, 4, 5))[0, 0]
    assert counts.shape == (2, 3)
    assert counts[0].tolist() == [6.0, 9.0, 6.0]  # 5 columns: one padded left, one right; 4 rows: none above
    assert counts[-1].tolist() == [4.0, 6.0, 4.0]


def test_unknown_extractors_and_missing_weights() -> None:
    with pytest.raises(UserError, match="did you mean 'inception'"):
        load_extractor("inceptoin", CPU)
    with pytest.raises(UserError, match="no such file"):
        load_extractor("inception", CPU, weights="/nowhere/weights.pth")


def test_altered_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import frugan.features.efficientnet_lite0 as module
    from frugan.system.errors import RunError

    monkeypatch.setattr(module, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(RunError, match="checksum"):
        EfficientNetFeatures(CPU)


def test_inception_weights_are_never_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[Path]]:
            return Path.touch, (tmp_path / "trap sprung",)

    torch.save({"weight": Trap()}, tmp_path / "evil.pth")
    with pytest.raises(UserError, match="not the published weights"):
        load_extractor("inception", CPU, weights=str(tmp_path / "evil.pth"))
    assert not (tmp_path / "trap sprung").exists()


def test_inception_runs_on_weights_of_the_published_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The published file cannot be had offline: random weights of its form, accepted by their own checksum."""
    import frugan.features.inception as module
    from frugan.system.torchvision_import import import_torchvision

    import_torchvision()
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    path = tmp_path / "weights.pth"
    monkeypatch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
    torch.save({}, path)
    monkeypatch.setattr(module, "WEIGHTS_SHA256_PREFIX", hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    extractor = load_extractor("inception", CPU, weights=str(path))
    features = extractor.features(torch.rand(2, 3, 64, 64) * 2 - 1)
    assert features.shape == (2, extractor.dim)
    assert extractor.distance_name == "FID"
