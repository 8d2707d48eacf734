"""StyleGAN3-T and AnyresGAN: parameter counts, layers against other ways to compute them, windows, and what moves."""

import copy
import math

import numpy as np
import pytest
import torch
from scipy import signal
from torch import Tensor

from frugan.networks.anyres import AnyresGANGenerator
from frugan.networks.base import count_parameters
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.networks.stylegan3 import StyleGAN3Generator
from frugan.nn.alias_free import AliasFreeTrunk, FourierWaves, plan_levels
from frugan.ops.grid import Grid, Window, full_grid, window_at

SMALL = {"latent_dim": 16, "style_dim": 24, "layers": 6, "channel_base": 256, "channel_max": 16}
KINDS = [StyleGAN3Generator, AnyresGANGenerator]
Kind = type[StyleGAN3Generator] | type[AnyresGANGenerator]


def small(kind: Kind, side: int = 32, **settings: object) -> StyleGAN3Generator | AnyresGANGenerator:
    """With magnitudes as after some training, so that layers put out what they should."""
    torch.manual_seed(0)
    generator = kind((3, side, side), **{**SMALL, "magnitude_kimg": 0.0005, **settings})  # type: ignore[arg-type]
    with torch.no_grad():
        for _ in range(4):
            generator(torch.randn(8, 16), torch.zeros(8, dtype=torch.int64) if generator.classes else None)
    return generator.eval()


def psnr(a: Tensor, b: Tensor) -> float:
    """Of the values' own range."""
    return float(10 * torch.log10((b.max() - b.min()) ** 2 / (a - b).square().mean()))


@pytest.mark.parametrize(
    ("side", "base", "count"),
    [(256, 32768, 28_472_133), (256, 16384, 23_320_443), (512, 32768, 24_873_519), (1024, 32768, 22_313_167)],
)
def test_parameter_counts(side: int, base: int, count: int) -> None:
    """22.3 million at 1024 x 1024 are the paper's; the sum is written down here anew, layer by layer."""
    with torch.device("meta"):
        generator = StyleGAN3Generator((3, side, side), channel_base=base)
        whole = AnyresGANGenerator((3, side, side), channel_base=base)
    widths = [round(min(base / (2 * 2 * (side / 4) ** min(i / 12, 1)), 512)) for i in range(14)] + [3]
    expected = 2 * (512 * 512 + 512)  # mapping
    expected += widths[0] ** 2 + 4 * 512 + 4  # waves, mixed; how they turn and move
    befores = [widths[0], *widths[:-1]]
    for i, (a, b) in enumerate(zip(befores, widths, strict=True)):
        expected += a * b * (1 if i == 14 else 9) + b + 512 * a + a  # weights, biases, style
    assert count_parameters(generator) == expected == count
    if side == 1024:
        assert abs(count / 1e6 - 22.3) < 0.1
    told = 512 + 512 + 512 * 512 + 512 + sum(512 * a + a for a in befores)
    assert count_parameters(whole) == expected + told


def test_levels_are_those_of_the_paper() -> None:
    """Figure 4 and appendix C: 16 to 1024 samples, two critical layers, and a geometric series of cutoffs."""
    levels = plan_levels(1024, 3, layers=14, base=32768, most=512, margin=10)
    assert [level.rate for level in levels] == [16, 16, 32, 32, 64, 128, 128, 256, 256, *[512] * 1, *[1024] * 5]
    cutoffs = np.array([level.cutoff for level in levels])
    assert np.allclose(cutoffs[:13], 2 * 256 ** (np.arange(13) / 12))
    assert np.allclose(cutoffs[12:], 512)
    stopbands = np.minimum(2**2.1 * (512 * 2**0.3 / 2**2.1) ** (np.arange(15) / 12), 512 * 2**0.3)
    for level, stopband in zip(levels, stopbands, strict=True):
        assert math.isclose(level.cutoff + level.half_width, max(stopband, level.rate / 2))
        assert 2 * stopband <= level.rate or level.rate == 1024
    assert [level.samples(1024, 1024) for level in levels[-3:]] == [1044, 1024, 1024]
    assert levels[0].samples(512, 1024) == 28


