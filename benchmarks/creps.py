"""CREPS against CIPS at the paper's sizes, and pictures in tiles against whole ones.

python -m benchmarks.creps

CPU seconds of one thread, one picture; memory is the process's peak above what it had before.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.timing import one_thread, paired_cpu_seconds, peak_memory_mb, show
from frugan.networks.cips import CIPSGenerator
from frugan.networks.creps import CREPSGenerator
from frugan.networks.style_based import StyleBasedGenerator
from frugan.ops.grid import full_grid
from frugan.ops.view import View
from frugan.rendering.render import Rendering, render

ROUNDS = 1


def run() -> Iterator[dict[str, Any]]:
    """Rows of name, ours_s, peer, peer_s, ratio and memory."""
    with one_thread():
        for row in (
            partial(_against_cips, 128, backward=True),
            partial(_tiled, 512),
            partial(_tiled, 1024),
            partial(_against_cips, 512, backward=False),
        ):
            measured = row()
            yield {**measured, "ratio": measured["peer_s"] / measured["ours_s"]}


def _against_cips(side: int, *, backward: bool) -> dict[str, Any]:
    torch.manual_seed(0)
    jobs = [_drawing(kind((3, side, side)), backward) for kind in (CREPSGenerator, CIPSGenerator)]
    ours, peer = paired_cpu_seconds(jobs, ROUNDS)
    ours_mb, peer_mb = (peak_memory_mb(job) for job in jobs)
    name = f"CREPS, one picture of {side} x {side}, {'forward and backward' if backward else 'forward'}"
    return {"name": name, "ours_s": ours, "peer": "CIPS", "peer_s": peer, "ours_mb": ours_mb, "peer_mb": peer_mb}


def _drawing(generator: StyleBasedGenerator, backward: bool) -> Callable[[], None]:
    generator.train(backward)
    z = torch.randn(1, generator.latent_dim)

    def draw() -> None:
        with torch.set_grad_enabled(backward):
            image = generator(z)
            if backward:
                image.square().mean().backward()

    return draw


def _tiled(side: int) -> dict[str, Any]:
    """Of a generator that was trained at 512."""
    torch.manual_seed(0)
    generator = CREPSGenerator((3, 512, 512)).eval()
    w, grid, view = _styles(generator), full_grid(side, side), View(side, side, (512, 512))

    def whole() -> None:
        with torch.no_grad():
            generator.synthesis(w, grid)

    def tiled() -> None:
        render(generator, w, view, Rendering(tile=64))

    ours, peer = paired_cpu_seconds([tiled, whole], ROUNDS)
    return {
        "name": f"CREPS in tiles of 64, {side} x {side}",
        "ours_s": ours,
        "peer": "CREPS at once",
        "peer_s": peer,
        "ours_mb": peak_memory_mb(tiled),
        "peer_mb": peak_memory_mb(whole),
    }


def _styles(generator: nn.Module) -> Tensor:
    with torch.no_grad():
        styles: Tensor = generator.mapping(torch.randn(1, 512))  # type: ignore[operator]
    return styles


if __name__ == "__main__":
    show(run())
