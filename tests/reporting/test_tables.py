"""What was minimised, in words: which perceptual loss a decoder was trained with can be read in its report."""

from frugan.config.schema import RunConfig
from frugan.recipes import find_recipe
from frugan.reporting.tables import objectives


def test_losses_penalties_and_phases(tiny_config: RunConfig) -> None:
    assert objectives(tiny_config) == {"sampler": "non_saturating, 1 x r1 every 2 steps", "decoder": "l1"}
    found = objectives(find_recipe("esrgan-w-small"))
    assert found["decoder, after 16 kimg"] == (
        "0.01 x l1 + 1 x EfficientNetPerceptual, and 0.005 x relativistic_average against VGGDiscriminator (width 24)"
    )
    assert "VGGPerceptual" in objectives(find_recipe("esrgan-p"))["decoder, after 4800 kimg"]
    assert objectives(find_recipe("dcgan-gan")).keys() == {"sampler"}
