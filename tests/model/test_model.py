"""A loaded model: its device, its classes, and what finishes its pictures."""

from pathlib import Path

import pytest
import torch

import frugan
from frugan.codecs.identity import IdentityCodec
from frugan.codecs.pixel import PixelCodec
from frugan.config.shape import ImageShape
from frugan.model.model import Model
from frugan.networks.srresnet import SRResNet
from frugan.networks.stylegan2 import StyleGAN2Generator


@pytest.fixture
def model() -> Model:
    """Untrained, of two classes, the first of which is called "1"."""
    torch.manual_seed(0)
    generator = StyleGAN2Generator(latent_dim=8, style_dim=8, channel_max=8, classes=2, code_shape=(3, 16, 16)).eval()
    return Model(generator, IdentityCodec(), None, ImageShape.square(16), class_counts={"1": 3, "two": 3})


def test_a_number_is_a_number_and_a_name_a_name(model: Model) -> None:
    assert model.label_of(frugan.Drawing([0], label=1)) == 1
    assert model.label_of(frugan.Drawing([0], label="1")) == 0
    assert model.label_of(frugan.Drawing([0])) is None
    for label in (-1, 2, 9):
        with pytest.raises(frugan.ArgumentError, match="label"):
            model.sample([0], label=label)
        with pytest.raises(frugan.ArgumentError, match="label"):
            model.label_of(frugan.Drawing([0], label=label))


def test_classes_that_are_all_numbers_are_called_by_these(model: Model) -> None:
    model.class_counts = {"0": 3, "7": 3}
    assert model.class_label("7") == 1
    with pytest.raises(frugan.ArgumentError, match="no such class"):
        model.class_label("1")


def test_seeds_that_are_none_are_explained(model: Model) -> None:
    for seeds, error in (("0-3", TypeError), (3, TypeError), ([-1], frugan.ArgumentError), ([], frugan.ArgumentError)):
        with pytest.raises(error, match="seeds"):
            model.sample(seeds)  # type: ignore[arg-type]


def test_what_enlarges_pictures_moves_along_and_is_not_put_on_twice(model: Model) -> None:
    decoder = SRResNet(doublings=1, channels=4, blocks=1, zero_last=True).eval()
    model.enlarged_by(PixelCodec(levels=1), decoder, halvings=0).to("meta")
    assert {parameter.device.type for parameter in decoder.parameters()} == {"meta"}
    assert model.shape == ImageShape.square(32)
    with pytest.raises(frugan.ArgumentError, match="enlarges its pictures already"):
        model.enlarged_by(PixelCodec(levels=1), decoder, halvings=0)


def test_load_takes_the_devices_that_every_use_case_takes(trained_run: Path) -> None:
    assert frugan.load(trained_run, "auto").device.type in ("cpu", "cuda", "mps")
    with pytest.raises(frugan.ArgumentError, match="device abacus: one of auto"):
        frugan.load(trained_run, "abacus")
    with pytest.raises(frugan.ArgumentError, match="finishing"):
        frugan.sample(frugan.load(trained_run), "never", finishing=frugan.Finishing(decoder=trained_run))
