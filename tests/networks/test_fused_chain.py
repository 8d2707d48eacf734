"""The CUDA kernel for CREPS's pixels against torch: in triton's interpreter, and on a GPU where there is one."""

import os
import subprocess
import sys

import pytest
import torch

pytest.importorskip("triton", reason="needs triton: pip install '.[triton]'")

_PROGRAM = """
import torch
from frugan.networks.creps import CREPSGenerator
from frugan.ops.grid import full_grid

device, kernel, tolerance = "{device}", "{kernel}", {tolerance}
torch.manual_seed(0)
settings = dict(latent_dim=16, style_dim=24, channel_base=512, channel_max=32, mapping_layers=2)
generator = CREPSGenerator((3, 16, 16), line_channels={channels}, **settings).eval().to(device)
for parameter in generator.parameters():
    parameter.data += 0.02 * torch.randn_like(parameter)  # biases are zero at first
with torch.no_grad():
    w = generator.mapping(torch.randn(1, 16, device=device))
    grid = full_grid(2, 70)  # not a multiple of the kernel's pixels
    expected = generator.synthesis(w, grid)
    generator.kernel = kernel
    drawn = generator.synthesis(w, grid)
assert drawn.shape == (1, 3, 2, 70)
assert expected.std() > 0.1
assert (drawn - expected).abs().max() < tolerance * expected.abs().max(), (drawn - expected).abs().max()
generator.kernel = "torch"
assert generator.synthesis(w.requires_grad_(), grid).requires_grad
"""


def run(**settings: object) -> None:
    """In a process of its own: triton asks for its interpreter when it is imported."""
    environment = {"TRITON_INTERPRET": "1"} if settings["device"] == "cpu" else {}
    command = [sys.executable, "-c", _PROGRAM.format(**settings)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("channels", [16, 32])
def test_interpreted_it_draws_what_torch_draws(channels: int) -> None:
    run(device="cpu", kernel="fused", channels=channels, tolerance=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device; the interpreter knows no bf16")
@pytest.mark.parametrize(("kernel", "tolerance"), [("fused", 1e-4), ("fused bf16", 0.03)])
def test_compiled_it_draws_what_torch_draws(kernel: str, tolerance: float) -> None:
    run(device="cuda", kernel=kernel, channels=32, tolerance=tolerance)
