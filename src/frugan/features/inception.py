"""Inception-v3 as FID has always used it (the 2015 TensorFlow graph), through torch-fidelity. The only features called
"FID"."""

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from frugan.errors import UserError
from frugan.features.base import FeatureExtractor, as_8_bit
from frugan.torchvision_import import import_torchvision


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

        if weights and not Path(weights).is_file():
            raise UserError(f"--inception-weights {weights}: no such file")
        try:
            self.network = FeatureExtractorInceptionV3(
                "inception-v3-compat", ["2048"], feature_extractor_weights_path=weights or None
            )
        except OSError as error:
            raise UserError(
                f"Inception's weights could not be downloaded ({error}). Without a network, pass "
                "--inception-weights FILE "
                "(torch-fidelity's weights-inception-2015-12-05-6726825d.pth), or use --features efficientnet-lite0"
            ) from error
        self.network.eval().to(device)
        self.device, self.checksum = device, _checksum(self.network)

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        (features,) = self.network(as_8_bit(images.to(self.device)).to(torch.uint8))
        return features.float()

    def protocol(self) -> dict[str, str | int]:
        return {
            "extractor": "inception-v3-compat",
            "weights_sha256": self.checksum,
            "resize": "TensorFlow bilinear to 299",
            "input": "8-bit",
        }


def _checksum(network: torch.nn.Module) -> str:
    """Over the values in use, so that it does not depend on how the file was packed."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
