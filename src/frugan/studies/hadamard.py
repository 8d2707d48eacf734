"""Section 4.2 of the NSS paper (figures 4 and 5): does blur shrink what a GAN generates at high frequencies?

Images of 8 x 8 pixels are sums of vertical Walsh functions, x = sum alpha_i B_i with alpha_i ~ U(-1, 1), so that the
right answer is known: each fitted coefficient of the generated images should have the standard deviation 1 / sqrt(3).
While training, whole batches are shown at a fixed t = 8; then, beyond the paper, as they are.

The paper trains 200 epochs of 200,000 images at lr 2e-5 (`--set lr=2e-5 --set shown_steps=625000`: some hours a trial).
By default 3,000 steps at 2e-4 are enough for blur's effect to be many times the spread over seeds. Both a varied and a
nearly constant initial generator are run, because noise hides high frequencies from the discriminator, and then
whatever the generator began with stays.
"""

import dataclasses

import numpy as np
import torch
from scipy.linalg import hadamard
from torch import Tensor

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import OptimizerConfig, SamplerConfig, ScheduleConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.networks.mlp import MLPDiscriminator, MLPGenerator
from frugan.objectives.losses import non_saturating
from frugan.stabilizers.annealing import two_step
from frugan.stabilizers.base import NoStabilizer
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.system.errors import UserError
from frugan.training.gan import GANPart
from frugan.training.randomness import seed_for

SIDE, STEPS_OF_BLUR = 8, 8.0
METHODS = ("none", "ss", "ns", "nss")
# Factor on the generator's last layer: initial coefficients spread by .08, or by .41 as with batch norm.
INITS = {"small": 1.0, "large": 7.2}
_FITTED = 4096


@dataclasses.dataclass(frozen=True)
class Training:
    """What `--set NAME=VALUE` changes.

    Attributes:
        lr: Adam's, of both networks; 2e-5 in the paper.
        shown_steps: on images at t = 8; 625,000 of 64 images in the paper.
        clean_steps: then, on images as they are; none in the paper.
        batch: not stated in the paper.
    """

    lr: float = 2e-4
    shown_steps: int = 3000
    clean_steps: int = 1500
    batch: int = 64

    def __post_init__(self) -> None:
        for name, holds, allowed in (
            ("lr", 0 < self.lr < 1, "between 0 and 1"),
            ("shown_steps", self.shown_steps >= 1, "at least 1"),
            ("clean_steps", self.clean_steps >= 0, "0 or more"),
            ("batch", self.batch >= 2, "at least 2"),
        ):
            if not holds:
                raise UserError(f"{name}: {getattr(self, name):g} should be {allowed}")


@dataclasses.dataclass(frozen=True)
class Fit:
    """Fitted coefficients of images, in alpha's units: means and standard deviations (8,), and what no stripe explains
    (root mean square of the residual pixels)."""

    mean: list[float]
    std: list[float]
    residual: float


def walsh_images() -> Tensor:
    """B (8, 8, 8): the Walsh functions from low to high sequency (0 to 7 sign changes), each as vertical stripes."""
    rows = hadamard(SIDE)
    rows = rows[np.argsort((np.diff(rows, axis=1) != 0).sum(axis=1))]
    return torch.from_numpy(rows.copy()).float()[:, None, :].expand(SIDE, SIDE, SIDE)


class HadamardImages:
    """An endless stream of such images (N, 1, 8, 8), divided by 8 so that they lie in [-1, 1]."""

    def __init__(self, seed: int) -> None:
        self._seed, self._basis = seed, walsh_images()

    def batch(self, first: int, count: int) -> tuple[Tensor, Tensor]:
        random = np.random.RandomState(seed_for(self._seed, first, "hadamard images") % 2**32)
        alpha = torch.from_numpy(random.uniform(-1, 1, (count, SIDE))).float()
        images = torch.einsum("ni,ihw->nhw", alpha, self._basis) / SIDE
        return images[:, None], torch.full((count,), -1)


def fit(images: Tensor) -> Fit:
    """Least squares: the Walsh functions are orthogonal, so each coefficient is an inner product over 64 pixels."""
    pixels, basis = images[:, 0].double() * SIDE, walsh_images().double()
    alpha = torch.einsum("nhw,ihw->ni", pixels, basis) / SIDE**2
    residual = pixels - torch.einsum("ni,ihw->nhw", alpha, basis)
    return Fit(alpha.mean(dim=0).tolist(), alpha.std(dim=0).tolist(), float(residual.square().mean().sqrt()))


@dataclasses.dataclass(frozen=True)
class HadamardTrial:
    """What came of one training.

    Attributes:
        start: coefficients of generated images at the beginning.
        blurred: at the end of the blurred phase.
        seen_fake, seen_real: then, of what the discriminator saw.
        clean: after the phase without blur.
        samples: nine images at the end of the blurred phase, (9, 8, 8), in alpha's units.
    """

    method: str
    init: str
    seed: int
    start: Fit
    blurred: Fit
    seen_fake: Fit
    seen_real: Fit
    clean: Fit
    samples: list[list[list[float]]]


def train_one(method: str, init: str, seed: int, training: Training) -> HadamardTrial:
    """Fits at the beginning, at the end of the blurred phase (also as D saw it), and after the clean phase."""
    torch.set_num_threads(1)
    part = _build(method, init, seed, training)
    batch, shown = training.batch, training.shown_steps
    data = HadamardImages(seed)
    part.measure(data.batch(-batch * 32, batch * 32)[0])
    start = _fit_fakes(part)
    for step in range(shown):
        part.step(*data.batch(step * batch, batch), step * batch)
    blurred, seen_fake = _fit_fakes(part), _fit_fakes(part, seen=True)
    seen_real = fit(part.stabilizer(data.batch(-_FITTED, _FITTED)[0]))
    samples = _fakes(part)[:9, 0].mul(SIDE).tolist()
    for step in range(shown, shown + training.clean_steps):
        part.step(*data.batch(step * batch, batch), step * batch)
    return HadamardTrial(method, init, seed, start, blurred, seen_fake, seen_real, _fit_fakes(part), samples)


def _build(method: str, init: str, seed: int, training: Training) -> GANPart:
    adam = OptimizerConfig(lr=training.lr, beta1=0.5, beta2=0.999)
    steps = training.shown_steps + training.clean_steps
    scale_space = Spec(
        ScaleSpace,
        start=STEPS_OF_BLUR,
        sigma="auto",  # .148 on these images, the paper's .15
        mode=method if method != "none" else "nss",
        fraction=1.0,
        annealing=Spec(two_step, until=training.shown_steps / steps),
    )
    config = SamplerConfig(
        generator=Spec(MLPGenerator, output_gain=INITS[init]),
        discriminator=Spec(MLPDiscriminator),
        stabilizer=Spec(NoStabilizer) if method == "none" else scale_space,
        loss=Spec(non_saturating),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        schedule=ScheduleConfig(kimg=steps * training.batch / 1000, batch=training.batch, ema_halflife=0.0),
    )
    return GANPart(config, IdentityCodec(), ImageShape.square(SIDE, channels=1), seed, torch.device("cpu"))


@torch.no_grad()
def _fakes(part: GANPart) -> Tensor:
    latents = torch.randn(_FITTED, part.generator.latent_dim, generator=torch.Generator().manual_seed(0))
    images: Tensor = part.generator(latents)
    return images


def _fit_fakes(part: GANPart, *, seen: bool = False) -> Fit:
    images = _fakes(part)
    return fit(part.stabilizer(images) if seen else images)
