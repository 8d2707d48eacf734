"""UNet-W and UNet-P: one phase throughout, packets of 32 x 32 for any code, and levels that learn apart."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.codecs.pixel import PixelCodec
from frugan.config.spec import Spec
from frugan.networks.unet import BandUNet, UNetP, UNetW
from frugan.objectives.reconstruction import l2, packet_l2
from frugan.ops.reduction import Reduction, enlarged, reduced
from frugan.ops.wavelet import dwt2, idwt2, ipacket2, lowpass2, packet2


class _Seeing(nn.Module):
    """A stage that keeps what it sees, and predicts a multiple of it."""

    def __init__(self, gain: float = 0.0) -> None:
        super().__init__()
        self.gain = gain

    def forward(self, image: Tensor) -> Tensor:
        self.seen = image
        return self.gain * image


def ramp(side: int) -> Tensor:
    """(1, 3, side, side), float64: 1 more a column, 2 more a row."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (x + 2 * y).double().expand(1, 3, -1, -1)


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("reduction", ["gaussian", "antialiased", "bilinear"])
def test_a_ramp_keeps_its_place_through_unet_p(levels: int, reduction: Reduction) -> None:
    """Every stage sees the ramp where the codec left it, and the picture that predicts nothing is that ramp."""
    decoder, codec = UNetP(levels=levels, width=4, reduction=reduction), PixelCodec(levels=levels, reduction=reduction)
    decoder.stages = nn.ModuleList(_Seeing() for _ in range(levels))
    image, inside = ramp(256), (..., slice(64, 192), slice(64, 192))
    code = codec.encode(image)
    decoded = codec.decode(code, decoder)
    assert torch.allclose(decoded[inside], image[inside], atol=1e-9)
    assert torch.allclose(decoded[inside], codec.base(code)[inside], atol=1e-9)
    for level, stage in enumerate(decoder.stages, 1):
        step = 2 ** (levels - level)  # pixel k of the stage's picture stands for pixels from k * step
        first = 0 if reduction == "gaussian" else (step - 1) / 2
        expected = ramp(256)[..., ::step, ::step] + 3 * first
        middle = (..., slice(64 // step, 192 // step), slice(64 // step, 192 // step))
        assert torch.allclose(stage.seen[middle], expected[middle], atol=1e-9)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_unet_p_that_predicts_nothing_is_the_codec_s_base(levels: int) -> None:
    decoder, codec = UNetP(levels=levels, width=4, reduction="gaussian"), PixelCodec(levels=levels)
    for stage in decoder.stages:
        nn.init.zeros_(stage.leave.weight)
        nn.init.zeros_(stage.leave.bias)
    code = codec.encode(torch.rand(1, 3, 128, 128))
    assert torch.equal(codec.decode(code, decoder), codec.base(code))


@pytest.mark.parametrize("reduction", ["gaussian", "bilinear"])
def test_unet_p_adds_to_the_very_picture_that_it_saw(reduction: Reduction) -> None:
    """A stage that predicts minus what it sees leaves nothing."""
    decoder, codec = UNetP(levels=2, width=4, reduction=reduction), PixelCodec(levels=2, reduction=reduction)
    decoder.stages = nn.ModuleList([_Seeing(), _Seeing(gain=-1.0)])
    decoded = codec.decode(codec.encode(torch.rand(1, 3, 64, 64)), decoder)
    assert torch.equal(decoded, torch.zeros_like(decoded))


class _Adding(nn.Module):
    """A stage that predicts the same whatever it sees."""

    def __init__(self, predicted: Tensor) -> None:
        super().__init__()
        self.predicted = predicted

    def forward(self, known: Tensor) -> Tensor:
        return self.predicted


def test_an_untrained_second_stage_of_unet_p_begins_at_linear_interpolation() -> None:
    """Behind a first stage that knows all: a wave keeps every second pixel, and cos(2 pi f) of those between."""
    frequency = 1 / 12
    wave = torch.sin(2 * math.pi * frequency * torch.arange(256, dtype=torch.float64))
    image = wave.expand(1, 3, 256, -1)
    half, codec = image[..., ::2, ::2], PixelCodec(levels=2)
    decoder, low = UNetP(levels=2, width=4, reduction="gaussian"), codec.reduce(image, 2)
    decoder.stages = nn.ModuleList([_Adding(half - enlarged(low, 1, "corner")), _Seeing()])
    decoded = decoder(low, codec.enlarge(low))[..., 16:240, 16:240]
    expected = image[..., 16:240, 16:240].clone()
    expected[..., 1::2] *= math.cos(2 * math.pi * frequency)
    assert torch.allclose(decoded, expected, atol=1e-9)


def test_a_unet_p_of_before_and_unknown_stages_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="of an earlier version"):
        UNetP()
    with pytest.raises(ValueError, match="stage: must be from 1 to levels"):
        UNetP(reduction="gaussian", stage=3)
    with pytest.raises(ValueError, match="levels: must be at least 1"):
        UNetW(levels=0)
    with pytest.raises(ValueError, match="times a power of 2, got 48"):
        UNetW(code_side=48)
    with pytest.raises(ValueError, match="times a power of 2, got 16"):
        packet_l2(torch.zeros(1, 3, 64, 64), torch.zeros(1, 3, 64, 64), code_side=16)
    with pytest.raises(ValueError, match="sees the true bands"):
        UNetW(second_input="predicted", stage=1, width=4, tail_width=4)


@pytest.mark.parametrize(("code_side", "levels"), [(32, 1), (32, 3), (64, 2), (64, 3), (128, 2), (256, 1)])
def test_packets_of_unet_w_are_of_32_pixels_and_there_are_as_many_tails(code_side: int, levels: int) -> None:
    decoder = UNetW(levels=levels, width=4, tail_width=1, code_side=code_side, norm="none")
    shapes: list[tuple[int, ...]] = []
    for stage in decoder.stages:
        stage.register_forward_hook(lambda _, inputs, output: shapes.append((*inputs[0].shape, *output.shape)))
    low = torch.rand(1, 3, code_side, code_side)
    large = torch.zeros(1, 3, code_side * 2**levels, code_side * 2**levels)
    assert decoder(low, large).shape == large.shape
    for level, (stage, shape) in enumerate(zip(decoder.stages, shapes, strict=True)):
        leaves = (code_side * 2**level // 32) ** 2
        assert shape == (1, 3 * leaves, 32, 32, 1, 9 * leaves, 32, 32)
        assert stage.tails[-1].groups == 3 * leaves


def test_unet_w_from_a_configuration_of_before_decodes_as_it_did() -> None:
    """Level 1 splits once, level 2 twice: written out, with the names that old weights have."""
    torch.manual_seed(0)
    old = {"class": "frugan.networks.unet.UNetW", "levels": 2, "width": 8, "tail_width": 4, "second_input": "true"}
    decoder = Spec.from_dict({**old, "boundary": "reflect", "norm": "batch", "unit_packets": True}).build().eval()
    stages = [BandUNet(depth, 8, 4, unit_packets=True).eval() for depth in (1, 2)]
    weights = {f"stages.{i}.{name}": t for i, s in enumerate(stages) for name, t in s.state_dict().items()}
    decoder.load_state_dict(weights)
    low = torch.rand(1, 3, 32, 64) * 2 - 1
    known = low
    for depth, stage in enumerate(stages, 1):
        bands = stage(packet2(known, depth)).chunk(3, dim=1)
        TR, BL, BR = (ipacket2(band, depth) for band in bands)
        known = idwt2(2 * known, (TR, BL, BR))
    assert torch.equal(decoder(low, low), known)


class _Oracle(nn.Module):
    """A stage that knows the true bands, and adds an error of its own."""

    def __init__(self, packets: Tensor, error: Tensor) -> None:
        super().__init__()
        self.packets, self.error = packets, error

    def forward(self, known: Tensor) -> Tensor:
        return self.packets + self.error


def true_packets(image: Tensor, levels: int, splits: int) -> list[Tensor]:
    """Those of the bands that each level lacks, from the code up."""
    truths = [image if n == 0 else lowpass2(image, n) / 2**n for n in range(levels - 1, -1, -1)]
    return [torch.cat([packet2(band, splits + i) for band in dwt2(x)[1]], dim=1) for i, x in enumerate(truths)]


@pytest.mark.parametrize(("levels", "code_side"), [(1, 64), (2, 64), (3, 32), (2, 128)])
def test_unet_w_with_the_true_bands_gives_the_image_back(levels: int, code_side: int) -> None:
    image = torch.rand(1, 3, code_side * 2**levels, code_side * 2**levels, dtype=torch.float64) * 2 - 1
    decoder = UNetW(levels=levels, width=4, tail_width=1, code_side=code_side)
    true = true_packets(image, levels, decoder.splits)
    decoder.stages = nn.ModuleList(_Oracle(packets, torch.zeros_like(packets)) for packets in true)
    low = lowpass2(image, levels) / 2**levels
    assert torch.allclose(decoder(low, low), image, atol=1e-12)
    assert torch.allclose(decoder(low, low, image), image, atol=1e-12)


@pytest.mark.parametrize(("levels", "code_side", "weights"), [(2, 64, (12, 48)), (3, 32, (3, 12, 48))])
def test_all_stages_of_unet_w_learn_apart_from_the_true_bands(
    levels: int, code_side: int, weights: tuple[int, ...]
) -> None:
    """The loss is the sum of each tail's mean squared error, and a stage's error gives the others no gradient."""
    image = torch.rand(1, 3, 128, 128, dtype=torch.float64) * 2 - 1
    decoder = UNetW(levels=levels, width=8, tail_width=4, code_side=code_side)
    true = true_packets(image, levels, decoder.splits)
    errors = [torch.randn_like(packets).requires_grad_() for packets in true]
    decoder.stages = nn.ModuleList(_Oracle(p, e) for p, e in zip(true, errors, strict=True))
    low = lowpass2(image, levels) / 2**levels
    loss = packet_l2(decoder(low, low, image), image, levels, code_side)
    # Raw coefficients of images in [0, 1]: half the error, and each coarser level has twice the gain.
    expected = sum(
        weight * (2.0 ** (levels - 2 - i) * error).square().mean()
        for i, (weight, error) in enumerate(zip(weights, errors, strict=True))
    )
    assert loss.item() == pytest.approx(expected.item())
    for found, wanted in zip(torch.autograd.grad(loss, errors), torch.autograd.grad(expected, errors), strict=True):
        assert torch.allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("stage", [1, 2])
def test_a_stage_of_unet_w_alone_has_the_gradients_that_it_has_among_all(stage: int) -> None:
    image = torch.rand(2, 3, 128, 128, dtype=torch.float64) * 2 - 1
    low, gradients = lowpass2(image, 2) / 4, []
    for built in (0, stage):
        torch.manual_seed(0)
        decoder = UNetW(levels=2, width=8, tail_width=4, stage=built).double()
        packet_l2(decoder(low, low, image), image).backward()
        gradients.append({name: p.grad for name, p in decoder.named_parameters()})
    together, alone = gradients
    assert {name.split(".")[1] for name in alone} == {str(stage - 1)}
    for name, gradient in alone.items():
        assert torch.allclose(gradient, together[name], rtol=1e-9, atol=1e-12), name


@pytest.mark.parametrize("stage", [1, 2])
def test_the_loss_of_a_stage_of_unet_p_is_its_own_level_s_squared_error(stage: int) -> None:
    """On the true image below it, doubled with the codes' phase."""
    image = torch.rand(1, 3, 128, 128, dtype=torch.float64) * 2 - 1
    decoder = UNetP(levels=2, width=4, reduction="gaussian", stage=stage).double()
    below, target = reduced(image, 3 - stage, "gaussian"), image if stage == 2 else reduced(image, 1, "gaussian")
    larger = enlarged(below, 1, "corner")
    low = reduced(image, 2, "gaussian")
    loss = l2(decoder(low, enlarged(low, 2, "corner"), image), image)
    assert loss.item() == pytest.approx(F.mse_loss(larger + decoder.stages[stage - 1](larger), target).item())


@pytest.mark.parametrize(
    "build",
    [
        lambda stage: UNetW(levels=2, width=8, tail_width=4, stage=stage),
        lambda stage: UNetP(levels=2, width=4, reduction="gaussian", stage=stage),
    ],
    ids=["unet-w", "unet-p"],
)
def test_the_weights_of_all_stages_are_the_weights_of_the_whole(build: Callable[[int], UNetW]) -> None:
    first, second, whole = (build(stage).eval() for stage in (1, 2, 0))
    whole.load_state_dict({**first.state_dict(), **second.state_dict()})
    low = torch.rand(1, 3, 32, 32)
    base = torch.zeros(1, 3, 128, 128)
    assert not torch.equal(first(low, base), whole(low, base))
    first.stages[1], second.stages[0] = second.stages[1], first.stages[0]
    first.stage = second.stage = 0
    assert torch.equal(first(low, base), whole(low, base))
    assert torch.equal(second(low, base), whole(low, base))


def test_unet_w_fed_with_predictions_lets_gradients_through() -> None:
    decoder = UNetW(levels=2, width=8, tail_width=4, second_input="predicted")
    image = torch.rand(2, 3, 64, 64)
    low = lowpass2(image, 2) / 4
    fine = lowpass2(decoder(low, low, image) - image, 1).square().mean()
    fine.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in decoder.stages[0].tails.parameters())
