"""Inception-v3 as FID has always used it (the 2015 TensorFlow graph), through torch-fidelity."""

import hashlib
import io
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from frugan.features.base import FeatureExtractor, as_8_bit
from frugan.system.bounds import WEIGHTS
from frugan.system.errors import ArgumentError, UserError
from frugan.system.foreign_files import read_bounded
from frugan.system.torchvision_import import import_torchvision

# The first digits, as torch-fidelity's file name carries them: weights-inception-2015-12-05-6726825d.pth.
WEIGHTS_SHA256_PREFIX = "6726825d"


class InceptionFeatures(FeatureExtractor):
    """2048 pooled features. Weights come from a file, else from torch-fidelity's cache, else from the network.

    Raises:
        UserError: the file does not exist, or there is no file and the weights cannot be downloaded.
    """

    name = "inception"
    distance_name = "FID"
    dim = 2048

    def __init__(self, device: torch.device, weights: str = "") -> None:
        import_torchvision()
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        with tempfile.NamedTemporaryFile(suffix=".pth") as verified:
            # torch-fidelity unpickles the file it is given, so it is given one that we wrote from tensors alone.
            torch.save(_read_weights(Path(weights) if weights else _downloaded()), verified.name)
            self.network = FeatureExtractorInceptionV3(
                "inception-v3-compat", ["2048"], feature_extractor_weights_path=verified.name
            )
        self.network.eval().to(device)
        self.device, self.checksum = device, _checksum(self.network)

    @torch.no_grad()
    def features_of_rgb(self, images: Tensor) -> Tensor:
        (features,) = self.network(as_8_bit(images.to(self.device)).to(torch.uint8))
        return features.float()

    @torch.no_grad()
    def probabilities(self, features: Tensor) -> Tensor:
        """Without the classifier's bias, as inception scores have always been computed."""
        return torch.softmax(features.to(self.device) @ self.network.fc.weight.T, dim=1)

    def protocol(self) -> dict[str, str | int]:
        return {
            "extractor": "inception-v3-compat",
            "weights_sha256": self.checksum,
            "resize": "TensorFlow bilinear to 299",
            "input": "8-bit",
        }


def _downloaded() -> Path:
    """torch-fidelity's weights in torch's cache, fetched first if they are not there."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(URL_INCEPTION_V3).name
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(URL_INCEPTION_V3, str(path), hash_prefix=WEIGHTS_SHA256_PREFIX, progress=False)
    except (OSError, RuntimeError) as error:
        raise UserError(
            f"Inception's weights could not be downloaded ({error}). Without a network, pass "
            f"its file as inception_weights (torch-fidelity's {path.name}), or use the features efficientnet-lite0"
        ) from error
    return path


def _read_weights(path: Path) -> dict[str, Tensor]:
    """Tensors of the published file; nothing else in a file is ever run.

    Raises:
        UserError: no such file, or not the weights that "FID" means.
    """
    if not path.is_file():
        raise ArgumentError("inception_weights", "no such file", path)
    content = read_bounded(path, WEIGHTS)
    found = hashlib.sha256(content).hexdigest()
    if not found.startswith(WEIGHTS_SHA256_PREFIX):
        raise UserError(
            f"{path}: checksum {found[:8]}..., expected {WEIGHTS_SHA256_PREFIX}...: not the published weights of "
            "2015-12-05, and a distance on others is not FID"
        )
    weights: dict[str, Tensor] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return weights


def _checksum(network: torch.nn.Module) -> str:
    """Over the values in use, so that it does not depend on how the file was packed."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
