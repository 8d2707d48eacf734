"""Where gradient penalties act, and what lazy regularisation does to Adam."""

import dataclasses

import pytest
import torch
from torch import Tensor

from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import OptimizerConfig, PenaltyConfig, RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.objectives.penalties import r1
from frugan.recipes import find_recipe
from frugan.stabilizers.ada import ADA
from frugan.stabilizers.base import NoStabilizer, Stabilizer
from frugan.stabilizers.chain import Chain
from frugan.stabilizers.diffaugment import DiffAugment
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.system.errors import UserError
from frugan.training.gan import GANPart
from frugan.training.optimizer import corrected


class Doubled(Stabilizer):
    """What D is shown is twice the image, so a gradient at the image is twice that at what is shown."""

    def forward(self, code: Tensor) -> Tensor:
        return 2 * code

    def strengths(self) -> dict[str, float]:
        return {}


def penalty(config: RunConfig, stabilizer: Stabilizer, at: str, bf16: bool = False) -> float:
    """Of the first step, on the same images with the same networks."""
    sampler = dataclasses.replace(
        config.sampler,
        stabilizer=Spec(NoStabilizer),
        penalties=(PenaltyConfig(Spec(r1), weight=1.0, at=at),),  # type: ignore[arg-type]
        schedule=dataclasses.replace(config.sampler.schedule, bf16=bf16),
    )
    part = GANPart(sampler, WaveletCodec(levels=2), ImageShape.square(64), seed=0, device=torch.device("cpu"))
    part.stabilizer = stabilizer
    images = torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return float(part.step(images, torch.zeros(8, dtype=torch.int64), 0)["penalty"])


@pytest.mark.parametrize("bf16", [False, True])
def test_at_the_image_the_gradient_goes_through_the_stabilizer(tiny_config: RunConfig, bf16: bool) -> None:
    shown, image = (penalty(tiny_config, Doubled(), at, bf16) for at in ("shown", "image"))
    assert image == pytest.approx(4 * shown, rel=1e-4)


def test_bf16_penalises_what_d_was_shown(tiny_config: RunConfig) -> None:
    """Not another draw of the stabilizer: real and fake images of D's update and the fakes of G's are all it sees."""
    calls: list[int] = []

    class Counted(Doubled):
        def forward(self, code: Tensor) -> Tensor:
            calls.append(len(code))
            return super().forward(code)

    penalty(tiny_config, Counted(), "shown", bf16=True)
    assert len(calls) == 3


def test_at_the_image_augmentations_are_differentiated(tiny_config: RunConfig) -> None:
    """By an independent way: D and ADA as one function, differentiated in float64."""
    found = penalty(tiny_config, ADA(probability=0.5, target=None), "image")
    sampler = dataclasses.replace(tiny_config.sampler, stabilizer=Spec(NoStabilizer))
    part = GANPart(sampler, WaveletCodec(levels=2), ImageShape.square(64), seed=0, device=torch.device("cpu"))
    images = torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    codes = part.codec.encode(images).double().requires_grad_()
    from frugan.training.randomness import seed_for

    torch.manual_seed(seed_for(0, 0, "sampler"))
    logits = part.discriminator.double()(ADA(probability=0.5, target=None)(codes))
    (gradient,) = torch.autograd.grad(logits.sum(), codes)
    assert found == pytest.approx(0.5 * gradient.square().sum(dim=(1, 2, 3)).mean().item(), rel=1e-4)


def test_the_point_is_chosen_by_the_stabilizer() -> None:
    scale_space = ScaleSpace(sigma=0.1)
    assert [s.penalised_at for s in (ADA(), DiffAugment(), scale_space)] == ["image", "image", "shown"]
    assert Chain((ADA(), DiffAugment())).penalised_at == "image"
    assert Chain((ADA(), scale_space)).penalised_at == "shown"
    with pytest.raises(UserError, match="at: somewhere should be auto, image or shown"):
        PenaltyConfig(Spec(r1), 1.0, at="somewhere")  # type: ignore[arg-type]


def test_lazy_regularisation_slows_adam_down_as_stylegan2_does() -> None:
    """Appendix B of StyleGAN2: rate and betas for 4/5 and 16/17 of the steps."""
    config = find_recipe("sg2-ada-ffhq512").sampler
    generator = corrected(config.generator_optimizer, config.generator_penalties)
    discriminator = corrected(config.discriminator_optimizer, config.penalties)
    assert generator.lr == pytest.approx(0.0025 * 4 / 5)
    assert (generator.beta1, generator.beta2) == (0.0, pytest.approx(0.99 ** (4 / 5)))
    assert discriminator.lr == pytest.approx(0.0025 * 16 / 17)
    assert discriminator.beta2 == pytest.approx(0.99 ** (16 / 17))
    plain = OptimizerConfig()
    assert corrected(plain, config.penalties) == plain
    assert corrected(dataclasses.replace(plain, lazy=True), ()).lr == plain.lr
