"""UNet-W and UNet-P, the regressing decoders of not-so-big-GAN (section 3.3): one network a doubling.

UNet-W predicts the wavelet bands that the encoder dropped, each as wavelet packets of 32 x 32, one small "tail" network
a packet. UNet-P predicts what linear enlargement misses. Both are trained by squared errors.

A network alone (`stage`, from 1 at the code) learns from the true image of the level below, and needs none of the
others: they can be trained at the same time on several machines, and joined by `frugan join`. Trained together, those
of UNet-W do the same; those of UNet-P each see what the one below predicts.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Decoder
from frugan.nn.convolution import Convolution3x3
from frugan.ops.borders import cut_to, filled_to
from frugan.ops.reduction import Reduction, enlarged, reduced, reduction_phase
from frugan.ops.wavelet import Boundary, Details, Phase, idwt2, ilowpass2, ipacket2, lowpass2, packet2, packet_splits

Norm = Literal["batch", "group", "none"]
_GROUP = 8  # channels that are normalised together
# Standard deviations in photos, roughly: of images in [-1, 1], of their packets but TL, and of those to be predicted.
_IMAGE_SPREAD, _KNOWN_SPREAD, _MISSING_SPREAD = 0.5, 0.2, 0.1


class UNetW(Decoder):
    """Predicts the details of each level from the packets of all that is known below it.

    Everything is in units of images: TL of every level is divided by its gain, and the details with it. A band of side
    b is split into 4^log2(b / 32) packets.

    Args:
        levels: doublings. For codes of 64 at the paper's width, level 1 has 52,073,508 parameters and level 2 has
            94,983,312.
        width: channels of the trunk; 512 in the paper.
        tail_width: channels inside each tail; 256 in the paper.
        second_input: what the levels above the first see in training: "true" bands, as in the paper, so that all
            levels learn apart; or the "predicted" ones of the level below, as when decoding.
        boundary: of the wavelet transform, as the codec's.
        norm: "batch" as in the paper, for its batches of 64. In small ones the network comes to rely on the statistics
            of just these images, as few places are left at the bottom of the trunk. "group" (Wu & He 2018) needs no
            batch, but takes away each image's contrast, which the details follow; with "none", convolutions before a
            ReLU begin as He et al. 2015.
        unit_packets: a departure from the paper: packets are scaled to a variance of about one, those that are known
            and those to be predicted. Details are several times smaller than TL, and short trainings do not see them.
        code_side: side of the whole codes, 32 times a power of 2, which decides how often bands are split; 64 in the
            paper (256 px images). Crops of codes are split as often, into smaller packets.
        stage: number of the one level that this network holds and trains; 0 = all. The other levels add nothing.
        colours: channels of images.
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
        code_side: int = 64,
        stage: int = 0,
        colours: int = 3,
    ) -> None:
        super().__init__()
        if second_input not in ("true", "predicted"):
            raise ValueError(f"second_input: '{second_input}' is not one of true, predicted")
        if stage and second_input == "predicted":
            raise ValueError("second_input: a stage that trains by itself sees the true bands. Set second_input=true")
        self.second_input, self.boundary = second_input, boundary
        self.code_side, self.stage, self.splits = code_side, stage, packet_splits(code_side)
        self.multiple = 8 * 2**self.splits  # halved three times, in packets
        self.stages = _stages(
            levels,
            stage,
            lambda level: BandUNet(self.splits + level, width, tail_width, norm, unit_packets, colours),
        )

    def forward(self, low: Tensor, base: Tensor, original: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        size, (low, original) = _decoded_size(low, len(self.stages)), _filled(low, original, self.multiple)
        if original is not None and self.second_input == "true":
            return cut_to(self._taught(low, original), *size)
        known = low
        for level in range(len(self.stages)):
            known = self._doubled(level, known)
        return cut_to(known, *size)

    def _taught(self, low: Tensor, original: Tensor) -> Tensor:
        """The original, plus the error of each stage that is given the true image of the level below.

        Errors are enlarged without details. They stay apart in the bands of the result, so that no stage's error
        gives another a gradient (`packet_l2`).
        """
        levels = len(self.stages)
        above = [lowpass2(original, n, boundary=self.boundary) / 2**n for n in range(levels - 1, 0, -1)]
        truths, decoded = [low, *above, original], original
        for level in self._held():
            missed = self._doubled(level, truths[level]) - truths[level + 1]
            left = levels - 1 - level
            decoded = decoded + (ilowpass2(missed * 2**left, left, boundary=self.boundary) if left else missed)
        return decoded

    def _held(self) -> list[int]:
        return [level for level in range(len(self.stages)) if self.stage in (0, level + 1)]

    def _doubled(self, level: int, known: Tensor) -> Tensor:
        """One doubling: TL is twice the known image, because the transform has a gain of 2."""
        details = self._predicted(level, known) if level in self._held() else None
        return idwt2(2 * known, details, boundary=self.boundary)

    def _predicted(self, level: int, known: Tensor) -> Details:
        """Details (TR, BL, BR) at the size of `known`, (N, C, h, w) each, from its packets."""
        depth = self.splits + level
        packets = self.stages[level](packet2(known, depth, boundary=self.boundary)).to(known.dtype)
        TR, BL, BR = (ipacket2(band, depth, boundary=self.boundary) for band in packets.chunk(3, dim=1))
        return TR, BL, BR


class BandUNet(nn.Module):
    """Packets (N, C 4^depth, h, w) of an image -> packets (N, 3 C 4^depth, h, w) of its three missing bands.

    A UNet of 512 channels throughout, three times halved, and a tail of two convolutions for each packet. The tails'
    first convolutions share their input, and so are one; their second ones are one grouped convolution. Depth 0 has one
    packet a band: the band itself.
    """

    def __init__(
        self,
        depth: int,
        width: int,
        tail_width: int,
        norm: Norm = "batch",
        unit_packets: bool = False,
        colours: int = 3,
    ) -> None:
        super().__init__()
        self.enter = _double_convolution(colours * 4**depth, width, width, norm)
        self.down = nn.ModuleList(_double_convolution(width, width, width, norm) for _ in range(3))
        self.up = nn.ModuleList(_double_convolution(2 * width, width, width, norm) for _ in range(3))
        self.unit_packets = unit_packets
        spread = torch.full((colours * 4**depth, 1, 1), _KNOWN_SPREAD)
        spread[:colours] = _IMAGE_SPREAD * 2**depth
        self.spread: Tensor
        self.register_buffer("spread", spread, persistent=False)
        tails = 3 * 4**depth
        self.tails = nn.Sequential(
            _convolution(width, tails * tail_width, norm),
            _norm(tails * tail_width, norm),
            nn.ReLU(inplace=True),
            nn.Conv2d(tails * tail_width, tails * colours, 3, padding=1, groups=tails),
        )

    def forward(self, packets: Tensor) -> Tensor:
        if self.unit_packets:
            return _MISSING_SPREAD * self.tails(_through_unet(self.enter(packets / self.spread), self.down, self.up))
        return self.tails(_through_unet(self.enter(packets), self.down, self.up))


class UNetP(Decoder):
    """Adds to each linear doubling what a UNet predicts that it misses.

    What a stage sees is what its prediction is added to. The paper doubles by bilinear interpolation around the middle
    of pixels, whatever the codes' phase; here doublings have the phase of the codes.

    Args:
        levels: doublings; each has 17,269,059 parameters at the paper's width.
        width: channels at full size; 64 in the paper, then 128, 256, 512, 512 on the way down.
        norm: "batch" as in the paper; "group" or "none" for small batches.
        reduction: the codec's, which must be said: it decides where pixels sit, and what the true image of a level is.
        stage: number of the one level that this network holds and trains, on true images as in the paper; 0 = all, one
            after the other on what the level below predicts. The other levels add nothing.
        colours: channels of images.
    """

    halo = None
    phase: Phase
    multiple = 8  # doubled, and then halved four times

    def __init__(
        self,
        levels: int = 2,
        width: int = 64,
        norm: Norm = "batch",
        reduction: Reduction | Literal[""] = "",
        stage: int = 0,
        colours: int = 3,
    ) -> None:
        super().__init__()
        if not reduction:
            raise ValueError(
                "reduction: UNet-P needs the codec's, for example reduction=gaussian. A model that has none is of an "
                "earlier version, whose corrections were added 1.5 px beside what the network saw. Train it anew"
            )
        self.reduction, self.phase, self.stage = reduction, reduction_phase(reduction), stage
        self.stages = _stages(levels, stage, lambda level: ImageUNet(width, norm, colours))

    def forward(self, low: Tensor, base: Tensor, original: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        size, (low, original) = _decoded_size(low, len(self.stages)), _filled(low, original, self.multiple)
        if original is not None and self.stage:
            return cut_to(self._taught(low, original), *size)
        known = low
        for level in range(len(self.stages)):
            known = self._doubled(level, known)
        return cut_to(known, *size)

    def _taught(self, low: Tensor, original: Tensor) -> Tensor:
        """The original, plus the error of the one stage, given the true image of the level below.

        The error's pixels are repeated up to full size, so that its mean square stays what it is.
        """
        left = len(self.stages) - self.stage
        known = low if self.stage == 1 else reduced(original, left + 1, self.reduction)
        missed = self._doubled(self.stage - 1, known) - (reduced(original, left, self.reduction) if left else original)
        return original + F.interpolate(missed, scale_factor=2**left, mode="nearest")

    def _doubled(self, level: int, known: Tensor) -> Tensor:
        larger = enlarged(known, 1, self.phase)
        return larger + self.stages[level](larger) if self.stage in (0, level + 1) else larger


class ImageUNet(nn.Module):
    """(N, C, H, W) -> (N, C, H, W), H and W multiples of 16: four times halved."""

    def __init__(self, width: int, norm: Norm = "batch", colours: int = 3) -> None:
        super().__init__()
        self.enter = _double_convolution(colours, width, width, norm)
        widths = [width, 2 * width, 4 * width, 8 * width, 8 * width]
        self.down = nn.ModuleList(_double_convolution(a, b, b, norm) for a, b in pairwise(widths))
        shapes = [(16, 8, 4), (8, 4, 2), (4, 2, 1), (2, 1, 1)]
        self.up = nn.ModuleList(_double_convolution(a * width, b * width, c * width, norm) for a, b, c in shapes)
        self.leave = nn.Conv2d(width, colours, 3, padding=1)

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


def _stages(levels: int, stage: int, build: Callable[[int], nn.Module]) -> nn.ModuleList:
    """One network a level, or of one level alone, under the name and with the beginning that it has among all.

    Raises:
        ValueError: no levels, or no such stage.
    """
    if levels < 1:
        raise ValueError(f"levels: must be at least 1, got {levels}")
    if not 0 <= stage <= levels:
        raise ValueError(f"stage: must be from 1 to levels ({levels}), or 0 for all, got {stage}")
    networks = [build(level) for level in range(levels)]
    return nn.ModuleList(net if stage in (0, level) else nn.Identity() for level, net in enumerate(networks, 1))


def _decoded_size(low: Tensor, doublings: int) -> list[int]:
    return [side * 2**doublings for side in low.shape[2:]]


def _filled(low: Tensor, original: Tensor | None, multiple: int) -> tuple[Tensor, Tensor | None]:
    """Both mirrored below and on the right, so that the sides of codes are multiples of that."""
    height, width = low.shape[-2:]
    down, right = -height % multiple, -width % multiple
    if original is not None:
        factor = original.shape[-2] // height
        original = filled_to(original, (height + down) * factor, (width + right) * factor)
    return filled_to(low, height + down, width + right), original
