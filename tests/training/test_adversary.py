"""A decoder's second phase: it begins where it should, leaves the other network alone, and resumes exactly."""

import dataclasses
from pathlib import Path

import pytest
import torch

from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import AdversaryConfig, DecoderConfig, RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.config.yaml import dump, parse
from frugan.networks.esrgan import VGGDiscriminator
from frugan.objectives.losses import relativistic_average
from frugan.objectives.perceptual import EfficientNetPerceptual
from frugan.objectives.reconstruction import WeightedSum, l1
from frugan.runs.prepare import create_run, prepare
from frugan.runs.train import train_part
from frugan.system.errors import UserError
from frugan.training.checkpoint import load_newest_checkpoint
from frugan.training.decoder import DecoderPart


@pytest.fixture(scope="module")
def config(tiny_config: RunConfig) -> RunConfig:
    """40 images of L1, then 40 against a discriminator."""
    assert tiny_config.decoder is not None
    adversary = AdversaryConfig(
        discriminator=Spec(VGGDiscriminator, width=4),
        loss=Spec(relativistic_average),
        image_loss=Spec(WeightedSum, losses=(Spec(l1), Spec(EfficientNetPerceptual)), weights=(1e-2, 1.0)),
        start_kimg=0.04,
    )
    return dataclasses.replace(tiny_config, decoder=dataclasses.replace(tiny_config.decoder, adversary=adversary))


def part_of(config: RunConfig) -> DecoderPart:
    assert config.decoder is not None
    return DecoderPart(
        config.decoder, WaveletCodec(levels=2), ImageShape.square(64), seed=0, device=torch.device("cpu")
    )


def test_the_configuration_survives_yaml(config: RunConfig) -> None:
    assert parse(dump(config), "config.yaml") == config


def test_the_adversary_learns_in_its_phase_only(config: RunConfig) -> None:
    part = part_of(config)
    assert part.adversary is not None
    images = torch.rand(8, 3, 64, 64) * 2 - 1
    before = {name: t.clone() for name, t in part.adversary.discriminator.state_dict().items()}
    values = part.step(images, torch.zeros(8), 0)
    assert values["adversary_loss"] == 0
    after = part.adversary.discriminator.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    decoder = [p.detach().clone() for p in part.network.parameters()]
    values = part.step(images, torch.zeros(8), 40)
    assert values["adversary_loss"] > 0
    assert any(not torch.equal(after[name], before[name]) for name in before if "weight" in name)
    assert any(not torch.equal(a, b) for a, b in zip(part.network.parameters(), decoder, strict=True))
    assert all(p.requires_grad for p in part.adversary.discriminator.parameters())


def test_both_phases_resume_exactly(config: RunConfig, tmp_path: Path) -> None:
    runs = [
        create_run(prepare(config, lambda s: None), tmp_path / name, replace=False) for name in ("whole", "stopped")
    ]
    assert train_part(runs[0], "decoder")
    for stop_after in (3, 4):  # in the first phase, and in the second
        steps = iter(range(100))
        assert not train_part(runs[1], "decoder", should_stop=lambda s=steps, n=stop_after: next(s) == n)  # type: ignore[misc]
    assert train_part(runs[1], "decoder")
    whole, stopped = (load_newest_checkpoint(run.path / "decoder" / "checkpoints")[0] for run in runs)
    assert whole is not None
    assert stopped is not None
    assert any(name.startswith("discriminator/") for name in whole.tensors)
    assert all(torch.equal(tensor, stopped.tensors[name]) for name, tensor in whole.tensors.items())


def test_a_phase_that_would_never_come_is_refused(config: RunConfig) -> None:
    assert config.decoder is not None
    assert config.decoder.adversary is not None
    late = dataclasses.replace(config.decoder.adversary, start_kimg=1.0)
    with pytest.raises(UserError, match=r"adversary\.start_kimg"):
        DecoderConfig(**{**vars(config.decoder), "adversary": late})


def test_perceptual_gradients_flow_to_the_decoded_image_and_nowhere_else() -> None:
    loss = EfficientNetPerceptual()
    decoded, original = (torch.rand(1, 3, 64, 64, requires_grad=True) for _ in range(2))
    loss(decoded, original).backward()
    assert decoded.grad is not None
    assert decoded.grad.abs().sum() > 0
    assert original.grad is None
    assert all(p.grad is None for p in loss.network.parameters())
    assert loss(original, original).item() == pytest.approx(0.0, abs=1e-7)


def test_the_relativistic_average_holds_means_fixed_where_esrgan_does() -> None:
    """Its two terms at hand-computed logits, and gradients that pass through a fake's own logit and the fakes' mean."""
    real, fake = torch.tensor([1.0, 3.0], requires_grad=True), torch.tensor([0.0, -2.0], requires_grad=True)
    critic, generator = relativistic_average(real, fake)
    softplus = torch.nn.functional.softplus
    assert torch.allclose(critic, (softplus(-1 - torch.tensor([1.0, 3])) + softplus(torch.tensor([0.0, -2]) - 2)) / 2)
    assert torch.allclose(generator, (softplus(torch.tensor([1.0, 3]) + 1) + softplus(2 - torch.tensor([0.0, -2]))) / 2)
    assert torch.autograd.grad(generator.sum(), real, retain_graph=True, allow_unused=True)[0] is None
    (of_fake,) = torch.autograd.grad(critic.sum(), fake)
    assert torch.allclose(of_fake, torch.sigmoid(torch.tensor([0.0, -2.0]) - 2) / 2)  # nothing through the mean
