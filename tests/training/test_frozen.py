"""What a network brings frozen stays as it is, and out of checkpoints, while all else trains and resumes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from frugan.codecs.identity import IdentityCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import AdversaryConfig, DecoderConfig, OptimizerConfig, SamplerConfig, ScheduleConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.networks.base import Discriminator
from frugan.networks.dcgan import DCGANGenerator
from frugan.networks.srresnet import SRResNet
from frugan.objectives.losses import non_saturating, relativistic_average
from frugan.objectives.reconstruction import l1
from frugan.stabilizers.base import NoStabilizer
from frugan.training.decoder import DecoderPart
from frugan.training.frozen import frozen
from frugan.training.gan import GANPart
from frugan.training.loop import Hooks, run_loop
from frugan.training.part import Part


class Projected(Discriminator):
    """A frozen backbone, and a head that learns on its features."""

    def __init__(self, code_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.backbone = nn.Conv2d(code_shape[0], 4, 3, padding=1).requires_grad_(False)
        self.head = nn.Linear(4, 1)

    def forward(self, code: Tensor, label: Tensor | None = None) -> Tensor:
        logits: Tensor = self.head(self.backbone(code).mean(dim=(2, 3)))[:, 0]
        return logits


class Batches:
    def batch(self, first: int, count: int) -> tuple[Tensor, Tensor]:
        random = torch.Generator().manual_seed(first)
        return torch.rand(count, 3, 16, 16, generator=random) * 2 - 1, torch.full((count,), -1)

    def images(self, n: np.ndarray) -> tuple[Tensor, Tensor]:
        return self.batch(int(n[0]), len(n))


def sampler() -> GANPart:
    adam, schedule = OptimizerConfig(lr=1e-2), ScheduleConfig(kimg=0.08, batch=8, ema_halflife=0.01)
    config = SamplerConfig(
        Spec(DCGANGenerator, latent_dim=4, width=4), Spec(Projected), Spec(NoStabilizer), Spec(non_saturating), schedule
    )
    config = SamplerConfig(**{**vars(config), "generator_optimizer": adam, "discriminator_optimizer": adam})
    return GANPart(config, IdentityCodec(), ImageShape.square(16), 0, torch.device("cpu"))


def decoder() -> DecoderPart:
    schedule = ScheduleConfig(kimg=0.08, batch=8, ema_halflife=0.01)
    adversary = AdversaryConfig(Spec(Projected), Spec(relativistic_average), Spec(l1), start_kimg=0.0)
    network = Spec(SRResNet, doublings=1, channels=4, blocks=1)
    config = DecoderConfig(network, Spec(l1), schedule, adversary=adversary)
    return DecoderPart(config, WaveletCodec(levels=1), ImageShape.square(16), 0, torch.device("cpu"))


@pytest.mark.parametrize("build", [sampler, decoder])
def test_a_frozen_backbone_stays_and_is_not_saved(build: type[Part], tmp_path: Path) -> None:
    part = build()
    judge = part.networks()["discriminator"]
    backbone = {name: value.clone() for name, value in judge.backbone.state_dict().items()}  # type: ignore[union-attr]
    head = judge.head.weight.clone()  # type: ignore[union-attr]
    assert run_loop(part, Batches(), tmp_path / "whole", Hooks())
    for name, value in judge.backbone.state_dict().items():  # type: ignore[union-attr]
        assert torch.equal(value, backbone[name])
    assert not torch.equal(judge.head.weight, head)  # type: ignore[union-attr]
    assert not any(parameter.requires_grad for parameter in judge.backbone.parameters())  # type: ignore[union-attr]
    assert not any("backbone" in name for name in part.tensors())
    assert any(name.endswith("head.weight") for name in part.tensors())

    # Stopped after 5 of 10 steps and resumed: the same in the end.
    steps = iter(range(100))
    assert not run_loop(build(), Batches(), tmp_path / "stopped", Hooks(should_stop=lambda: next(steps) == 5))
    again = build()
    assert run_loop(again, Batches(), tmp_path / "stopped", Hooks())
    for name, value in part.tensors().items():
        assert torch.equal(value, again.tensors()[name]), name


def test_checkpoints_of_before_hold_frozen_weights_too_and_load() -> None:
    part = sampler()
    whole = {f"discriminator/{name}": value for name, value in part.discriminator.state_dict().items()}
    part.load_tensors({**part.tensors(), **whole})
    with pytest.raises(RuntimeError, match="head"):
        part.load_tensors({name: value for name, value in part.tensors().items() if "head" not in name})


def test_optimizers_of_before_counted_frozen_parameters_too_and_load() -> None:
    """Against torch's own Adam over all parameters, as checkpoints of before hold it."""
    part = sampler()
    parameters = list(part.discriminator.parameters())
    whole = torch.optim.Adam(parameters)
    for number, parameter in enumerate(parameters):
        parameter.grad = torch.full_like(parameter, number + 1.0)
    whole.step()
    part.discriminator.zero_grad(set_to_none=True)
    saved = {
        f"discriminator_optimizer/{index}.{name}": value
        for index, values in whole.state_dict()["state"].items()
        for name, value in values.items()
    }
    assert len(saved) == 3 * 4
    part.load_tensors({**part.tensors(), **saved})
    loaded = part.discriminator_optimizer.state
    assert len(loaded) == 2
    for parameter in parameters[2:]:  # the head's
        assert torch.equal(loaded[parameter]["exp_avg"], whole.state[parameter]["exp_avg"])
        assert torch.equal(loaded[parameter]["exp_avg_sq"], whole.state[parameter]["exp_avg_sq"])
    part.step(*Batches().batch(8, 8), 8)


def test_an_exported_generator_is_complete_with_what_never_trained() -> None:
    part = sampler()
    first = next(iter(part.ema.network.state_dict()))
    part.generator.get_parameter(first).requires_grad_(False)
    assert f"generator/{first}" not in part.tensors()
    assert f"ema/{first}" not in part.tensors()
    assert part.exported().state_dict().keys() == part.generator.state_dict().keys()


def test_flags_come_back_as_they_were() -> None:
    network = Projected((3, 8, 8))
    with frozen(network):
        assert not any(p.requires_grad for p in network.parameters())
    assert [p.requires_grad for p in network.parameters()] == [False, False, True, True]
