"""UNet-W and UNet-P, the regressing decoders of not-so-big-GAN (section 3.3): one network a doubling.

UNet-W predicts the wavelet bands that the encoder dropped, each as wavelet packets down to half the code's side, one
small "tail" network a packet. UNet-P predicts what bilinear enlargement misses. Both are trained by squared errors, and
in UNet-W all levels learn at once, because in training the second level is fed the true bands of the first.
"""

import math
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Decoder
from frugan.nn.convolution import Convolution3x3
from frugan.ops.wavelet import Boundary, Details, idwt2, ilowpass2, ipacket2, lowpass2, packet2

Norm = Literal["batch", "group", "none"]
_GROUP = 8  # channels that are normalised together
# Standard deviations in photos, roughly: of images in [-1, 1], of their packets but TL, and of those to be predicted.
_IMAGE_SPREAD, _KNOWN_SPREAD, _MISSING_SPREAD = 0.5, 0.2, 0.1


class UNetW(Decoder):
    """Predicts the details of each level from the packets of all that is known below it.

    Everything is in units of images: TL of every level is divided by its gain, and the details with it, so that the
    same network serves codes of any size whose half is a multiple of 8.

    Args:
        levels: 1 or 2 doublings. At the paper's width, level 1 has 52,073,508 parameters and level 2 has 94,983,312.
        width: channels of the trunk; 512 in the paper.
        tail_width: channels inside each tail; 256 in the paper.
        second_input: what level 2 sees in training: "true" bands, as in the paper, so that both levels learn apart;
            or the "predicted" ones of level 1, as when decoding.
        boundary: of the wavelet transform, as the codec's.
        norm: "batch" as in the paper, for its batches of 64. In small ones the network comes to rely on the statistics
            of just these images, as few places are left at the bottom of the trunk. "group" (Wu & He 2018) needs no
            batch, but takes away each image's contrast, which the details follow; with "none", convolutions before a
            ReLU begin as He et al. 2015.
        unit_packets: a departure from the paper: packets are scaled to a variance of about one, those that are known
            and those to be predicted. Details are several times smaller than TL, and short trainings do not see them.
    """

    halo = None  # align_corners=True and pooling tie every pixel to the image's size

    def __init__(
        self,
        levels: int = 2,
        width: int = 512,
        tail_width: int = 256,
        second_input: Literal["true", "predicted"] = "true",
        boundary: Boundary = "reflect",
        norm: Norm = "batch",
        unit_packets: bool = False,
    ) -> None:
        super().__init__()
        if levels not in (1, 2):
            raise ValueError(f"levels: UNet-W exists for 1 and 2 levels, got {levels}")
        if second_input not in ("true", "predicted"):
            raise ValueError(f"second_input: '{second_input}' is not one of true, predicted")
        self.second_input, self.boundary = second_input, boundary
        self.stages = nn.ModuleList(
            BandUNet(depth, width, tail_width, norm, unit_packets) for depth in range(1, levels + 1)
        )

    def forward(self, low: Tensor, base: Tensor, original: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        _check_side(low, 16)
        known = low
        taught = original is not None and self.second_input == "true"
        for depth, stage in enumerate(self.stages, 1):
            details = self._predict(stage, known, depth)
            if taught and depth < len(self.stages):
                assert original is not None
                # Gradients of the later stages must not reach this one: each learns by itself.
                truth = lowpass2(original, len(self.stages) - depth, boundary=self.boundary)
                predicted = self._merge(known, details)
                known = truth / 2 ** (len(self.stages) - depth)
                missed = predicted - known
            else:
                known = self._merge(known, details)
        if taught and len(self.stages) == 2:
            # Both stages' errors in one image: the second's prediction, given the truth, plus what the first missed.
            known = known + ilowpass2(missed * 2, boundary=self.boundary)
        return known

    def _predict(self, stage: nn.Module, known: Tensor, depth: int) -> Details:
        """Details (TR, BL, BR) at the size of `known`, (N, 3, s, s) each, from its packets."""
        packets = stage(packet2(known, depth, boundary=self.boundary)).to(known.dtype)
        TR, BL, BR = (ipacket2(band, depth, boundary=self.boundary) for band in packets.chunk(3, dim=1))
        return TR, BL, BR

    def _merge(self, known: Tensor, details: Details) -> Tensor:
        """One doubling: TL is twice the known image, because the transform has a gain of 2."""
        return idwt2(2 * known, details, boundary=self.boundary)


class BandUNet(nn.Module):
    """Packets (N, 3 * 4^depth, s, s) of an image -> packets (N, 9 * 4^depth, s, s) of its three missing bands.

    A UNet of 512 channels throughout, three times halved, and a tail of two convolutions for each packet. The tails'
    first convolutions share their input, and so are one; their second ones are one grouped convolution.
    """

    def __init__(
        self, depth: int, width: int, tail_width: int, norm: Norm = "batch", unit_packets: bool = False
    ) -> None:
        super().__init__()
        self.enter = _double_convolution(3 * 4**depth, width, width, norm)
        self.down = nn.ModuleList(_double_convolution(width, width, width, norm) for _ in range(3))
        self.up = nn.ModuleList(_double_convolution(2 * width, width, width, norm) for _ in range(3))
        self.unit_packets = unit_packets
        spread = torch.full((3 * 4**depth, 1, 1), _KNOWN_SPREAD)
        spread[:3] = _IMAGE_SPREAD * 2**depth
        self.spread: Tensor
        self.register_buffer("spread", spread, persistent=False)
        tails = 3 * 4**depth
        self.tails = nn.Sequential(
            _convolution(width, tails * tail_width, norm),
            _norm(tails * tail_width, norm),
            nn.ReLU(inplace=True),
            nn.Conv2d(tails * tail_width, tails * 3, 3, padding=1, groups=tails),
        )

    def forward(self, packets: Tensor) -> Tensor:
        if self.unit_packets:
            return _MISSING_SPREAD * self.tails(_through_unet(self.enter(packets / self.spread), self.down, self.up))
        return self.tails(_through_unet(self.enter(packets), self.down, self.up))


class UNetP(Decoder):
    """Adds to each bilinear doubling what a UNet predicts that it misses.

    Args:
        levels: doublings; each has 17,269,059 parameters at the paper's width.
        width: channels at full size; 64 in the paper, then 128, 256, 512, 512 on the way down.
        norm: "batch" as in the paper; "group" or "none" for small batches.
    """

    halo = None

    def __init__(self, levels: int = 2, width: int = 64, norm: Norm = "batch") -> None:
        super().__init__()
        self.stages = nn.ModuleList(ImageUNet(width, norm) for _ in range(levels))

    def forward(self, low: Tensor, base: Tensor, original: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        _check_side(low, 8)
        known, correction = low, torch.zeros_like(low)
        for stage in self.stages:
            known, correction = _enlarge(known), _enlarge(correction)
            missed = stage(known)
            known, correction = known + missed, correction + missed
        return base + correction


class ImageUNet(nn.Module):
    """(N, 3, H, W) -> (N, 3, H, W), H and W multiples of 16: four times halved."""

    def __init__(self, width: int, norm: Norm = "batch") -> None:
        super().__init__()
        self.enter = _double_convolution(3, width, width, norm)
        widths = [width, 2 * width, 4 * width, 8 * width, 8 * width]
        self.down = nn.ModuleList(_double_convolution(a, b, b, norm) for a, b in pairwise(widths))
        shapes = [(16, 8, 4), (8, 4, 2), (4, 2, 1), (2, 1, 1)]
        self.up = nn.ModuleList(_double_convolution(a * width, b * width, c * width, norm) for a, b, c in shapes)
        self.leave = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, image: Tensor) -> Tensor:
        return self.leave(_through_unet(self.enter(image), self.down, self.up))


def _through_unet(h: Tensor, down: nn.ModuleList, up: nn.ModuleList) -> Tensor:
    skips = []
    for block in down:
        skips.append(h)
        h = block(F.max_pool2d(h, 2))
    for block in up:
        h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=True)
        h = block(torch.cat([skips.pop(), h], dim=1))
    return h


def _double_convolution(channels_in: int, middle: int, channels_out: int, norm: Norm) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in ((channels_in, middle), (middle, channels_out)):
        layers += [_convolution(a, b, norm), _norm(b, norm), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _convolution(channels_in: int, channels: int, norm: Norm) -> nn.Module:
    convolution = Convolution3x3(channels_in, channels)
    if norm == "none":
        # PyTorch's own beginning loses most of the signal in each layer, which a norm would bring back.
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return convolution


def _norm(channels: int, norm: Norm) -> nn.Module:
    if norm not in ("batch", "group", "none"):
        raise ValueError(f"norm: '{norm}' is not one of batch, group, none")
    if norm == "none":
        return nn.Identity()
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(math.gcd(channels, max(1, channels // _GROUP)), channels)


def _enlarge(image: Tensor) -> Tensor:
    return F.interpolate(image, scale_factor=2, mode="bilinear", align_corners=False)


def _check_side(low: Tensor, multiple: int) -> None:
    height, width = low.shape[-2:]
    if height % multiple or width % multiple:
        raise ValueError(f"UNet: codes of {height} x {width} must have sides that are multiples of {multiple}")
