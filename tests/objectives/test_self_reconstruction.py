"""The discriminator's reconstructions as a penalty: its value, its gradients, and its place in a run."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import PenaltyConfig, RunConfig, SamplerConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.judging.preview import PreviewJudge
from frugan.networks.fastgan import FastGANDiscriminator, FastGANGenerator
from frugan.objectives.base import ReconstructingCritic
from frugan.objectives.losses import hinge
from frugan.objectives.reconstruction import l2
from frugan.objectives.self_reconstruction import self_reconstruction
from frugan.runs.prepare import create_run, prepare
from frugan.runs.train import train_part
from frugan.stabilizers.base import NoStabilizer, Stabilizer
from frugan.system.errors import UserError
from frugan.training.checkpoint import load_newest_checkpoint
from frugan.training.critic import LabelledCritic
from frugan.training.gan import GANPart


class Halved:
    """A critic that decodes half of what it sees, and a quarter of another size."""

    def __call__(self, image: Tensor, /) -> Tensor:
        return image.sum((1, 2, 3))

    def reconstructions(self, image: Tensor, /) -> list[tuple[Tensor, Tensor]]:
        corner = image[:, :, :2, :2]
        return [(image / 2, image), (corner / 4, corner)]


def test_closed_form() -> None:
    real, fake = 2 * torch.ones(3, 1, 4, 4), torch.full((3, 1, 4, 4), 7.0)
    arguments = (Halved(), real, fake, torch.zeros(3), torch.zeros(3))
    assert self_reconstruction(*arguments).item() == pytest.approx(1.0 + 1.5)
    assert self_reconstruction(*arguments, distance=l2).item() == pytest.approx(1.0 + 1.5**2)


def test_gradients_go_to_decoders_and_trunk_from_reals_alone() -> None:
    discriminator = FastGANDiscriminator((3, 32, 32), width=2)
    real, fake = torch.randn(2, 4, 3, 32, 32)
    real.requires_grad_()
    fake.requires_grad_()
    critic = LabelledCritic(discriminator, None, 4)
    logits = critic(real), critic(fake)
    self_reconstruction(critic, real, fake, *logits).backward()
    assert real.grad is None
    assert fake.grad is None
    moved = {name for name, p in discriminator.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    every = {name for name, _ in discriminator.named_parameters()}
    assert every - moved == {name for name in every if name.startswith(("judge.", "last."))}


def test_fakes_do_not_matter_and_reals_do() -> None:
    discriminator = FastGANDiscriminator((3, 16, 16), width=2).eval()
    critic = LabelledCritic(discriminator, None, 2)

    def value(real: Tensor, fake: Tensor) -> float:
        torch.manual_seed(0)
        return self_reconstruction(critic, real, fake, torch.zeros(2), torch.zeros(2)).item()

    a, b = torch.randn(2, 2, 3, 16, 16)
    assert value(a, a) == value(a, b)
    assert value(a, a) != value(b, a)


def test_following_it_reconstructs() -> None:
    torch.manual_seed(0)
    discriminator = FastGANDiscriminator((1, 16, 16), width=4)
    critic = LabelledCritic(discriminator, None, 8)
    real = torch.rand(8, 1, 1, 1).expand(-1, -1, 16, 16) * 2 - 1
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=5e-3)
    values = []
    for _ in range(40):
        optimizer.zero_grad()
        value = self_reconstruction(critic, real, real, torch.zeros(8), torch.zeros(8))
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < 0.5 * values[0]


class Doubled(Stabilizer):
    """Twice the image."""

    def forward(self, code: Tensor) -> Tensor:
        return 2 * code

    def strengths(self) -> dict[str, float]:
        return {}


def test_behind_a_stabilizer_what_is_shown_is_reconstructed() -> None:
    critic = LabelledCritic(FastGANDiscriminator((3, 16, 16), width=2), None, 2)
    assert isinstance(critic, ReconstructingCritic)
    codes = torch.randn(2, 3, 16, 16)
    (_, plain), _ = critic.reconstructions(codes)
    (_, shown), _ = critic.behind(Doubled()).reconstructions(codes)
    assert torch.allclose(shown, 2 * plain)


def fastgan(config: SamplerConfig) -> SamplerConfig:
    return dataclasses.replace(
        config,
        generator=Spec(FastGANGenerator, latent_dim=8, width=2),
        discriminator=Spec(FastGANDiscriminator, width=2),
        loss=Spec(hinge),
        penalties=(PenaltyConfig(Spec(self_reconstruction), weight=1.0, every=2),),
    )


def test_refusals(tiny_config: RunConfig) -> None:
    with pytest.raises(ValueError, match="this critic has no decoders"):
        self_reconstruction(lambda x: x.sum((1, 2, 3)), *torch.randn(2, 2, 3, 8, 8), torch.zeros(2), torch.zeros(2))
    plain = dataclasses.replace(
        fastgan(tiny_config.sampler), discriminator=tiny_config.sampler.discriminator, stabilizer=Spec(NoStabilizer)
    )
    part = GANPart(plain, IdentityCodec(), ImageShape.square(16), seed=0, device=torch.device("cpu"))
    with pytest.raises(UserError, match=r"DCGANDiscriminator has no decoders\. Take FastGANDiscriminator"):
        part.step(torch.rand(8, 3, 16, 16), torch.full((8,), -1), 0)


@pytest.mark.parametrize("at", ["image", "shown"])
def test_a_step_trains_the_decoders_where_it_is_due(tiny_config: RunConfig, at: str) -> None:
    penalties = (PenaltyConfig(Spec(self_reconstruction), weight=1.0, every=2, at=at),)  # type: ignore[arg-type]
    sampler = dataclasses.replace(fastgan(tiny_config.sampler), penalties=penalties)
    part = GANPart(sampler, IdentityCodec(), ImageShape.square(16), seed=0, device=torch.device("cpu"))
    images, labels = torch.rand(8, 3, 16, 16) * 2 - 1, torch.full((8,), -1)
    weights = [p for name, p in part.discriminator.named_parameters() if name.startswith(("whole", "part"))]
    before = [weight.clone() for weight in weights]
    assert part.step(images, labels, 0)["penalty"] > 0
    assert not any(torch.equal(a, b) for a, b in zip(before, weights, strict=True))
    assert part.step(images, labels, 8)["penalty"] == 0


def test_a_stopped_run_ends_bit_for_bit_where_another_does(tiny_config: RunConfig, tmp_path: Path) -> None:
    """Fresh noise, drawn quarters, spectral vectors and the decoders' moments are all in the checkpoint, or in nimg."""
    short = dataclasses.replace(tiny_config.sampler.schedule, kimg=0.064, snapshots=1)
    sampler = dataclasses.replace(fastgan(tiny_config.sampler), schedule=short)
    config = dataclasses.replace(tiny_config, sampler=sampler)
    runs = [
        create_run(prepare(config, lambda _: None), tmp_path / name, replace=False) for name in ("whole", "stopped")
    ]
    assert train_part(runs[0], "sampler", preview=PreviewJudge)
    steps = iter(range(1000))
    assert not train_part(runs[1], "sampler", preview=PreviewJudge, should_stop=lambda: next(steps) == 3)
    assert train_part(runs[1], "sampler", preview=PreviewJudge)
    ends = [load_newest_checkpoint(run.part("sampler").path / "checkpoints")[0] for run in runs]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0].nimg == ends[1].nimg
    assert any("whole" in name for name in ends[0].tensors)
    for name, tensor in ends[0].tensors.items():
        assert torch.equal(tensor, ends[1].tensors[name]), name
