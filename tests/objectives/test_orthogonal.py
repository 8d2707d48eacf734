"""Orthogonal regularisation against its closed form."""

import pytest
import torch

from frugan.networks.biggan import BigGANGenerator
from frugan.objectives.orthogonal import orthogonal


def test_its_gradient_is_the_paper_s_and_embeddings_are_left_alone() -> None:
    torch.manual_seed(0)
    generator = BigGANGenerator((3, 32, 32), latent_dim=16, channels=8, deep=True, attention=16, classes=3)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.normal_()
    orthogonal(generator, torch.zeros(1, 16)).backward()  # type: ignore[no-untyped-call]
    assert generator.shared.weight.grad is None  # type: ignore[union-attr]
    checked = 0
    for name, parameter in generator.named_parameters():
        if parameter.ndim < 2 or name == "shared.weight":
            assert parameter.grad is None, name
            continue
        matrix = parameter.detach().flatten(1)
        expected = 2 * ((matrix @ matrix.T) * (1 - torch.eye(len(matrix)))) @ matrix
        assert parameter.grad is not None
        assert torch.allclose(parameter.grad.flatten(1), expected, rtol=1e-4, atol=1e-3), name
        checked += 1
    assert checked > 20


def test_orthogonal_weights_of_any_norm_cost_nothing() -> None:
    generator = torch.nn.Linear(8, 4)
    with torch.no_grad():
        generator.weight.copy_(3 * torch.eye(4, 8))
    assert orthogonal(generator, torch.zeros(1)).item() == pytest.approx(0)  # type: ignore[arg-type]
