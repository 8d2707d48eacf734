"""Section 4.2 of the NSS paper (figures 4 and 5): does blur shrink what a GAN generates at high frequencies?

Images of 8 x 8 pixels are sums of vertical Walsh functions, x = sum alpha_i B_i with alpha_i ~ U(-1, 1), so that the
right answer is known: each fitted coefficient of the generated images should have the standard deviation 1 / sqrt(3).
While training, whole batches are shown at a fixed t = 8; then, beyond the paper, as they are.

The paper trains 200 epochs of 200,000 images at lr 2e-5. Here 3,000 steps at 2e-4 are enough for blur's effect to be
many times the spread over seeds. Both a varied and a nearly constant initial generator are run, because noise hides
high frequencies from the discriminator, and then whatever the generator began with stays.
"""

import dataclasses

import numpy as np
import torch
from scipy.linalg import hadamard
from torch import Tensor

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import OptimizerConfig, SamplerConfig, ScheduleConfig
from frugan.config.spec import Spec
from frugan.networks.mlp import MLPDiscriminator, MLPGenerator
from frugan.objectives.losses import non_saturating
from frugan.stabilizers.annealing import two_step
from frugan.stabilizers.base import NoStabilizer
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.training.gan import GANPart
from frugan.training.randomness import seed_for

SIDE, STEPS_OF_BLUR = 8, 8.0
SHOWN_STEPS, CLEAN_STEPS, BATCH = 3000, 1500, 64
METHODS = ("none", "ss", "ns", "nss")
# Factor on the generator's last layer: initial coefficients spread by .08, or by .41 as with batch norm.
INITS = {"small": 1.0, "large": 7.2}
_FITTED = 4096


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


def train_one(method: str, init: str, seed: int) -> HadamardTrial:
    """Fits at the beginning, at the end of the blurred phase (also as D saw it), and after the clean phase."""
    torch.set_num_threads(1)
    part = _build(method, init, seed)
    data = HadamardImages(seed)
    part.measure(data.batch(-BATCH * 32, BATCH * 32)[0])
    start = _fit_fakes(part)
    for step in range(SHOWN_STEPS):
        part.step(*data.batch(step * BATCH, BATCH), step * BATCH)
    blurred, seen_fake = _fit_fakes(part), _fit_fakes(part, seen=True)
    seen_real = fit(part.stabilizer(data.batch(-_FITTED, _FITTED)[0]))
    samples = _fakes(part)[:9, 0].mul(SIDE).tolist()
    for step in range(SHOWN_STEPS, SHOWN_STEPS + CLEAN_STEPS):
        part.step(*data.batch(step * BATCH, BATCH), step * BATCH)
    return HadamardTrial(method, init, seed, start, blurred, seen_fake, seen_real, _fit_fakes(part), samples)


def _build(method: str, init: str, seed: int) -> GANPart:
    adam = OptimizerConfig(lr=2e-4, beta1=0.5, beta2=0.999)
    until = SHOWN_STEPS / (SHOWN_STEPS + CLEAN_STEPS)
    scale_space = Spec(
        ScaleSpace,
        start=STEPS_OF_BLUR,
        sigma="auto",  # .148 on these images, the paper's .15
        mode=method if method != "none" else "nss",
        fraction=1.0,
        annealing=Spec(two_step, until=until),
    )
    config = SamplerConfig(
        generator=Spec(MLPGenerator, output_gain=INITS[init]),
        discriminator=Spec(MLPDiscriminator),
        stabilizer=Spec(NoStabilizer) if method == "none" else scale_space,
        loss=Spec(non_saturating),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        schedule=ScheduleConfig(kimg=(SHOWN_STEPS + CLEAN_STEPS) * BATCH / 1000, batch=BATCH, ema_halflife=0.0),
    )
    return GANPart(config, IdentityCodec(channels=1), SIDE, seed, torch.device("cpu"))


@torch.no_grad()
def _fakes(part: GANPart) -> Tensor:
    latents = torch.randn(_FITTED, part.generator.latent_dim, generator=torch.Generator().manual_seed(0))
    images: Tensor = part.generator(latents)
    return images


def _fit_fakes(part: GANPart, *, seen: bool = False) -> Fit:
    images = _fakes(part)
    return fit(part.stabilizer(images) if seen else images)
