"""Statistics gathered anew are exactly those of the data they were gathered on; networks are exported with them."""

import dataclasses

import pytest
import torch
from torch import nn

from frugan.codecs.identity import IdentityCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import RunConfig
from frugan.config.shape import ImageShape
from frugan.config.spec import Spec
from frugan.networks.biggan import BigGANDiscriminator, BigGANGenerator
from frugan.networks.unet import UNetP
from frugan.training.batch_norm import recalibrate
from frugan.training.decoder import DecoderPart
from frugan.training.gan import GANPart


def test_statistics_are_those_of_the_batches() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    norm = network[1]
    for _ in range(5):
        network(100 + torch.randn(2, 3, 4, 4))  # what it saw before does not matter
    batches = torch.randn(3, 8, 3, 4, 4).unbind()
    recalibrate(network, network, batches)
    seen = torch.stack([network[0](batch) for batch in batches])
    means = seen.mean(dim=(1, 3, 4))
    assert torch.allclose(norm.running_mean, means.mean(dim=0), atol=1e-5)
    variances = torch.stack([batch.var(dim=(0, 2, 3)) for batch in seen])
    assert torch.allclose(norm.running_var, variances.mean(dim=0), atol=1e-5)
    assert not network.training
    assert norm.momentum == 0.1


def test_decoders_are_exported_with_statistics_of_whole_images(tiny_config: RunConfig) -> None:
    """As it was trained, on crops and with a moving average of them, this one is blind on whole images."""
    assert tiny_config.decoder is not None
    config = dataclasses.replace(tiny_config.decoder, network=Spec(UNetP, width=4, reduction="gaussian"), crop=8)
    part = DecoderPart(config, WaveletCodec(levels=2), ImageShape.square(64), seed=0, device=torch.device("cpu"))
    images = torch.rand(16, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert part.exported() is part.ema.network
    part.measure(images)
    for step in range(3):
        part.step(images[:8], torch.full((8,), -1), 8 * step)
    before = {name: tensor.clone() for name, tensor in part.tensors().items()}
    exported = part.exported()
    assert not exported.training
    codes = part.codec.encode(images)
    with torch.no_grad():
        as_seen = part.codec.decode(codes, exported.train()).std().item()
        exported = part.exported()
        as_exported = part.codec.decode(codes, exported).std().item()
    assert as_exported == pytest.approx(as_seen, rel=0.1)
    for name, tensor in part.tensors().items():
        assert torch.equal(tensor, before[name]), name  # training goes on as if nothing had been exported


@pytest.mark.parametrize("classes", [0, 3])
def test_samplers_are_exported_with_statistics_of_their_own_pictures(tiny_config: RunConfig, classes: int) -> None:
    """BigGAN's standing statistics: those gathered in training belong to other weights than the averaged ones."""
    arguments = {"channels": 8, "attention": 0, "classes": classes}
    config = dataclasses.replace(
        tiny_config.sampler,
        generator=Spec(BigGANGenerator, **arguments, latent_dim=20),
        discriminator=Spec(BigGANDiscriminator, **arguments),
    )
    part = GANPart(config, IdentityCodec(), ImageShape.square(32), seed=0, device=torch.device("cpu"))
    images = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    part.step(images, torch.arange(8) % max(1, classes), 0)
    before = {name: tensor.clone() for name, tensor in part.tensors().items()}
    exported = part.exported()
    assert not exported.training
    inputs: list[torch.Tensor] = []
    first = next(module for module in exported.modules() if isinstance(module, nn.BatchNorm2d))
    first.register_forward_pre_hook(lambda _, seen: inputs.append(seen[0]))
    label = torch.arange(512) % classes if classes else None
    with torch.no_grad():
        exported(torch.randn(512, 20, generator=torch.Generator().manual_seed(1)), label)
    assert first.running_mean is not None
    assert first.running_var is not None
    assert torch.allclose(first.running_mean, inputs[0].mean(dim=(0, 2, 3)), atol=0.05)
    assert torch.allclose(first.running_var, inputs[0].var(dim=(0, 2, 3)), rtol=0.2)
    assert torch.equal(part.exported().state_dict()["linear.bias"], exported.state_dict()["linear.bias"])
    for name, tensor in part.tensors().items():
        assert torch.equal(tensor, before[name]), name  # training goes on as if nothing had been exported
