"""Directions are those that change most: against singular vectors, and against what a single weight must do."""

import numpy as np
import pytest
import torch
from tests.exporting.models import LINES, STYLES, model

from frugan.codecs.identity import IdentityCodec
from frugan.inverting.directions import find_directions
from frugan.model.model import Model
from frugan.networks.creps import CREPSGenerator
from frugan.networks.dcgan import DCGANGenerator
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.requests.inverting import Exploring


@pytest.fixture
def stylegan2() -> Model:
    torch.manual_seed(0)
    return model(StyleGAN2Generator((3, 16, 16), **STYLES), IdentityCodec())


def test_with_styles_they_are_singular_vectors_of_the_first_layers_maps(stylegan2: Model) -> None:
    """SeFa's equation, by numpy's SVD of weights that are named here; 1 is a standard deviation of the styles."""
    vectors, method = find_directions(stylegan2, Exploring(count=4, layers=2))
    blocks = stylegan2.generator.blocks
    first = blocks[0].layers[0].convolution.affine  # type: ignore[index, union-attr]
    second = blocks[0].colour.affine  # type: ignore[index, union-attr]
    maps = np.concatenate([layer.weight.numpy() * layer.gain for layer in (first, second)])
    expected = np.linalg.svd(maps)[2][:4]
    assert "SeFa" in method
    assert vectors.shape == (4, 6, 8)
    assert (vectors[:, 2:] == 0).all(), "later layers keep their styles"
    unit = (vectors[:, 0] / vectors[:, 0].norm(dim=1, keepdim=True)).numpy()
    np.testing.assert_allclose(np.abs((unit * expected).sum(axis=1)), 1, atol=1e-4)
    z = torch.randn(4000, 8, generator=torch.Generator().manual_seed(9))
    spread = (stylegan2.generator.mapping(z)[:, 0] @ torch.from_numpy(unit).T).std(dim=0)
    np.testing.assert_allclose(vectors[:, 0].norm(dim=1), spread, rtol=0.1)


def test_generators_of_coordinates_have_them_too() -> None:
    torch.manual_seed(0)
    vectors, _ = find_directions(model(CREPSGenerator((3, 16, 16), **LINES), IdentityCodec()), Exploring(count=3))
    assert vectors.shape[0] == 3
    assert vectors.isfinite().all()
    assert vectors[:, 0].norm(dim=1).min() > 0


def test_without_styles_the_first_is_the_latent_that_alone_has_large_weights() -> None:
    """DCGAN's first layer multiplies the third latent by ten: it is the first component, and moves by 1 for 1."""
    torch.manual_seed(0)
    loaded = model(DCGANGenerator((3, 16, 16), latent_dim=6, width=4), IdentityCodec())
    next(loaded.generator.parameters()).data[2] *= 10
    vectors, method = find_directions(loaded, Exploring(count=20))
    assert "GANSpace" in method
    assert vectors.shape == (6, 6), "no more than the latents have dimensions"
    assert vectors[0, 2] == pytest.approx(1, abs=0.15)
    assert vectors[0, [0, 1, 3, 4, 5]].abs().max() < 0.25
    again, _ = find_directions(loaded, Exploring(count=20))
    assert torch.equal(vectors, again)


def test_vectors_of_classes_are_no_layer_that_draws() -> None:
    torch.manual_seed(0)
    loaded = model(DCGANGenerator((3, 16, 16), latent_dim=6, width=4, classes=3), IdentityCodec())
    vectors, _ = find_directions(loaded, Exploring(count=2))
    assert vectors[:, :6].norm(dim=1).min() > 0.1
    assert vectors[:, 6:].abs().max() < 1e-5, "the class stays"
