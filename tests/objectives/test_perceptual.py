"""Perceptual losses: the right layer, the right normalisation, gradients to the image and to nothing else."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from frugan.features.vgg19 import VGG19Conv54
from frugan.objectives.base import ImageLoss
from frugan.objectives.perceptual import EfficientNetPerceptual, VGGPerceptual
from frugan.system.errors import UserError
from frugan.system.torchvision_import import import_torchvision


@pytest.fixture(scope="module")
def vgg() -> VGGPerceptual:
    torch.manual_seed(0)
    return VGGPerceptual("random")


def test_features_are_conv5_4_before_its_relu_of_normalised_images(vgg: VGGPerceptual) -> None:
    import_torchvision()
    from torchvision.models import vgg19

    torch.manual_seed(0)
    theirs = vgg19(weights=None).features.eval()
    image = torch.rand(1, 3, 64, 48) * 2 - 1
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = ((image + 1) / 2 - mean[:, None, None]) / std[:, None, None]
    convolutions = 0
    for layer in theirs:
        x = layer(x)
        convolutions += isinstance(layer, torch.nn.Conv2d)
        if convolutions == 16:  # 2 + 2 + 4 + 4 + 4
            break
    found = vgg.network(image)
    assert found.shape == (1, 512, 4, 3)
    assert torch.allclose(found, x, atol=1e-5)
    assert (found < 0).any()


@pytest.mark.parametrize("name", ["vgg", "efficientnet"])
def test_gradients_reach_the_decoded_image_and_nothing_else(name: str, vgg: VGGPerceptual) -> None:
    perceptual: ImageLoss = vgg if name == "vgg" else EfficientNetPerceptual()
    torch.manual_seed(1)
    original = torch.rand(2, 3, 64, 64) * 2 - 1
    decoded = (original + 0.1 * torch.randn_like(original)).requires_grad_()
    loss = perceptual(decoded, original)
    loss.backward()  # type: ignore[no-untyped-call]
    assert decoded.grad is not None
    assert loss.item() > 0
    assert (decoded.grad.flatten(1).abs().amax(dim=1) > 0).all()
    network = perceptual.network  # type: ignore[attr-defined]
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in network.parameters())
    assert perceptual(original, original).item() == 0
    # A step against the gradient brings the picture nearer.
    step = 1e-3 * decoded.grad / decoded.grad.abs().mean()
    assert perceptual(decoded.detach() - step, original) < loss


def test_the_loss_is_the_mean_absolute_difference(vgg: VGGPerceptual) -> None:
    a, b = torch.rand(2, 1, 3, 32, 32) * 2 - 1
    expected = F.l1_loss(vgg.network(a), vgg.network(b))
    assert vgg(a, b).item() == pytest.approx(expected.item())


def test_other_files_are_refused_unread(tmp_path: Path) -> None:
    other = tmp_path / "vgg19-dcbb9e9d.pth"
    other.write_bytes(b"not those weights")
    with pytest.raises(UserError, match="checksum"):
        VGG19Conv54(str(other))
    with pytest.raises(UserError, match="cannot be read"):
        VGG19Conv54(str(tmp_path / "absent.pth"))
