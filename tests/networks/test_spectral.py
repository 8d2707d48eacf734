"""Spectral normalisation against torch's own, and against the singular values themselves."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm

from frugan.nn.spectral import _as_matrix, spectral


def layers() -> list[nn.Module]:
    torch.manual_seed(0)
    return [nn.Conv2d(6, 9, 3), nn.Linear(7, 4), nn.Embedding(5, 8)]


def largest(weight: torch.Tensor) -> float:
    return torch.linalg.svdvals(weight.detach().flatten(1))[0].item()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_largest_singular_value_becomes_one(number: int) -> None:
    layer = spectral(layers()[number])
    for _ in range(200):
        assert isinstance(layer.weight, torch.Tensor)
        normalised = layer.weight
    assert largest(normalised) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_it_is_torchs_own_from_the_same_vectors(number: int) -> None:
    ours = spectral(layers()[number])
    theirs = spectral_norm(layers()[number], eps=1e-6)
    mine, other = ours.parametrizations.weight[0], theirs.parametrizations.weight[0]  # type: ignore[union-attr,index]
    right = mine.right.clone()
    if number == 0:  # columns stand in another order
        right = right.view(3, 3, 6).permute(2, 0, 1).flatten()
    other._u.copy_(mine.left)
    other._v.copy_(right)
    for _ in range(3):
        a, b = ours.weight, theirs.weight
        assert isinstance(a, torch.Tensor)
        assert isinstance(b, torch.Tensor)
        assert torch.allclose(a, b, atol=1e-6)
    gradients = []
    for layer in (ours, theirs):
        original = layer.parametrizations.weight.original  # type: ignore[union-attr]
        (gradient,) = torch.autograd.grad(layer.weight.square().sin().sum(), original)  # type: ignore[operator,union-attr]
        gradients.append(gradient)
    assert torch.allclose(*gradients, atol=1e-5)


def test_layout_changes_nothing_and_copies_nothing() -> None:
    plain = spectral(layers()[0])
    last = copy.deepcopy(plain).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    assert torch.allclose(plain.weight, last.weight, atol=1e-6)
    gradients = [
        torch.autograd.grad(layer.weight.sin().sum(), layer.parametrizations.weight.original)[0]
        for layer in (plain, last)
    ]
    assert torch.allclose(*gradients, atol=1e-6)
    original = last.parametrizations.weight.original
    assert _as_matrix(original).data_ptr() == original.data_ptr()


def test_evaluation_changes_nothing_and_cached_weights_move_once() -> None:
    layer = spectral(layers()[0])
    before = copy.deepcopy(layer.state_dict())
    layer.eval()
    assert torch.equal(layer.weight, layer.weight)  # type: ignore[arg-type]
    assert all(torch.equal(tensor, before[name]) for name, tensor in layer.state_dict().items())
    layer.train()
    twin = copy.deepcopy(layer)
    with parametrize.cached():
        _ = layer.weight, layer.weight
    _ = twin.weight
    assert all(torch.equal(tensor, twin.state_dict()[name]) for name, tensor in layer.state_dict().items())
