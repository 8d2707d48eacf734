"""Noisy scale-space (Nakamura, Korman & Hong): the DCGAN rows of tables 1 to 4, for the paper's data sets and yours.

DCGAN at 64 x 64 with batch norm in both networks, Adam with beta2 .999, batch 128, one discriminator step a generator
step, no average of the generator; 10 epochs of CelebA, LSUN church and conference, 100 of Oxford Flowers. FID in the
paper is from Inception on an unstated number of samples, means of 20 runs: absolute equality is not to be expected.
"""

from dataclasses import dataclass
from typing import TypeVar

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import (
    DataConfig,
    EvaluationConfig,
    OptimizerConfig,
    PenaltyConfig,
    RunConfig,
    SamplerConfig,
    ScheduleConfig,
)
from frugan.config.spec import Spec
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from frugan.objectives.losses import least_squares, non_saturating, wasserstein
from frugan.objectives.penalties import dragan, r1, wgan_gp
from frugan.stabilizers.annealing import constant, exponential, two_step
from frugan.stabilizers.base import NoStabilizer
from frugan.stabilizers.scale_space import ScaleSpace

# .15 in the paper, whose numbers fit images in [0, 1]; images are in [-1, 1] here.
PAPER_SIGMA = 0.30
# Images that 10 epochs (100 for flowers) show, in kimg: section 5.1.
DATASETS = {"celeba": 2026.0, "lsun-church": 1262.0, "lsun-conference-room": 2291.0, "flowers102": 819.0}


T = TypeVar("T")


@dataclass(frozen=True)
class Objective:
    """A loss, and perhaps a penalty on the discriminator."""

    loss: Spec
    penalty: Spec | None = None


@dataclass(frozen=True)
class Method:
    """A row of table 4: objective and stabilizer; by data set the tuned (lr, beta1, lambda) of table 3."""

    objective: Objective
    stabilizer: Spec
    tuned: dict[str, tuple[float, float, float]]


def _by_dataset(*values: T) -> dict[str, T]:
    return dict(zip(DATASETS, values, strict=True))


def _scale_space(mode: str, start: float = 256.0) -> Spec:
    return Spec(ScaleSpace, start=start, sigma=PAPER_SIGMA, mode=mode, annealing=Spec(exponential, beta=20.0))


_NS_LOSS = Objective(Spec(non_saturating))

METHODS: dict[str, Method] = {
    "gan": Method(
        _NS_LOSS,
        Spec(NoStabilizer),
        _by_dataset((5e-4, 0.3, 0), (2e-4, 0.3, 0), (2e-4, 0.3, 0), (2e-4, 0.4, 0)),
    ),
    "gan-gr": Method(
        Objective(Spec(non_saturating), Spec(r1, half=False)),
        Spec(NoStabilizer),
        _by_dataset((5e-4, 0.3, 1), (5e-4, 0.3, 10), (2e-4, 0.3, 5), (5e-4, 0.4, 5)),
    ),
    "lsgan": Method(
        Objective(Spec(least_squares)),
        Spec(NoStabilizer),
        _by_dataset((1e-4, 0.4, 0), (5e-5, 0.5, 0), (5e-5, 0.5, 0), (5e-5, 0.5, 0)),
    ),
    "wgan-gp": Method(
        Objective(Spec(wasserstein), Spec(wgan_gp)),
        Spec(NoStabilizer),
        _by_dataset((1e-3, 0.3, 20), (1e-3, 0.3, 20), (1e-3, 0.3, 20), (1e-3, 0.3, 20)),
    ),
    "dragan": Method(
        Objective(Spec(non_saturating), Spec(dragan)),
        Spec(NoStabilizer),
        _by_dataset((1e-4, 0.4, 10), (1e-4, 0.4, 10), (2e-4, 0.4, 10), (2e-4, 0.5, 10)),
    ),
    "ss": Method(
        _NS_LOSS,
        _scale_space("ss"),
        _by_dataset((5e-4, 0.4, 0), (5e-4, 0.3, 0), (2e-4, 0.3, 0), (5e-4, 0.3, 0)),
    ),
    "ns": Method(
        _NS_LOSS,
        _scale_space("ns"),
        _by_dataset((5e-4, 0.3, 0), (1e-3, 0.3, 0), (5e-4, 0.3, 0), (5e-4, 0.3, 0)),
    ),
    "nss": Method(
        _NS_LOSS,
        _scale_space("nss"),
        _by_dataset((5e-4, 0.4, 0), (5e-4, 0.3, 0), (5e-4, 0.3, 0), (5e-4, 0.3, 0)),
    ),
}

