"""FastGAN: any shapes, gates and reconstructions against closed forms, and what its weights must survive."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from frugan.networks.base import Generator, ReconstructingDiscriminator
from frugan.networks.dcgan import DCGANDiscriminator
from frugan.networks.fastgan import FastGANDiscriminator, FastGANGenerator, Gate, gated
from frugan.ops.grid import full_grid

SHAPES = [(3, 8, 8), (1, 9, 13), (4, 12, 20), (2, 16, 16), (3, 24, 32), (3, 32, 32), (3, 63, 40), (1, 64, 64)]


@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape(shape: tuple[int, int, int]) -> None:
    generator = FastGANGenerator(shape, latent_dim=8, width=2)
    discriminator = FastGANDiscriminator(shape, width=2)
    codes = generator(torch.randn(3, 8))
    assert codes.shape == (3, *shape)
    assert codes.abs().max() <= 1
    assert discriminator(codes).shape == (3,)
    for decoded, wanted in discriminator.reconstructions(codes):
        assert decoded.shape == wanted.shape
        assert decoded.shape[:2] == (3, shape[0])
        assert min(decoded.shape[2:]) >= 4


def test_sizes_beyond_are_refused_in_words() -> None:
    for shape, problem in (((3, 7, 64), "at least 8 x 8"), ((3, 1024, 1024), "below 1024")):
        for network in (FastGANGenerator, FastGANDiscriminator):
            with pytest.raises(ValueError, match=problem):
                network(shape)


def test_gates_are_the_papers_from_128_px_and_shorter_below() -> None:
    sides = {4 * 2**n: [(4 * 2**low, 4 * 2**high) for low, high in gated(n)] for n in range(1, 8)}
    assert sides[512] == [(8, 128), (16, 256), (32, 512)]
    assert sides[256] == [(8, 128), (16, 256)]
    assert sides[128] == [(8, 128)]
    assert sides[64] == [(4, 16), (8, 32), (16, 64)]
    assert sides[32] == [(4, 16), (8, 32)]
    assert sides[16] == [(4, 16)]
    assert sides[8] == []


@pytest.mark.parametrize("side", [4, 16])
def test_a_gate_is_a_product_with_a_sigmoid_of_the_pooled_map(side: int) -> None:
    """Equation 1 by hand: a gate that is told to copy channel means has the sigmoid of those."""
    gate = Gate(2, 2, (4, 4), side)
    with torch.no_grad():
        gate.gather.weight.copy_(torch.eye(2)[:, :, None, None].expand(2, 2, 4, 4) / 16)  # type: ignore[operator]
        gate.weigh.weight.copy_(torch.eye(2)[:, :, None, None])  # type: ignore[operator]
    low, high = torch.rand(3, 2, side, side), torch.randn(3, 2, 32, 32)
    expected = high / (1 + torch.exp(-low.mean((2, 3))))[:, :, None, None]
    assert torch.allclose(gate(low, high), expected, atol=1e-6)


def test_closed_gates_close_the_way() -> None:
    """What comes out of the last block is multiplied, so that a shut gate leaves the same picture for all latents."""
    generator = FastGANGenerator((3, 32, 32), latent_dim=8, width=4).eval()
    z = torch.randn(2, 8)
    assert not torch.equal(*generator(z))
    nn.init.constant_(generator.gates["3"].weigh.bias, -1e4)  # type: ignore[arg-type, union-attr]
    assert torch.equal(generator(z), torch.zeros(2, 3, 32, 32))


def test_gated_maps_of_the_discriminator_decide_too() -> None:
    discriminator = FastGANDiscriminator((3, 64, 64), width=2, norm="none").eval()
    nn.init.constant_(discriminator.gates["3"].weigh.bias, -1e4)  # type: ignore[arg-type, union-attr]
    assert discriminator(torch.randn(2, 3, 64, 64)).unique().numel() == 1


def test_noise_is_fresh_in_training_and_fixed_after() -> None:
    generator = FastGANGenerator((3, 16, 16), latent_dim=8, width=4)
    for name, parameter in generator.named_parameters():
        if name.endswith("strength"):
            nn.init.constant_(parameter, 1.0)
    z = torch.randn(4, 8)
    assert not torch.equal(generator(z), generator(z))
    generator.eval()
    assert torch.equal(generator(z), generator(z))
    again = FastGANGenerator((3, 16, 16), latent_dim=8, width=4).eval()
    again.load_state_dict(generator.state_dict())
    assert torch.equal(again(z), generator(z))


def test_the_size_is_built_in() -> None:
    with pytest.raises(ValueError, match="renders only its own 16 x 16 grid"):
        FastGANGenerator((3, 16, 16), latent_dim=8, width=2)(torch.randn(2, 8), grid=full_grid(32, 32))


@pytest.mark.parametrize("quarter", range(4))
def test_what_is_reconstructed_is_the_code_reduced_and_the_same_quarter_of_code_and_map(
    quarter: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decoder of one quarter of the map sees no other: what is far away in the code moves nothing."""
    discriminator = FastGANDiscriminator((3, 64, 64), width=2, norm="none").eval()
    monkeypatch.setattr(torch, "randint", lambda *_: torch.tensor(quarter))
    row, column = divmod(quarter, 2)
    codes = torch.randn(2, 3, 64, 64)
    (_, whole), (decoded, part) = discriminator.reconstructions(codes)
    assert torch.allclose(whole, F.interpolate(codes, scale_factor=0.5, mode="area"), atol=1e-6)
    assert torch.equal(part, codes[:, :, 32 * row : 32 * row + 32, 32 * column : 32 * column + 32])
    assert decoded.shape == part.shape
    changed = codes.clone()
    changed[:, :, 63 * (1 - row), 63 * (1 - column)] += 10.0
    assert torch.equal(discriminator.reconstructions(changed)[1][0], decoded)
    changed[:, :, 20 + 32 * row - 8, 20 + 32 * column - 8] += 10.0
    assert not torch.equal(discriminator.reconstructions(changed)[1][0], decoded)


