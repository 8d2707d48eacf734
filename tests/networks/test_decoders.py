"""Contracts over every decoder, parameter counts of the papers, and what each promises about its arithmetic."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.codecs.wavelet import WaveletCodec
from frugan.networks.base import Decoder, count_parameters
from frugan.networks.esrgan import RRDBNet, VGGDiscriminator, convert_rrdb_names
from frugan.networks.gated import GatedDecoder
from frugan.networks.srresnet import SRResNet
from frugan.networks.unet import BandUNet, ImageUNet, UNetP, UNetW
from frugan.ops.wavelet import lowpass2, packet2


def trained_a_little(decoder: GatedDecoder) -> GatedDecoder:
    """With heads that no longer say zero."""
    for head in decoder.heads:
        torch.nn.init.normal_(head.weight, std=0.1)
    return decoder


DECODERS = {
    "srresnet": SRResNet(channels=8, blocks=2),
    "srresnet, authors": SRResNet(channels=8, blocks=2, convention="authors"),
    "unet-w 1": UNetW(levels=1, width=8, tail_width=4),
    "unet-w 2": UNetW(levels=2, width=8, tail_width=4),
    "unet-w 3": UNetW(levels=3, width=8, tail_width=2, code_side=32),
    "unet-w, stage 2": UNetW(levels=2, width=8, tail_width=4, stage=2),
    "unet-p": UNetP(levels=2, width=4, reduction="gaussian"),
    "unet-p, stage 1": UNetP(levels=2, width=4, reduction="gaussian", stage=1),
    "gated": GatedDecoder(channels=8, blocks=2, kernel=3),
    "rrdb": RRDBNet(width=8, blocks=1, growth=4),
}


@pytest.mark.parametrize("decoder", DECODERS.values(), ids=DECODERS)
def test_decoders_make_images_of_the_base_s_size_and_train(decoder: Decoder) -> None:
    doublings = len(decoder.stages) if isinstance(decoder, UNetW) else 2
    codec = WaveletCodec(levels=doublings)
    image = torch.rand(2, 3, 64, 128) * 2 - 1
    code = codec.encode(image)
    decoded = decoder(codec.decoder_input(code), codec.base(code), image)
    assert decoded.shape == image.shape
    (decoded - image).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in decoder.parameters())


@pytest.mark.parametrize(
    "build",
    [
        partial(SRResNet, channels=8, blocks=2, init_scale=1.0),
        partial(UNetW, width=8, tail_width=4, norm="none", unit_packets=True),
        partial(UNetP, width=8, norm="group", reduction="gaussian"),
        partial(GatedDecoder, channels=8, blocks=2),
        partial(RRDBNet, width=8, blocks=1, growth=4),
    ],
    ids=lambda build: build.func.__name__,
)
def test_decoders_train_in_bf16(build: Callable[[], Decoder]) -> None:
    torch.manual_seed(0)
    decoder, codec = build(), WaveletCodec(levels=2)
    if isinstance(decoder, GatedDecoder):
        trained_a_little(decoder)
    image = torch.rand(2, 3, 128, 128) * 2 - 1
    code = codec.encode(image)
    low, base = codec.decoder_input(code), codec.base(code)
    exact = (decoder(low, base) - base).detach()
    with torch.autocast("cpu", torch.bfloat16):
        decoded = decoder(low, base)
    assert exact.std() > 0.001
    assert (decoded.detach() - base - exact).std() < 0.05 * exact.std()
    (decoded.float() - image).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in decoder.parameters())


def test_unit_packets_are_of_about_unit_variance_in_photos() -> None:
    """On noise whose amplitude falls as 1 / f, as that of photos does."""
    torch.manual_seed(0)
    frequency = torch.fft.fftfreq(256)[:, None].square() + torch.fft.rfftfreq(256).square()
    spectrum = torch.fft.rfft2(torch.randn(8, 3, 256, 256)) / frequency.sqrt().clamp(1 / 256)
    image = torch.fft.irfft2(spectrum)
    image = 0.5 * image / image.std()
    for depth in (1, 2):
        band = BandUNet(depth, 8, 4, unit_packets=True)
        known = lowpass2(image, 3 - depth) / 2 ** (3 - depth)
        scaled = (packet2(known, depth) / band.spread).transpose(0, 1).flatten(1).std(dim=1)
        assert scaled.min() > 0.2
        assert scaled.max() < 4
        narrow = BandUNet(depth, 8, 4)
        narrow.load_state_dict(band.state_dict())
        packets = packet2(known, depth)
        assert torch.allclose(band.eval()(packets * band.spread), 0.1 * narrow.eval()(packets), atol=1e-5)


@pytest.mark.parametrize(
    "decoder",
    [SRResNet(channels=8, blocks=1, told_noise=True), GatedDecoder(channels=8, blocks=1, told_noise=True)],
)
def test_a_decoder_that_is_told_the_noise_acts_on_it_image_by_image(decoder: Decoder) -> None:
    if isinstance(decoder, GatedDecoder):
        trained_a_little(decoder)
    low, base = torch.randn(1, 3, 8, 8).expand(3, -1, -1, -1), torch.zeros(3, 3, 32, 32)
    untold, told = decoder(low, base), decoder(low, base, noise=torch.tensor([0.0, 0.0, 0.5]))
    assert torch.equal(told[0], untold[0])
    assert torch.allclose(told[1], untold[1])
    assert not torch.allclose(told[2], untold[2])


def test_parameter_counts_of_the_paper() -> None:
    assert count_parameters(SRResNet()) == 1_517_571
    assert count_parameters(BandUNet(1, 512, 256)) == 52_073_508
    assert count_parameters(BandUNet(2, 512, 256)) == 94_983_312
    assert count_parameters(ImageUNet(64)) == 17_269_059
    assert count_parameters(VGGDiscriminator((3, 256, 256))) == 21_055_049


@pytest.mark.parametrize("doublings", [1, 2, 3])
def test_srresnet_is_fully_convolutional(doublings: int) -> None:
    decoder = SRResNet(doublings=doublings, channels=8, blocks=1)
    assert decoder.residual(torch.randn(1, 3, 6, 10)).shape == (1, 3, 6 * 2**doublings, 10 * 2**doublings)


def test_srresnet_can_begin_exactly_at_its_base() -> None:
    low, base = torch.randn(1, 3, 8, 8), torch.randn(1, 3, 32, 32)
    assert torch.equal(SRResNet(channels=8, blocks=1, zero_last=True)(low, base), base)
    assert not torch.equal(SRResNet(channels=8, blocks=1)(low, base), base)


def test_whatever_the_gated_decoder_draws_has_the_same_code() -> None:
    codec = WaveletCodec(levels=2, code_min=-1.3, code_max=1.2)
    decoder = trained_a_little(GatedDecoder(channels=8, blocks=2))
    code = codec.encode(torch.rand(2, 3, 32, 48) * 2 - 1)
    decoded = codec.decode(code, decoder)
    assert (decoded - codec.base(code)).abs().max() > 0.1
    assert torch.allclose(codec.encode(decoded), code, atol=1e-5)


def test_a_new_gated_decoder_is_the_base_and_even_kernels_are_refused() -> None:
    low, base = torch.randn(1, 3, 8, 8), torch.randn(1, 3, 32, 32)
    assert torch.equal(GatedDecoder(channels=8, blocks=1)(low, base), base)
    with pytest.raises(ValueError, match="kernel: must be odd"):
        GatedDecoder(kernel=4)


@pytest.mark.parametrize(
    "decoder",
    [
        SRResNet(channels=8, blocks=3),
        RRDBNet(width=4, blocks=1, growth=4),
        trained_a_little(GatedDecoder(channels=8, blocks=2)),
    ],
)
def test_the_halo_holds_all_that_decides_over_a_pixel(decoder: Decoder) -> None:
    """Nothing beyond it changes the tile; a pixel less would not do."""
    assert decoder.halo is not None
    halo, side = decoder.halo, 2 * decoder.halo + 6
    low = torch.randn(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    decoder = decoder.double().eval()
    tile = decoder(low, torch.zeros(1, 3, 4 * side, 4 * side, dtype=torch.float64))
    centre = tile[..., 4 * (halo + 2) : 4 * (halo + 4), 4 * (halo + 2) : 4 * (halo + 4)]
    (gradient,) = torch.autograd.grad(centre.square().sum(), low)
    rows = gradient.abs().sum(dim=(0, 1, 3)).nonzero().flatten()
    assert rows.min() >= 2
    assert rows.max() < 2 * halo + 4
    assert rows.min() <= 3  # the halo is tight to a pixel


@pytest.mark.parametrize(("value", "base"), [(0.0, 0.075), (0.5, 0.125), (1.0, 0.175)])
def test_the_authors_convention_begins_at_a_tenth_of_the_image(value: float, base: float) -> None:
    """Section 4's oracle, in the paper's range [0, 1]: f must learn the other nine tenths."""
    decoder, codec = SRResNet(channels=4, blocks=1, zero_last=True, convention="authors"), WaveletCodec(levels=2)
    image = torch.full((1, 3, 32, 32), 2 * value - 1)
    decoded = codec.decode(codec.encode(image), decoder)
    assert torch.allclose((decoded + 1) / 2, torch.tensor(base), atol=1e-6)


def one_by_one(unet: BandUNet, h: Tensor) -> Tensor:
    """The tails as separate networks, sharing nothing but their input."""
    first, norm, _, second = unet.tails
    assert isinstance(first, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert isinstance(second, nn.Conv2d)
    tails, width = second.groups, first.out_channels // second.groups
    out = []
    for i in range(tails):
        here, there = slice(i * width, (i + 1) * width), slice(3 * i, 3 * i + 3)
        x = F.conv2d(h, first.weight[here], first.bias[here], padding=1)
        x = F.batch_norm(x, None, None, norm.weight[here], norm.bias[here], training=True)
        out.append(F.conv2d(F.relu(x), second.weight[there], second.bias[there], padding=1))
    return torch.cat(out, dim=1)


@pytest.mark.parametrize("depth", [1, 2])
def test_grouped_tails_equal_separate_ones(depth: int) -> None:
    unet, h = BandUNet(depth, width=8, tail_width=6), torch.randn(2, 8, 8, 8)
    assert torch.allclose(unet.tails(h), one_by_one(unet, h), atol=1e-5)


def test_small_images_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        VGGDiscriminator((3, 8, 8))


class IndependentRRDB(nn.Module):
    """ESRGAN's generator written from the paper's figure 4 alone, with the names of the official older files."""

    def __init__(self, width: int, blocks: int, growth: int) -> None:
        super().__init__()
        names = {"conv_first": (3, width), "trunk_conv": (width, width), "upconv1": (width, width)}
        names |= {"upconv2": (width, width), "HRconv": (width, width), "conv_last": (width, 3)}
        for block in range(blocks):
            for dense in (1, 2, 3):
                for conv in (1, 2, 3, 4, 5):
                    out = growth if conv < 5 else width
                    names[f"RRDB_trunk.{block}.RDB{dense}.conv{conv}"] = (width + (conv - 1) * growth, out)
        self.blocks = blocks
        self.weights = {
            f"{name}.{kind}": torch.randn(shape) * 0.1
            for name, (i, o) in names.items()
            for kind, shape in (("weight", (o, i, 3, 3)), ("bias", (o,)))
        }

    def conv(self, name: str, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], padding=1)

    def forward(self, x: Tensor) -> Tensor:
        first = h = self.conv("conv_first", x)
        for block in range(self.blocks):
            entered = h
            for dense in (1, 2, 3):
                stack = h
                for conv in (1, 2, 3, 4):
                    grown = F.leaky_relu(self.conv(f"RRDB_trunk.{block}.RDB{dense}.conv{conv}", stack), 0.2)
                    stack = torch.cat([stack, grown], 1)
                h = h + 0.2 * self.conv(f"RRDB_trunk.{block}.RDB{dense}.conv5", stack)
            h = entered + 0.2 * h
        h = first + self.conv("trunk_conv", h)
        for name in ("upconv1", "upconv2"):
            h = F.leaky_relu(self.conv(name, h.repeat_interleave(2, -1).repeat_interleave(2, -2)), 0.2)
        return self.conv("conv_last", F.leaky_relu(self.conv("HRconv", h), 0.2))


def test_rrdb_equals_an_independent_one_with_the_official_names() -> None:
    torch.manual_seed(0)
    reference = IndependentRRDB(width=8, blocks=2, growth=4)
    decoder = RRDBNet(width=8, blocks=2, growth=4)
    decoder.load_state_dict(convert_rrdb_names(reference.weights))
    image = torch.rand(1, 3, 12, 10)
    decoded = decoder(2 * image - 1, torch.zeros(1, 3, 48, 40))
    assert torch.allclose((decoded + 1) / 2, reference(image), atol=1e-5)
    assert count_parameters(RRDBNet()) == 16_697_987
