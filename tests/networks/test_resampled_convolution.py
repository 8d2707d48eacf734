"""One convolution of 4 x 4 against the two steps that it stands for, in float64."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.nn.resampled_convolution import convolve_then_halve, double_then_convolve


def two_steps_up(convolution: nn.Module, x: Tensor) -> Tensor:
    y: Tensor = convolution(x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))
    return y


def two_steps_down(convolution: nn.Module, x: Tensor) -> Tensor:
    return F.avg_pool2d(convolution(x), 2)


@pytest.mark.parametrize("side", [6, 40])  # too few pixels for the kernel, and enough
@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize(
    ("one", "two"), [(double_then_convolve, two_steps_up), (convolve_then_halve, two_steps_down)], ids=["up", "down"]
)
def test_equal_to_the_two_steps(one, two, kernel: int, side: int) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    convolution = nn.Conv2d(3, 5, kernel, padding=kernel // 2).double()
    x = torch.randn(2, 3, side, side + 2, dtype=torch.float64, requires_grad=True)
    wanted, got = two(convolution, x), one(convolution, x)
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-12)
    along, weight = torch.randn_like(wanted), convolution.weight
    gradients = [torch.autograd.grad((y.sin() * along).sum(), [x, weight], create_graph=True) for y in (wanted, got)]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(b, a, rtol=0, atol=1e-10)
    # Gradient penalties differentiate once more.
    second = [torch.autograd.grad(of_x.square().sum(), weight)[0] for of_x, _ in gradients]
    torch.testing.assert_close(second[1], second[0], rtol=0, atol=1e-9)