@torch.no_grad()
def test_waves_are_turned_moved_and_faded() -> None:
    torch.manual_seed(0)
    level = plan_levels(32, 3, 6, 64, 12, 10)[0]
    waves = FourierWaves(level, 4).double()
    assert waves.frequencies.norm(dim=1).max() <= 2
    waves.affine.weight.normal_()
    w = torch.randn(2, 4).double()
    window = Window(
        torch.tensor([[0.1, -0.2], [0.0, 0.3]]).double(), torch.tensor([[0.5, 0.5], [4.0, 3.0]]).double(), (16, 32)
    )
    found = waves(w, window, (28, 36))
    for n in range(2):
        cosine, sine, x0, y0 = (waves.affine.weight[:, :] @ w[n] / 2 + waves.affine.bias).tolist()
        length = math.hypot(cosine, sine)
        cosine, sine, x0, y0 = cosine / length, sine / length, x0 / length, y0 / length
        expected = np.zeros((12, 28, 36))
        for c in range(12):
            f_y, f_x = waves.frequencies[c].tolist()
            scale_y, scale_x = window.scale[n].tolist()
            for i, j in ((0, 0), (27, 35), (13, 20)):
                y = window.middle[n, 0].item() + scale_y * (i + 0.5 - 14) / 16 - y0
                x = window.middle[n, 1].item() + scale_x * (j + 0.5 - 18) / 16 - x0
                turned_y, turned_x = sine * x + cosine * y, cosine * x - sine * y
                seen = math.hypot(scale_y * (f_y * cosine - f_x * sine), scale_x * (f_y * sine + f_x * cosine))
                fade = min(max(1 - (seen - 2) / (8 - 2), 0), 1)
                angle = f_y * turned_y + f_x * turned_x + waves.phases[c].item()
                expected[c, i, j] = fade * math.sin(2 * math.pi * angle)
        mixed = np.einsum("oc,chw->ohw", waves.weight.numpy() / math.sqrt(12), expected)
        for i, j in ((0, 0), (27, 35), (13, 20)):
            assert np.abs(found[n, :, i, j].numpy() - mixed[:, i, j]).max() < 1e-9


@torch.no_grad()
def test_a_layer_is_what_the_paper_says() -> None:
    """Weights of each image modulated, demodulated; zeros between samples; scipy's filters; float64."""
    torch.manual_seed(0)
    trunk = AliasFreeTrunk(32, 3, 4, layers=6, base=128, most=5, margin=10, magnitude_kimg=1.0).double().eval()
    layer, (before, after) = trunk.layers[2], trunk.levels[1:3]
    assert (before.rate, after.rate) == (16, 32)
    x, w = torch.randn(2, 5, 36, 36).double(), torch.randn(2, 4).double()
    shift = torch.randn(2, 5).double()
    layer.magnitude.fill_(2.5)
    layer.bias.normal_()
    found = layer(x, w, (52, 52), shift).numpy()
    style = (w @ layer.affine.weight.T / 2 + layer.affine.bias + shift).numpy()
    up = signal.firwin(24, before.cutoff, width=2 * before.half_width, fs=64)
    down = signal.firwin(12, after.cutoff, width=2 * after.half_width, fs=64)
    for n in range(2):
        weight = layer.weight.numpy() * style[n][:, None, None]
        weight = weight / np.sqrt((weight**2).sum(axis=(1, 2, 3), keepdims=True) + 1e-8) / math.sqrt(2.5)
        for o in range(after.channels):
            plane = sum(signal.correlate2d(x[n, i].numpy(), weight[o, i]) for i in range(5)) + layer.bias[o].item()
            dense = np.zeros((4 * 38, 4 * 38))
            dense[::4, ::4] = plane
            # (52 - 1) 2 + 1 dense samples are wanted in front of both filters, which take 24 + 12 - 2.
            total = 51 * 2 + 1 + 34 - 4 * 38
            first = (total + 4) // 2
            wide = np.zeros((4 * 38 + 200, 4 * 38 + 200))
            wide[100:-100, 100:-100] = dense
            cut = slice(100 - first, 100 + 4 * 38 + total - first)
            bent = signal.convolve2d(wide[cut, cut], 16 * np.outer(up, up), mode="valid")
            bent = np.clip(math.sqrt(2) * np.where(bent > 0, bent, 0.2 * bent), -256, 256)
            expected = signal.convolve2d(bent, np.outer(down, down), mode="valid")[::2, ::2]
            assert np.abs(found[n, o] - expected).max() < 1e-5  # torch keeps its filters in float32
            assert np.abs(expected).max() > 0.1


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", [8, 32, 64])
def test_they_draw_powers_of_two_and_know_classes(kind: Kind, side: int) -> None:
    generator = small(kind, side, classes=3, layers=4)
    z, label = torch.randn(2, 16), torch.tensor([0, 2])
    codes = generator(z, label)
    assert codes.shape == (2, 3, side, side)
    assert torch.equal(codes, generator.synthesis(generator.mapping(z, label)))
    assert torch.equal(codes, generator(z, label, full_grid(side, side)))
    assert not torch.allclose(codes, generator(z, torch.tensor([1, 2])), atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_learns(kind: Kind) -> None:
    generator = small(kind).train()
    if isinstance(generator, AnyresGANGenerator):
        for affine in generator.closeness.affines:
            torch.nn.init.normal_(affine.weight)  # they begin at zero, so that the branch before them waits for a step
    rows, cols = full_grid(32, 32)
    generator(torch.randn(2, 16), grid=Grid(rows / 2, cols / 2)).square().mean().backward()
    assert [n for n, p in generator.named_parameters() if p.grad is None or p.grad.abs().max() == 0] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("shape", "layers"), [((3, 4, 4), 6), ((3, 32, 32), 2)])
