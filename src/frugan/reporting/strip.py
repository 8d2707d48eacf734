"""Figure 1 of the NSS paper for this run's own images: one image over the steps of three spaces."""

import numpy as np
import torch

from frugan.codecs.base import Codec
from frugan.data.images import TrainingImages
from frugan.html.markup import Markup, tag
from frugan.html.pictures import embed, show
from frugan.ops.scale_space import Mode, scale_space
from frugan.ops.spectrum import matched_sigma, power_spectrum
from frugan.reporting.facts import RunFacts
from frugan.reporting.variance import scale_space_settings, used_sigma
from frugan.runs.prepare import measured_images
from frugan.writing.pictures import to_uint8

_FRACTIONS = (0.0, 1 / 64, 1 / 16, 1 / 4, 1.0)
_SPACES: tuple[tuple[Mode, str], ...] = (
    ("nss", "noisy scale-space: blurred and re-noised"),
    ("ss", "scale-space: blurred"),
    ("ns", "noise space: noise added"),
)
_SEEN_SIDE, _GAP, _BYTES = 96, 4, 120_000


@torch.no_grad()
def strip_figure(facts: RunFacts, dataset: TrainingImages) -> Markup | None:
    """None unless the stabilizer is, or holds, a scale-space."""
    settings = scale_space_settings(facts.config.sampler.stabilizer)
    if settings is None or settings["start"] <= 0:
        return None
    codec: Codec = facts.config.codec.build()
    kernel = {"boundary": settings["boundary"], "kernel_sigma": settings["kernel_sigma"]}
    codes = codec.encode(measured_images(dataset))
    sigma = used_sigma(facts, settings["sigma"])
    noise = matched_sigma(power_spectrum(codes, **kernel), **kernel) if isinstance(sigma, str) else sigma
    rows = []
    for mode, name in _SPACES:
        if mode == "ns" and isinstance(noise, torch.Tensor):
            continue  # a noise that is matched to blur
        torch.manual_seed(0)
        steps = [fraction * settings["start"] for fraction in _FRACTIONS]
        drawn = [scale_space(codes[:1], t, sigma=noise, mode=mode, **kernel)[0] for t in steps]
        rows += [tag("p", name), show(embed(_side_by_side(drawn), _BYTES), f"One real code in the {name}")]
    told = ", ".join(f"{fraction * settings['start']:.3g}" for fraction in _FRACTIONS)
    caption = f"A real code, as the discriminator sees it after t = {told} steps, from left to right."
    heading = tag("h3", "One image over the steps of the scale-space")
    return tag("figure", heading, *rows, tag("figcaption", caption), class_="panel")


def _side_by_side(codes: list[torch.Tensor]) -> np.ndarray:
    """(C, H, W) each, clamped to [-1, 1], pixels enlarged."""
    times = max(1, _SEEN_SIDE // codes[0].shape[-1])
    pictures = []
    for code in codes:
        pixels = to_uint8(code[None])[0]
        large = pixels.repeat(times, axis=0).repeat(times, axis=1)
        pictures.append(np.pad(large, ((0, 0), (0, _GAP), (0, 0)), constant_values=255))
    return np.concatenate(pictures, axis=1)
