"""Noisy scale-space in closed form against the recursion that defines it, and its share of a DCGAN-64 training step.

python -m benchmarks.scale_space

CPU seconds of one thread. Each side runs in a process of its own, so that peak memory is its own too.
"""

import json
import math
import resource
import subprocess
import sys
import time
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

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
    ours, peer = _in_own_process("closed_form"), _in_own_process("recursion")
    name = f"noisy scale-space, t = {STEPS}, {'x'.join(map(str, SHAPE))}, forward + backward"
    memory = {"ours_mb": ours["mb"], "peer_mb": peer["mb"]}
    first = {"name": name, "ours_s": ours["s"], "peer": "iterated convolution", "peer_s": peer["s"], **memory}
    share = _in_own_process("stabilizer_share")
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
    return _measure(lambda x: scale_space(x, STEPS, sigma=SIGMA, kernel_sigma=KERNEL_SIGMA), warm=True)


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

    return _measure(iterate, warm=False)


def stabilizer_share() -> dict[str, float]:
    """A step at the schedule's start, where iterating would cost most; half of each batch is filtered."""
    torch.set_num_threads(1)
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
    part.step(images, labels, 0)
    step_s = _median_cpu_seconds(lambda: part.step(images, labels, BATCH), rounds=5)
    fakes = images.clone().requires_grad_()

    def as_in_a_step() -> None:
        part.stabilizer(images)
        part.stabilizer(images)
        part.stabilizer(fakes).sum().backward()

    return {"stabilizer_s": _median_cpu_seconds(as_in_a_step, rounds=9), "step_s": step_s}


def _measure(transform: Any, *, warm: bool) -> dict[str, float]:
    torch.set_num_threads(1)
    x = torch.randn(SHAPE, requires_grad=True)
    before = _peak_mb()

    def once() -> None:
        x.grad = None
        transform(x).sum().backward()

    if warm:
        once()
    seconds = _median_cpu_seconds(once, rounds=5 if warm else 1)
    return {"s": seconds, "mb": _peak_mb() - before}


def _median_cpu_seconds(task: Any, rounds: int) -> float:
    durations = []
    for _ in range(rounds):
        began = time.process_time()
        task()
        durations.append(time.process_time() - began)
    return sorted(durations)[rounds // 2]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def _in_own_process(task: str) -> dict[str, float]:
    program = f"import json, benchmarks.scale_space as b; print(json.dumps(b.{task}()))"
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    result: dict[str, float] = json.loads(output.splitlines()[-1])
    return result


if __name__ == "__main__":
    main()