# Table 2: deliberately unstable (lr, beta1).
UNSTABLE = _by_dataset((2e-4, 0.4), (2e-4, 0.4), (5e-4, 0.3), (5e-4, 0.4))


def dcgan(method: str, dataset: str = "flowers102") -> RunConfig:
    """A row of table 4 with the settings that table 3 tuned for this data set."""
    lr, beta1, weight = METHODS[method].tuned[dataset]
    return build(METHODS[method].objective, METHODS[method].stabilizer, dataset, lr, beta1, weight, f"dcgan-{method}")


def unstable(mode: str, start: float, dataset: str = "flowers102") -> RunConfig:
    """A cell of table 2: mode "ss", "ns" or "nss"; start 0 is the plain GAN."""
    lr, beta1 = UNSTABLE[dataset]
    stabilizer = _scale_space(mode, start) if start else Spec(NoStabilizer)
    return build(_NS_LOSS, stabilizer, dataset, lr, beta1, 0.0, f"dcgan-unstable-{mode}-{start:g}")


def fixed_steps(steps: float, dataset: str = "celeba") -> RunConfig:
    """A column of table 1: SS at fixed t for half of the training, then nothing."""
    lr, beta1, _ = METHODS["ss" if steps else "gan"].tuned[dataset]
    stabilizer = Spec(ScaleSpace, start=steps, mode="ss", sigma=PAPER_SIGMA, annealing=Spec(two_step))
    chosen = stabilizer if steps else Spec(NoStabilizer)
    return build(_NS_LOSS, chosen, dataset, lr, beta1, 0.0, f"dcgan-ss-fixed-{steps:g}")


def whole_batch(steps: float, dataset: str = "celeba") -> RunConfig:
    """A column of figure 3: SS at fixed t on whole batches, for the discriminator's prediction curves."""
    lr, beta1, _ = METHODS["ss"].tuned[dataset]
    stabilizer = Spec(ScaleSpace, start=steps, mode="ss", sigma=PAPER_SIGMA, fraction=1.0, annealing=Spec(constant))
    return build(_NS_LOSS, stabilizer, dataset, lr, beta1, 0.0, f"dcgan-ss-whole-{steps:g}")


def build(
    objective: Objective, stabilizer: Spec, dataset: str, lr: float, beta1: float, weight: float, name: str
) -> RunConfig:
    """Section 5.1 of the paper around an objective and a stabilizer."""
    adam = OptimizerConfig(lr=lr, beta1=beta1, beta2=0.999)
    penalties = (PenaltyConfig(objective.penalty, weight=weight),) if objective.penalty else ()
    return RunConfig(
        recipe=name,
        data=DataConfig(source=dataset, resolution=64, mirror=False),
        codec=Spec(IdentityCodec),
        sampler=SamplerConfig(
            generator=Spec(DCGANGenerator),
            discriminator=Spec(DCGANDiscriminator),
            stabilizer=stabilizer,
            loss=objective.loss,
            penalties=penalties,
            generator_optimizer=adam,
            discriminator_optimizer=adam,
            schedule=ScheduleConfig(kimg=DATASETS[dataset], batch=128, log_every=5.0, ema_halflife=0.0),
        ),
        evaluation=EvaluationConfig(samples=5000),
    )
