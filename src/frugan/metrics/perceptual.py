"""How different two images look, judged by a network's features: per image, 0 for equal ones."""

from typing import Protocol

import torch
from torch import Tensor

from frugan.features.base import as_8_bit
from frugan.features.efficientnet_lite0 import COMPARED_BLOCKS, pretrained_efficientnet_lite0
from frugan.ops.projection import as_rgb
from frugan.system.errors import ArgumentError
from frugan.system.torchvision_import import import_torchvision


class PerceptualDistance(Protocol):
    """(N, C, H, W), (N, C, H, W) in [-1, 1], seen as RGB (`ops.projection`), -> (N,), on the CPU."""

    name: str

    def __call__(self, a: Tensor, b: Tensor) -> Tensor: ...


def load_distance(device: torch.device, *, lpips: bool = False) -> PerceptualDistance:
    """LPIPS, or the distance that works offline.

    Raises:
        ArgumentError: LPIPS cannot be had.
    """
    return LPIPSDistance(device) if lpips else EfficientNetDistance(device)


class EfficientNetDistance:
    """LPIPS's construction (Zhang et al. 2018, equation 1, all weights 1) on EfficientNet-Lite0; needs no network.

    Features at strides 4, 8 and 16 are scaled to unit length at each place; squared differences are summed over
    channels, averaged over places and layers. From 0 to 4. Another scale than LPIPS's.
    """

    name = "EffNetLite0 distance"

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.network = pretrained_efficientnet_lite0().to(device)

    @torch.no_grad()
    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        features = [self._features(image) for image in (a, b)]
        layers = [(x - y).square().sum(dim=1).mean(dim=(1, 2)) for x, y in zip(*features, strict=True)]
        return torch.stack(layers).mean(dim=0).cpu()

    def _features(self, image: Tensor) -> list[Tensor]:
        seen = as_8_bit(as_rgb(image.to(self.device))) / 127.5 - 1
        found = self.network.block_features(seen.contiguous(memory_format=torch.channels_last), COMPARED_BLOCKS)
        return [torch.nn.functional.normalize(features, dim=1, eps=1e-10) for features in found]


class LPIPSDistance:
    """LPIPS 0.1 on AlexNet, by its authors' package (extra `lpips`). AlexNet's weights come from torch's cache or the
    network.

    Args:
        random: random weights, for tests.

    Raises:
        UserError: the package is not installed, or the weights cannot be had.
    """

    name = "LPIPS (AlexNet)"

    def __init__(self, device: torch.device, random: bool = False) -> None:
        import_torchvision()
        try:
            from lpips import LPIPS
        except ImportError as error:
            raise ArgumentError("lpips", "needs one more package: pip install 'frugan[lpips]'") from error
        try:
            self.network = LPIPS(net="alex", pnet_rand=random, lpips=not random, verbose=False).to(device).eval()
        except OSError as error:
            raise ArgumentError(
                "lpips",
                f"AlexNet's weights are not in torch's cache and cannot be fetched ({error}); without it the offline "
                "distance is used",
            ) from error
        self.device = device

    @torch.no_grad()
    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        seen = (as_8_bit(as_rgb(image.to(self.device))) / 127.5 - 1 for image in (a, b))
        distance: Tensor = self.network(*seen)
        return distance.flatten().cpu()
