"""BigGAN, BigGAN-deep and SAGAN's settings: the papers' parameter counts, and what conditioning promises."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from frugan.networks.base import count_parameters
from frugan.networks.biggan import BigGANDiscriminator, BigGANGenerator
from frugan.nn import spectral
from frugan.nn.spectral import ConditionalBatchNorm, SelfAttention, convolution

SETTINGS = {
    "biggan": {"latent_dim": 20},
    "biggan-deep": {"latent_dim": 20, "deep": True},
    "sagan": {"latent_dim": 20, "hierarchical": False, "shared_dim": 0},
}


@pytest.fixture
def no_initialisation(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Orthogonal matrices of this size take minutes, and cannot be made without memory at all.

    Nor is there anything for power iterations to find.
    """
    monkeypatch.setattr(nn.init, "orthogonal_", lambda weight: weight)
    monkeypatch.setattr(spectral, "_FIRST_ITERATIONS", 0)
    with torch.device("meta"):
        yield


@pytest.mark.parametrize(
    ("channels", "deep", "latent_dim", "generator", "discriminator"),
    [
        (64, False, 120, 31_969_540, 20_571_842),
        (96, False, 120, 70_377_348, 45_511_970),
        (128, True, 128, 49_829_636, 20_951_554),
    ],
)
def test_parameter_counts(
    no_initialisation: None, channels: int, deep: bool, latent_dim: int, generator: int, discriminator: int
) -> None:
    shape = (3, 64, 64)
    G = BigGANGenerator(shape, latent_dim=latent_dim, channels=channels, deep=deep, classes=1000)
    assert count_parameters(G) == generator
    assert count_parameters(BigGANDiscriminator(shape, channels=channels, deep=deep, classes=1000)) == discriminator


@pytest.mark.parametrize("side", [32, 64, 128, 256, 512])
@pytest.mark.parametrize("deep", [False, True])
def test_every_size_runs_down_to_four_pixels(deep: bool, side: int) -> None:
    latent_dim = 24 if deep else 6 * (side.bit_length() - 2)
    generator = BigGANGenerator((3, side, side), latent_dim, channels=4, deep=deep, attention=0).eval()
    discriminator = BigGANDiscriminator((3, side, side), channels=4, deep=deep, attention=0)
    with torch.no_grad():
        codes = generator(torch.randn(1, latent_dim))
        assert codes.shape == (1, 3, side, side)
        assert discriminator(codes).shape == (1,)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("classes", [0, 5])
def test_labels_and_latents_reach_the_picture_and_gradients_every_weight(
    settings: dict[str, object], classes: int
) -> None:
    torch.manual_seed(0)
    generator = BigGANGenerator((3, 64, 64), channels=8, classes=classes, **settings)  # type: ignore[arg-type]
    discriminator = BigGANDiscriminator((3, 64, 64), channels=8, deep=bool(settings.get("deep")), classes=classes)
    for network in (generator, discriminator):
        for attention in network.attention.values():
            nn.init.ones_(attention.gamma)  # at its first value, 0, nothing reaches the rest of it
    z, label = torch.randn(5, 20), torch.arange(5) if classes else None
    discriminator(generator(z, label), label).square().sum().backward()
    for network in (generator, discriminator):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
    generator.eval()
    pictures = generator(z[:1].expand(5, -1), label)
    assert torch.allclose(pictures[0], pictures[1]) == (classes == 0)
    assert not torch.allclose(generator(z, label)[0], generator(-z, label)[0])
    assert pictures.abs().max() <= 1


def test_wrong_labels_latents_and_places_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="multiple of 5"):
        BigGANGenerator((3, 64, 64), latent_dim=32, channels=8)
    with pytest.raises(ValueError, match=r"no stage has a side of 128; there are 8, 16, 32, 64, or 0"):
        BigGANGenerator((3, 64, 64), latent_dim=20, channels=8, attention=128)
    with pytest.raises(ValueError, match="no stage has a side of 64"):
        BigGANDiscriminator((3, 64, 64), channels=8, attention=64)
    with pytest.raises(ValueError, match="at least 32 x 32, got 16 x 48"):
        BigGANGenerator((3, 16, 48))
    plain = BigGANGenerator((3, 32, 32), latent_dim=20, channels=8)
    labelled = BigGANDiscriminator((3, 32, 32), channels=8, attention=16, classes=2)
    with pytest.raises(ValueError, match="takes no label"):
        plain(torch.randn(1, 20), torch.tensor([1]))
    with pytest.raises(ValueError, match="takes a label"):
        labelled(torch.randn(1, 3, 32, 32))


def test_attention_is_softmax_over_pooled_places() -> None:
    """Against three explicit loops, in float64."""
    torch.manual_seed(0)
    layer = SelfAttention(16).double().eval()
    nn.init.constant_(layer.gamma, 0.7)
    x = torch.randn(1, 16, 4, 4).double()

    def pooled(weights: nn.Module) -> Tensor:
        return nn.functional.max_pool2d(weights(x), 2).flatten(2)[0].T  # (keys, channels)

    keys, values = pooled(layer.key), pooled(layer.value)
    expected = x.clone()
    for i in range(4):
        for j in range(4):
            query = layer.query(x)[0, :, i, j]
            weights = torch.softmax(torch.stack([query @ key for key in keys]), dim=0)
            seen = sum(weight * value for weight, value in zip(weights, values, strict=True))
            assert isinstance(seen, Tensor)
            expected[0, :, i, j] += 0.7 * layer.leave(seen[None, :, None, None])[0, :, 0, 0]
    assert torch.allclose(layer(x), expected)


def test_conditional_batch_norm_begins_near_a_plain_one() -> None:
    norm = ConditionalBatchNorm(6, 3)
    x, nothing = torch.randn(8, 6, 4, 4) * 3 + 1, torch.zeros(8, 3)
    plain = norm(x, nothing)
    assert plain.mean(dim=(0, 2, 3)).abs().max() < 1e-5
    assert torch.allclose(plain.var(dim=(0, 2, 3), unbiased=False), torch.ones(6), atol=1e-3)
    assert not torch.allclose(norm(x, torch.ones(8, 3)), plain)


def test_spectral_norm_finds_the_largest_singular_value_and_rests_in_evaluation() -> None:
    layer = convolution(8, 8, 3)
    layer.parametrizations.weight.original.data.copy_(torch.randn(8, 8, 3, 3))  # type: ignore[union-attr]
    for _ in range(50):
        layer(torch.zeros(1, 8, 4, 4))
    layer.eval()
    weight = layer.weight
    assert isinstance(weight, Tensor)
    assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)
    x = torch.randn(1, 8, 4, 4)
    assert torch.equal(layer(x), layer(x))


def test_biases_begin_as_in_the_published_program() -> None:
    """As torch's: uniform in +-1 / sqrt(fan-in); only weights are orthogonal."""
    torch.manual_seed(0)
    layer = convolution(16, 64, 3, normalised=False)
    bound = 1 / math.sqrt(16 * 9)
    assert isinstance(layer.bias, torch.Tensor)
    assert 0.8 * bound < layer.bias.abs().max() <= bound
    weight = layer.weight.flatten(1)  # type: ignore[operator, union-attr]
    assert torch.allclose(weight @ weight.T, torch.eye(64), atol=1e-5)
