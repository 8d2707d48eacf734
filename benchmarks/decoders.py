"""UNet-W's grouped tails against separate ones, what wavelets add to a ResNet, and decoding's share of sampling.

python -m benchmarks.decoders

CPU seconds of one thread, at the paper's widths.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.timing import one_thread, paired_cpu_seconds
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.shape import ImageShape
from frugan.model.model import Model
from frugan.networks.dcgan import DCGANGenerator
from frugan.networks.srresnet import SRResNet
from frugan.networks.unet import BandUNet

ROUNDS = 3


def run() -> list[dict[str, Any]]:
    """Rows of name, ours_s, peer, peer_s, ratio."""
    with one_thread():
        rows = [*(_tails(*case) for case in ((1, 512, 256, 8), (2, 64, 32, 8))), _resnet(), _share_of_sampling()]
    return [{**row, "ratio": row["peer_s"] / row["ours_s"]} for row in rows]


def main() -> None:
    for row in run():
        print(f"{row['name']}: {row['ours_s']:.3f} s, {row['peer']} {row['peer_s']:.3f} s, ratio {row['ratio']:.2f}")


def _tails(depth: int, width: int, tail_width: int, batch: int) -> dict[str, Any]:
    """Forward and backward of the tails alone, 32 x 32: one wide convolution and a grouped one, or each by itself.

    The wide one goes by Winograd's algorithm, if it is wide enough.
    """
    grouped = BandUNet(depth, width, tail_width).tails
    separate = nn.ModuleList(
        nn.Sequential(
            nn.Conv2d(width, tail_width, 3, padding=1),
            nn.BatchNorm2d(tail_width),
            nn.ReLU(),
            nn.Conv2d(tail_width, 3, 3, padding=1),
        )
        for _ in range(3 * 4**depth)
    )
    for network in (grouped, separate):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    h = torch.randn(batch, width, 32, 32).contiguous(memory_format=torch.channels_last).requires_grad_()

    def one_by_one() -> Tensor:
        return torch.cat([tail(h) for tail in separate], dim=1)

    ours, peer = paired_cpu_seconds(
        [lambda: grouped(h).square().mean().backward(), lambda: one_by_one().square().mean().backward()], ROUNDS
    )
    return {
        "name": f"{3 * 4**depth} tails of UNet-W, {width} channels, {batch} x 32 x 32, forward + backward",
        "ours_s": ours,
        "peer": "one by one",
        "peer_s": peer,
    }


@torch.no_grad()
def _resnet() -> dict[str, Any]:
    """64 -> 256 pixels, batch 2: the same network on a wavelet base and on a bilinear one."""
    codec, network = WaveletCodec(levels=2), SRResNet().eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    code = torch.rand(2, 3, 64, 64) * 2 - 1

    def bilinear() -> Tensor:
        base = F.interpolate(code, scale_factor=4, mode="bilinear", align_corners=False)
        decoded: Tensor = network(code, base)
        return decoded

    ours, peer = paired_cpu_seconds([lambda: codec.decode(code, network), bilinear], ROUNDS)
    return {"name": "ResNet-W, 64 to 256 px, batch 2", "ours_s": ours, "peer": "without wavelets", "peer_s": peer}


@torch.no_grad()
def _share_of_sampling() -> dict[str, Any]:
    """A DCGAN of 64 x 64 codes with the small ResNet-W decoder; the paper's decoding takes .010 of .039 s."""
    generator = DCGANGenerator(code_shape=(3, 64, 64)).eval()
    decoder = SRResNet(channels=32, blocks=8).eval()
    model = Model(generator, WaveletCodec(levels=2), decoder, ImageShape.square(256)).to("cpu")
    codes = model.codes(range(16))
    ours, whole = paired_cpu_seconds([lambda: model.decode(codes, noise=0.0), lambda: model.sample(range(16))], ROUNDS)
    return {
        "name": "decoding within sampling 256 px, DCGAN-64 and ResNet-W of 32 channels",
        "ours_s": ours,
        "peer": "the whole",
        "peer_s": whole,
    }


if __name__ == "__main__":
    main()