def test_reconstructions_stop_at_128_px() -> None:
    discriminator = FastGANDiscriminator((1, 512, 512), width=1).eval()
    with torch.no_grad():
        (whole, wanted), (part, _) = discriminator.reconstructions(torch.full((1, 1, 512, 512), 0.5))
    assert whole.shape == part.shape == (1, 1, 128, 128)
    assert torch.allclose(wanted, torch.full((1, 1, 128, 128), 0.5))


def test_decoders_are_part_of_the_discriminator() -> None:
    discriminator = FastGANDiscriminator((3, 16, 16), width=2)
    assert isinstance(discriminator, ReconstructingDiscriminator)
    assert not isinstance(DCGANDiscriminator((3, 16, 16), width=4), ReconstructingDiscriminator)
    again = FastGANDiscriminator((3, 16, 16), width=2)
    again.adopt(discriminator.state_dict())
    codes = torch.randn(2, 3, 16, 16)
    ours, theirs = (network.eval().reconstructions(codes)[0][0] for network in (discriminator, again))
    assert torch.equal(ours, theirs)
    names = {name.split(".")[0] for name in discriminator.state_dict()}
    assert {"whole", "part", "stem", "blocks", "judge", "last"} <= names


def test_spectral_norm_holds_everything_but_the_decoders() -> None:
    discriminator = FastGANDiscriminator((3, 32, 32), width=8)
    names = {name.split(".")[0] for name, _ in discriminator.named_parameters() if "original" in name}
    assert names == {"stem", "blocks", "judge", "last"}
    weight = discriminator.last.weight
    assert isinstance(weight, torch.Tensor)
    assert torch.linalg.svdvals(weight.detach().flatten(1))[0].item() == pytest.approx(1.0, abs=1e-3)
    assert not any("original" in name for name in FastGANDiscriminator((3, 32, 32), 2, normalised=False).state_dict())


def test_without_batch_norm_images_do_not_influence_each_other() -> None:
    discriminator = FastGANDiscriminator((3, 16, 16), width=2, norm="none").eval()
    codes = torch.randn(4, 3, 16, 16)
    together, alone = discriminator(codes), torch.cat([discriminator(code[None]) for code in codes])
    assert torch.allclose(together, alone, atol=1e-5)


def test_classes_reach_both_networks() -> None:
    generator: Generator = FastGANGenerator((3, 16, 16), latent_dim=8, width=4, classes=3).eval()
    discriminator = FastGANDiscriminator((3, 16, 16), width=2, classes=3).eval()
    z, codes = torch.randn(1, 8).expand(3, -1), torch.randn(1, 3, 16, 16).expand(3, -1, -1, -1)
    label = torch.arange(3)
    assert generator(z, label).flatten(1).unique(dim=0).shape[0] == 3
    assert discriminator(codes, label).unique().numel() == 3
    for network, inputs in ((generator, z), (discriminator, codes)):
        with pytest.raises(ValueError, match="class-conditional"):
            network(inputs)


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 32, 32), (1, 64, 64)])
def test_gradients_reach_every_weight(shape: tuple[int, int, int]) -> None:
    generator = FastGANGenerator(shape, latent_dim=8, width=4)
    discriminator = FastGANDiscriminator(shape, width=2)
    codes = generator(torch.randn(4, 8))
    errors = [(decoded - wanted).abs().mean() for decoded, wanted in discriminator.reconstructions(codes)]
    (discriminator(codes).square().sum() + torch.stack(errors).sum()).backward()
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name