def test_other_sizes_are_refused_in_words(kind: Kind, shape: tuple[int, int, int], layers: int) -> None:
    with pytest.raises(ValueError, match=r"at least 8 x 8|at least 3 layers"):
        kind(shape, layers=layers)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (torch.tensor([0.0, 0.1, 0.3]), "evenly spaced"),
        (torch.tensor([0.3, 0.2, 0.1]), "ascend"),
        (torch.tensor([0.5]), "at least two"),
    ],
)
def test_uneven_coordinates_are_refused(kind: Kind, rows: Tensor, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        small(kind)(torch.randn(1, 16), grid=Grid(rows, torch.linspace(0, 1, 8)))


@torch.no_grad()
def test_a_moved_picture_is_the_same_picture_moved() -> None:
    """EQ-T on random weights, by whole pixels, which are fractions of all coarser samples."""
    generator = small(StyleGAN3Generator, 64)
    w = generator.mapping(torch.randn(4, 16))
    rows, cols = full_grid(64, 64)
    whole, other = generator.synthesis(w), stylegan2_moved()
    for pixels in (1, 3, 5):
        moved = generator.synthesis(w, Grid(rows + pixels / 63, cols))
        ours = psnr(moved[..., 4 : -4 - pixels, 4:-4], whole[..., 4 + pixels : -4, 4:-4])
        assert ours > 60
        assert ours > other[pixels] + 30


def stylegan2_moved() -> dict[int, float]:
    """StyleGAN2 has no such input: its constant is moved by a fraction, as well as bilinear interpolation can."""
    torch.manual_seed(0)
    generator = StyleGAN2Generator((3, 64, 64), latent_dim=16, style_dim=24, channel_max=16, noise=False).eval()
    w, constant = generator.mapping(torch.randn(4, 16)), generator.constant.clone()
    whole, found = generator.synthesis(w), {}
    for pixels in (1, 3, 5):
        part = pixels / 16
        after = torch.cat([constant[:, 1:], constant[:, -1:]], dim=1)
        moved = generator._from((1 - part) * constant + part * after, w)
        found[pixels] = psnr(moved[..., 4 : -4 - pixels, 4:-4], whole[..., 4 + pixels : -4, 4:-4])
    return found


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("top", "height", "left", "width"), [(0, 16, 0, 64), (21, 37, 30, 11), (40, 24, 8, 48)])
def test_a_window_shows_its_place_of_the_whole(kind: Kind, top: int, height: int, left: int, width: int) -> None:
    generator, whole = small(kind, 64), full_grid(64, 64)
    w = generator.mapping(torch.randn(3, 16))
    rows, cols = slice(top, top + height), slice(left, left + width)
    part = generator.synthesis(w, Grid(whole.rows[rows], whole.cols[cols]))
    expected = generator.synthesis(w)[..., rows, cols]
    assert part.shape == expected.shape
    assert psnr(part, expected) > 50


@torch.no_grad()
def test_each_picture_of_a_batch_may_have_a_window_of_its_own() -> None:
    generator = small(AnyresGANGenerator)
    torch.nn.init.normal_(generator.closeness.affines[3].weight)  # type: ignore[union-attr,arg-type]
    w = generator.mapping(torch.randn(3, 16))
    starts, extents = torch.tensor([0.0, 0.2, 0.5]), torch.tensor([1.0, 0.6, 0.3])
    line = torch.linspace(0, 1, 32)
    rows, cols = starts[:, None] + extents[:, None] * line, 0.1 + 0.9 * extents[:, None] * line
    together = generator.synthesis(w, Grid(rows, cols))
    for i in range(3):
        alone = generator.synthesis(w[i : i + 1], Grid(rows[i], cols[i]))
        assert torch.allclose(together[i], alone[0], atol=1e-5)


