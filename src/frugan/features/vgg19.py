"""VGG-19's last convolution before ReLU, which ESRGAN's perceptual loss compares; weights through torchvision."""

import hashlib
import io
from pathlib import Path

import torch
from torch import Tensor, nn

from frugan.system.bounds import WEIGHTS
from frugan.system.errors import UserError
from frugan.system.foreign_files import read_bounded
from frugan.system.torchvision_import import import_torchvision

CONV5_4 = 34  # its place in torchvision's `features`; the next layer is its ReLU
WEIGHTS_FILE = "vgg19-dcbb9e9d.pth"
_WEIGHTS_SHA256_PREFIX = "dcbb9e9d"
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class VGG19Conv54(nn.Module):
    """image (N, 3, H, W) in [-1, 1] -> features (N, 512, H/16, W/16). Frozen; gradients flow through to the image.

    Weights come from a file, else from torch's cache, else from the network; their checksum is verified.
    `weights="random"` is for tests.

    Raises:
        UserError: there is no such file, it is another one, or the network cannot be reached.
    """

    def __init__(self, weights: str = "") -> None:
        super().__init__()
        import_torchvision()
        from torchvision.models import vgg19

        network = vgg19(weights=None)
        if weights != "random":
            network.load_state_dict(_read_weights(weights))
        self.layers = network.features[: CONV5_4 + 1]
        for layer in self.layers:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1))
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor) -> Tensor:
        features: Tensor = self.layers(((image + 1) / 2 - self.mean) / self.std)
        return features


def _read_weights(weights: str) -> dict[str, Tensor]:
    path = Path(weights) if weights else _cached_or_downloaded()
    try:
        content = read_bounded(path, WEIGHTS)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    found = hashlib.sha256(content).hexdigest()
    if not found.startswith(_WEIGHTS_SHA256_PREFIX):
        raise UserError(
            f"{path}: its checksum begins with {found[:8]}, torchvision's {WEIGHTS_FILE} with {_WEIGHTS_SHA256_PREFIX}"
        )
    loaded: dict[str, Tensor] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return loaded


def _cached_or_downloaded() -> Path:
    path = Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS_FILE
    if path.exists():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(
            f"https://download.pytorch.org/models/{WEIGHTS_FILE}", str(path), _WEIGHTS_SHA256_PREFIX, progress=False
        )
    except OSError as error:
        raise UserError(
            f"VGG-19's weights are not in {path} and cannot be downloaded ({error}). Give their file, or use the "
            "perceptual loss on EfficientNet-Lite0, whose weights are installed"
        ) from error
    return path
