"""Noisy scale-space in closed form against the recursion that defines it, and its share of a DCGAN-64 training step.

python -m benchmarks.scale_space

CPU seconds of one thread. Each side runs in a process of its own, so that peak memory is its own too.
"""

import itertools
import math
import statistics
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.timing import cpu_seconds, in_own_process, one_thread, paired_cpu_seconds, peak_memory_mb
from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import OptimizerConfig, SamplerConfig, ScheduleConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from frugan.objectives.losses import non_saturating
from frugan.ops.scale_space import scale_space
from frugan.stabilizers.annealing import linear
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.training.gan import GANPart

SIGMA, KERNEL_SIGMA = 0.25, 0.8
BATCH = 32
# Images and number of steps: the start of a schedule at 64 px, its mean over the schedule (T / beta = 256 / 20, where
# iterating costs what it costs on average), and the start at 512 px.
CASES = (((128, 3, 64, 64), 256), ((128, 3, 64, 64), 13), ((8, 3, 512, 512), 128))


def run() -> list[dict[str, Any]]:
    """Rows of name, ours_s, peer, peer_s, ratio; those against the recursion also compare memory."""
    rows = [row for case in range(len(CASES)) for row in _compare(case)]
    share = in_own_process("benchmarks.scale_space", "stabilizer_share()")
    rows.append(
        {
            "name": f"stabilizer within a DCGAN-64 step, batch {BATCH}",
            "ours_s": share["stabilizer_s"],
            "peer": "the whole",
            "peer_s": share["step_s"],
        }
    )
    return [{**row, "ratio": row["peer_s"] / row["ours_s"]} for row in rows]


def main() -> None:
    *cases, share = run()
    for row in cases:
        memory = f", {row['ours_mb']:.0f} MB against {row['peer_mb']:.0f} MB" if "ours_mb" in row else ""
        print(f"{row['name']}: {row['ours_s']:.3f} s, {row['peer_s']:.1f} s iterated: {row['ratio']:.0f} times{memory}")
    print(f"{share['name']}: {100 / share['ratio']:.1f} % of its time")


def closed_form(case: int) -> dict[str, float]:
    """A little fewer steps at every call, as an annealed schedule asks for, so that no operator is found in a cache."""
    shape, steps = CASES[case]
    falling = itertools.count(steps, -1 / 16)
    return _measure(shape, lambda x: scale_space(x, next(falling), sigma=SIGMA, kernel_sigma=KERNEL_SIGMA), rounds=9)


def recursion(case: int) -> dict[str, float]:
    """Blur by a 3 x 3 Gaussian, add noise, again and again, with autograd remembering every step."""
    shape, steps = CASES[case]
    side = math.exp(-0.5 / KERNEL_SIGMA**2)
    taps = torch.tensor([side, 1.0, side]) / (1 + 2 * side)
    kernel = torch.outer(taps, taps).expand(shape[1], 1, 3, 3)

    def iterate(x: Tensor) -> Tensor:
        for _ in range(steps):
            x = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=shape[1])
            x = x + SIGMA * torch.randn_like(x)
        return x

    return _measure(shape, iterate, rounds=1)


def stabilizer_share() -> dict[str, float]:
    """A step at the schedule's start, where iterating would cost most; half of each batch is filtered."""
    config = SamplerConfig(
        generator=Spec(DCGANGenerator),
        discriminator=Spec(DCGANDiscriminator),
        stabilizer=Spec(ScaleSpace, start=256.0, annealing=Spec(linear)),
        loss=Spec(non_saturating),
        schedule=ScheduleConfig(kimg=1000, batch=BATCH),
        generator_optimizer=OptimizerConfig(),
    )
    part = GANPart(config, IdentityCodec(), ImageShape.square(64), seed=0, device=torch.device("cpu"))
    images, labels = torch.rand(BATCH, 3, 64, 64) * 2 - 1, torch.zeros(BATCH)
    part.measure(images)
    fakes = images.clone().requires_grad_()

    falling = itertools.count(0.0, 1e-4)

    def as_in_a_step() -> None:
        part.stabilizer.schedule(next(falling))  # other operators in every step, as a schedule asks for
        part.stabilizer(images)
        part.stabilizer(images)
        part.stabilizer(fakes).sum().backward()

    nimg = itertools.count(BATCH, BATCH)

    def whole_step() -> None:
        part.step(images, labels, next(nimg))

    with one_thread():
        stabilizer_s, step_s = paired_cpu_seconds([as_in_a_step, whole_step], rounds=7)
    return {"stabilizer_s": stabilizer_s, "step_s": step_s}


def _compare(case: int) -> list[dict[str, Any]]:
    """The first call in a process, which also pays for mapping the memory, and later ones."""
    shape, steps = CASES[case]
    ours, peer = (in_own_process("benchmarks.scale_space", f"{task}({case})") for task in ("closed_form", "recursion"))
    what = f"noisy scale-space, t = {steps}, {'x'.join(map(str, shape))}, forward + backward"
    common = {"peer": "iterated convolution"}
    memory = {"ours_mb": ours["mb"], "peer_mb": peer["mb"]}
    first = {**common, "name": f"{what}, first call", "ours_s": ours["first_s"], "peer_s": peer["first_s"], **memory}
    return [first, {**common, "name": f"{what}, later calls", "ours_s": ours["s"], "peer_s": peer["s"]}]


def _measure(shape: tuple[int, ...], transform: Callable[[Tensor], Tensor], rounds: int) -> dict[str, float]:
    x = torch.randn(shape, requires_grad=True)
    firsts: list[float] = []

    def once() -> None:
        x.grad = None
        transform(x).sum().backward()

    with one_thread():
        torch.eye(8) @ torch.linalg.eigh(torch.eye(8))[1]  # load the libraries
        megabytes = peak_memory_mb(lambda: firsts.append(cpu_seconds(once)))
        later = statistics.median(cpu_seconds(once) for _ in range(rounds))
    return {"mb": megabytes, "first_s": firsts[0], "s": later}


if __name__ == "__main__":
    main()