def test_windows_are_whole_cells_from_the_first_coordinate() -> None:
    rows, cols = full_grid(32, 32)
    window = window_at(Grid(rows, cols), (32, 32), 2, 32, "test")
    assert window.size == (32, 32)
    assert torch.allclose(window.middle, torch.zeros(1, 2), atol=1e-6)
    assert torch.allclose(window.scale, torch.ones(1, 2), atol=1e-6)
    # Three pixels from the ninth on, in cells of two: four pixels, whose middle lies between the tenth and eleventh.
    window = window_at(Grid(rows[8:11], cols), (32, 32), 2, 32, "test")
    assert window.size == (4, 32)
    assert torch.allclose(window.middle, torch.tensor([[10 / 32 - 0.5, 0.0]]), atol=1e-6)
    assert torch.allclose(window.scale, torch.ones(1, 2), atol=1e-6)


@torch.no_grad()
def test_anyresgan_is_told_the_scale() -> None:
    """The published network is told the same at every scale: its features of 1x and 8x differ by 2e-6."""
    generator = small(AnyresGANGenerator, closest=8.0)
    assert isinstance(generator, AnyresGANGenerator)
    whole, close, closer = generator.closeness.features(torch.tensor([1.0, 1 / 4, 1 / 8]))
    assert whole.abs().max() == 0
    assert (closer - whole).square().mean().sqrt() > 0.3
    assert (closer - close).square().mean().sqrt() > 0.1
    # It begins as the StyleGAN3 of the same weights, at every scale, and does not stay so.
    plain = small(StyleGAN3Generator)
    plain.load_state_dict({k: v for k, v in generator.state_dict().items() if not k.startswith("closeness.")})
    w, (rows, cols) = generator.mapping(torch.randn(2, 16)), full_grid(32, 32)
    near = Grid(rows / 8, cols / 8)
    assert torch.equal(generator.synthesis(w, near), plain.synthesis(w, near))
    for affine in generator.closeness.affines:
        torch.nn.init.normal_(affine.weight)  # type: ignore[arg-type]
    assert torch.allclose(generator.synthesis(w), plain.synthesis(w), atol=1e-5)
    assert not torch.allclose(generator.synthesis(w, near), plain.synthesis(w, near), atol=1e-2)
    with pytest.raises(ValueError, match=r"closest: .* above 1; got 1"):
        small(AnyresGANGenerator, closest=1.0)


@torch.no_grad()
def test_layers_divide_by_the_magnitude_that_they_met_in_training() -> None:
    torch.manual_seed(0)
    trunk = AliasFreeTrunk(32, 3, 4, layers=4, base=128, most=8, margin=10, magnitude_kimg=0.001)
    layer = trunk.layers[1]
    x = 3 * torch.randn(2, 8, 36, 36)
    layer(x, torch.zeros(2, 4), (36, 36), None)
    assert math.isclose(layer.magnitude.item(), (1 + x.square().mean().item()) / 2, rel_tol=1e-5)
    layer.eval()(5 * x, torch.zeros(2, 4), (36, 36), None)
    assert math.isclose(layer.magnitude.item(), (1 + x.square().mean().item()) / 2, rel_tol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_waves_survive_autocast(kind: Kind) -> None:
    generator = small(kind)
    z = torch.randn(2, 16)
    exact = generator(z)
    seen: list[Tensor] = []
    generator.trunk.waves.register_forward_hook(lambda _, inputs, output: seen.append(output))
    with torch.autocast("cpu", torch.bfloat16):
        half = generator(z)
    assert seen[0].dtype == torch.float32
    assert (half - exact).abs().mean() < 0.05 * exact.std()


def test_mean_magnitudes_move_as_fast_on_several_processes() -> None:
    """Two that see half of a batch each, and average what they keep, keep what one would."""
    settings = {"latent_dim": 8, "style_dim": 8, "layers": 4, "channel_base": 128, "channel_max": 8, "margin": 4}
    torch.manual_seed(0)
    alone = StyleGAN3Generator((3, 16, 16), magnitude_kimg=0.05, **settings).train()  # type: ignore[arg-type]
    halves = [copy.deepcopy(alone) for _ in range(2)]
    z = torch.randn(8, 8)
    with torch.no_grad():
        alone(z)
        for half, part in zip(halves, z.split(4), strict=True):
            half.share(2)
            half(part)
    magnitudes = [[b for n, b in g.named_buffers() if n.endswith("magnitude")] for g in (alone, *halves)]
    first, *_ = zip(*magnitudes, strict=True)
    assert first[0] != 1
    assert torch.allclose(first[0], (first[1] + first[2]) / 2, atol=1e-6)
