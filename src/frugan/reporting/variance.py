"""Figure 2 of the NSS paper for this run's own images: does the noise give back the variance that the blur takes?"""

from typing import Any

import torch

from frugan.codecs.base import Codec
from frugan.config.spec import Spec
from frugan.data.images import TrainingImages
from frugan.html.chart import Chart, Level, Line, draw
from frugan.html.markup import Markup, tag
from frugan.ops.spectrum import matched_sigma, power_spectrum, variance_curve
from frugan.reporting.facts import RunFacts
from frugan.runs.prepare import measured_images
from frugan.stabilizers.scale_space import ScaleSpace
from frugan.system.jsonl import JSON

_POINTS = 60
_MOST = 2.5  # of the relative variance that is drawn
_HELP = (
    "The variance within the real codes after t steps, relative to none, in closed form. Look for a purple line near "
    "1: then filtered codes are as contrasty as clean ones at every t. Above it the noise is too strong for these "
    "images, below it too weak."
)


def variance_figure(facts: RunFacts, dataset: TrainingImages) -> Markup | None:
    """None unless the stabilizer is, or holds, a scale-space with blur."""
    settings = scale_space_settings(facts.config.sampler.stabilizer)
    if settings is None or settings["mode"] == "ns" or settings["start"] <= 0:
        return None
    codec: Codec = facts.config.codec.build()
    kernel = {"boundary": settings["boundary"], "kernel_sigma": settings["kernel_sigma"]}
    power = power_spectrum(codec.encode(measured_images(dataset)), **kernel)
    sigma: Any = 0.0 if settings["mode"] == "ss" else used_sigma(facts, settings["sigma"])
    sigma = matched_sigma(power, **kernel) if sigma == "matched" else sigma
    t = torch.linspace(0, settings["start"], _POINTS)
    shown, blurred = (variance_curve(power, t, sigma=s, **kernel) for s in (sigma, 0.0))
    lines = [
        Line("what the discriminator sees", "purple", (shown / shown[0]).tolist()),
        Line("blur alone", "green", (blurred / blurred[0]).tolist()),
    ]
    if isinstance(sigma, float) and sigma > 0:  # noise alone: sigma^2 a step, without bound
        noisy = (1 + sigma**2 * t / shown[0]).tolist()
        lines.append(Line("noise alone", "orange", [value if value < _MOST else None for value in noisy]))
    chart = Chart(
        "Variance of real codes over the steps of the scale-space",
        t.tolist(),
        "steps of the scale-space",
        "t",
        "relative variance",
        lines,
        levels=[Level("unfiltered", 1.0)],
        from_zero=True,
    )
    used = "matched to the spectrum" if isinstance(sigma, torch.Tensor) else f"{sigma:.3g}"
    return tag(
        "figure",
        tag("h3", f"Variance under the scale-space, sigma {used}"),
        draw(chart),
        tag("figcaption", _HELP),
        class_="panel",
    )


def scale_space_settings(stabilizer: Spec) -> JSON | None:
    """Of the scale-space that a stabilizer is or holds."""
    if stabilizer.target is ScaleSpace:
        return stabilizer.to_dict()
    stages = [scale_space_settings(stage) for stage in stabilizer.arguments.get("stages", ())]
    return next((settings for settings in stages if settings is not None), None)


def used_sigma(facts: RunFacts, setting: float | str) -> float | str:
    """The number that "auto" found when the run began."""
    measured = [event["sigma"] for event in facts.sampler.events if "sigma" in event]
    if setting != "auto":
        return setting
    return float(measured[-1]) if measured else 0.0
