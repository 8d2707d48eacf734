"""Winograd's convolution: the direct sum in float64 is the reference, for values and gradients alike."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from frugan.nn.convolution import Convolution3x3
from frugan.ops import winograd
from frugan.ops.winograd import convolution3x3, transforms


def test_the_transforms_compute_correlation_exactly() -> None:
    inputs, kernels, outputs = transforms((0.0, 1.0, -1.0, 0.5, -2.0))
    random = np.random.default_rng(0)
    seen, kernel = random.standard_normal(6), random.standard_normal(3)
    found = outputs @ ((kernels @ kernel) * (inputs @ seen))
    assert np.allclose(found, np.correlate(seen, kernel, mode="valid"), atol=1e-12)


@pytest.mark.parametrize("shape", [(2, 256, 8, 8), (1, 257, 5, 11), (3, 260, 1, 2)], ids=str)
@pytest.mark.parametrize("channels_out", [256, 300])
def test_values_and_gradients_are_those_of_the_direct_sum(shape: tuple[int, ...], channels_out: int) -> None:
    random = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=random)
    weight = torch.randn(channels_out, shape[1], 3, 3, generator=random) / (9 * shape[1]) ** 0.5
    bias = torch.randn(channels_out, generator=random)
    upstream = torch.randn(shape[0], channels_out, *shape[2:], generator=random)

    def results(dtype: torch.dtype) -> list[torch.Tensor]:
        leaves = [tensor.to(dtype, copy=True).requires_grad_() for tensor in (x, weight, bias)]
        y = convolution3x3(*leaves)
        y.backward(upstream.to(dtype))
        return [y.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None)]

    for found, expected in zip(results(torch.float32), results(torch.float64), strict=True):
        assert found.shape == expected.shape
        assert (found - expected).abs().max() < 5e-5 * expected.std()


def test_memory_formats_of_the_weights_do_not_matter() -> None:
    layer, x = Convolution3x3(256, 256), torch.randn(1, 256, 8, 8)
    expected = F.conv2d(x, layer.weight, layer.bias, padding=1)
    for _ in range(2):
        y = layer(x)
        assert torch.allclose(y, expected, atol=2e-5)
        assert not torch.equal(y, expected)  # the other algorithm it is
        layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def test_narrow_layers_are_summed_directly() -> None:
    layer, x = Convolution3x3(256, 64), torch.randn(1, 256, 8, 8)
    assert torch.equal(layer(x), F.conv2d(x, layer.weight, layer.bias, padding=1))


def test_costs_count_the_convolution_not_the_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    layer, x = Convolution3x3(256, 256), torch.randn(1, 256, 8, 8)
    counts = []
    for fewest in (256, 512):
        monkeypatch.setattr(winograd, "_FEWEST_CHANNELS", fewest)
        with FlopCounterMode(display=False) as counter:
            layer(x)
        counts.append(counter.get_total_flops())
    assert counts[0] == counts[1] == 2 * 8 * 8 * 256 * 256 * 9
