"""The search finds pictures of the model again, keeps what must not change, and repeats itself."""

import dataclasses

import pytest
import torch
from tests.exporting.models import STYLES, model
from torch import Tensor

from frugan.codecs.identity import IdentityCodec
from frugan.features.efficientnet_lite0 import pretrained_efficientnet_lite0
from frugan.inverting.likeness import Likeness
from frugan.inverting.search import invert_picture
from frugan.metrics.perceptual import load_distance
from frugan.model.model import Model
from frugan.networks.biggan import BigGANGenerator
from frugan.networks.dcgan import DCGANGenerator
from frugan.networks.mlp import MLPGenerator
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.requests.inverting import Inverting

QUICK = Inverting(steps=25, starts=1)


def ignore(step: int, styles: Tensor) -> None:
    """Nobody watches."""


@pytest.fixture
def mlp() -> Model:
    torch.manual_seed(0)
    return model(MLPGenerator((3, 16, 16), latent_dim=4, width=32, output_gain=4), IdentityCodec())


def test_likeness_is_the_perceptual_distance_and_the_squared_error() -> None:
    """On pictures of 8 bits, where the metric rounds nothing; weighted by hand."""
    levels = torch.randint(0, 256, (4, 3, 32, 32), generator=torch.Generator().manual_seed(0)) / 127.5 - 1
    target, others = levels[:1], levels[1:]
    found = Likeness(target, pretrained_efficientnet_lite0(), 3.0)(others)
    perceptual = load_distance(torch.device("cpu"))(others, target.expand_as(others))
    torch.testing.assert_close(
        found, perceptual + 3 * (others - target).square().mean(dim=(1, 2, 3)), atol=1e-4, rtol=1e-4
    )


def test_a_picture_of_the_model_is_found_again_and_better_than_any_start(mlp: Model) -> None:
    target = mlp.sample([5])
    seen: list[Tensor] = []
    found = invert_picture(
        mlp, target, Inverting(steps=80, prior=0, starts=1), lambda step, styles: seen.append(styles)
    )
    (drawn,) = mlp.pictures_of(found.styles, 1)
    (start,) = mlp.pictures_of(seen[0], 1)
    assert (drawn - target).square().mean() < 0.05 * (start - target).square().mean()
    assert len(seen) == 81


def test_the_same_seed_gives_the_same_latents_and_another_seed_others(mlp: Model) -> None:
    target = mlp.sample([5])
    first, again, other = (
        invert_picture(mlp, target, dataclasses.replace(QUICK, steps=5, seed=seed), ignore) for seed in (1, 1, 2)
    )
    assert torch.equal(first.styles, again.styles)
    assert not torch.equal(first.styles, other.styles)


def test_a_strong_prior_pulls_the_latents_to_their_mean(mlp: Model) -> None:
    target = mlp.sample([5])
    free, typical = (
        invert_picture(mlp, target, dataclasses.replace(QUICK, prior=prior), ignore).styles.square().mean()
        for prior in (0.0, 100.0)
    )
    assert typical < 0.1 * free


def test_the_class_is_found_and_its_embedding_stays_as_it_is() -> None:
    """BigGAN's style is the embedding of the class, and the latent behind it."""
    torch.manual_seed(0)
    generator = BigGANGenerator((3, 32, 32), channels=4, attention=0, classes=3, latent_dim=20, shared_dim=8)
    loaded = model(generator, IdentityCodec())
    found = invert_picture(
        loaded, loaded.sample([3], label=1), dataclasses.replace(QUICK, steps=3, label="class 1"), ignore
    )
    assert found.label == 1
    embedding = loaded.styles([0], label=1)[:, :-20]
    assert torch.equal(found.styles[:, :-20], embedding)


def test_every_layer_has_a_style_of_its_own() -> None:
    torch.manual_seed(0)
    loaded = model(StyleGAN2Generator((3, 16, 16), **STYLES), IdentityCodec())
    found = invert_picture(loaded, torch.zeros(1, 3, 16, 16), dataclasses.replace(QUICK, steps=3), ignore)
    assert found.styles.shape == (1, 6, 8)
    assert not torch.allclose(found.styles[:, 0], found.styles[:, 1])


def test_as_many_searches_as_asked_for_among_many_classes() -> None:
    torch.manual_seed(0)
    loaded = model(DCGANGenerator((3, 16, 16), latent_dim=4, width=2, classes=100), IdentityCodec())
    found = invert_picture(loaded, torch.zeros(1, 3, 16, 16), Inverting(steps=1, starts=3), ignore)
    assert found.losses.shape == (3,)
    assert found.label is not None
