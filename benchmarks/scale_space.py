"""Noisy scale-space in closed form against the recursion that defines it, and its share of a DCGAN-64 training step.

python -m benchmarks.scale_space

CPU seconds of one thread. Each side runs in a process of its own, so that peak memory is its own too.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.timing import cpu_seconds, in_own_process, one_thread, paired_cpu_seconds, peak_memory_mb
from frugan.codecs.identity import IdentityCodec
from frugan.config import OptimizerConfig, SamplerConfig, ScheduleConfig, Spec
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from frugan.objectives.losses import non_saturating
from frugan.ops.scale_space import scale_space
from frugan.stabilizers.annealing import constant
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.training.gan import GANPart

SHAPE, STEPS, SIGMA, KERNEL_SIGMA = (128, 3, 64, 64), 256, 0.25, 0.8
BATCH = 32


def run() -> list[dict[str, Any]]:
    """Rows of name, ours_s, peer, peer_s, ratio; the first also compares memory."""
    ours, peer = in_own_process(__name__, "closed_form"), in_own_process(__name__, "recursion")
    name = f"noisy scale-space, t = {STEPS}, {'x'.join(map(str, SHAPE))}, forward + backward"
    memory = {"ours_mb": ours["mb"], "peer_mb": peer["mb"]}
    first = {"name": name, "ours_s": ours["s"], "peer": "iterated convolution", "peer_s": peer["s"], **memory}
    share = in_own_process(__name__, "stabilizer_share")
    second = {
        "name": f"stabilizer within a DCGAN-64 step, batch {BATCH}",
        "ours_s": share["stabilizer_s"],
        "peer": "the whole step",
        "peer_s": share["step_s"],
    }
    return [{**row, "ratio": row["peer_s"] / row["ours_s"]} for row in (first, second)]


def main() -> None:
    first, second = run()
    print(
        f"{first['name']}: {first['ours_s']:.3f} s and {first['ours_mb']:.0f} MB against {first['peer_s']:.1f} s and "
        f"{first['peer_mb']:.0f} MB iterated: {first['ratio']:.0f} times as fast, "
        f"{first['peer_mb'] / first['ours_mb']:.0f} times less memory"
    )
    print(f"{second['name']}: {100 / second['ratio']:.1f} % of its time")


def closed_form() -> dict[str, float]:
    return _measure(lambda x: scale_space(x, STEPS, sigma=SIGMA, kernel_sigma=KERNEL_SIGMA))


def recursion() -> dict[str, float]:
    """Blur by a 3 x 3 Gaussian, add noise, 256 times, with autograd remembering every step."""
    side = math.exp(-0.5 / KERNEL_SIGMA**2)
    taps = torch.tensor([side, 1.0, side]) / (1 + 2 * side)
    kernel = torch.outer(taps, taps).expand(SHAPE[1], 1, 3, 3)

    def iterate(x: Tensor) -> Tensor:
        for _ in range(STEPS):
            x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=SHAPE[1])
            x = x + SIGMA * torch.randn_like(x)
        return x

    return _measure(iterate)


def stabilizer_share() -> dict[str, float]:
    """A step at the schedule's start, where iterating would cost most; half of each batch is filtered."""
    config = SamplerConfig(
        generator=Spec(DCGANGenerator),
        discriminator=Spec(DCGANDiscriminator),
        stabilizer=Spec(ScaleSpace, start=float(STEPS), annealing=Spec(constant)),
        loss=Spec(non_saturating),
        schedule=ScheduleConfig(kimg=1000, batch=BATCH),
        generator_optimizer=OptimizerConfig(),
    )
    part = GANPart(config, IdentityCodec(), resolution=64, seed=0, device=torch.device("cpu"))
    images, labels = torch.rand(BATCH, 3, 64, 64) * 2 - 1, torch.zeros(BATCH)
    fakes = images.clone().requires_grad_()

    def as_in_a_step() -> None:
        part.stabilizer(images)
        part.stabilizer(images)
        part.stabilizer(fakes).sum().backward()

    with one_thread():
        stabilizer_s, step_s = paired_cpu_seconds([as_in_a_step, lambda: part.step(images, labels, BATCH)], rounds=7)
    return {"stabilizer_s": stabilizer_s, "step_s": step_s}


def _measure(transform: Callable[[Tensor], Tensor]) -> dict[str, float]:
    """Memory of the first call, where nothing can be reused; seconds of the second."""
    x = torch.randn(SHAPE, requires_grad=True)

    def once() -> None:
        x.grad = None
        transform(x).sum().backward()

    with one_thread():
        return {"mb": peak_memory_mb(once), "s": cpu_seconds(once)}


if __name__ == "__main__":
    main()
